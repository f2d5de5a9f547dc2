//! What the mails say, in each language: a file of Project Fluent's format for each.

use std::sync::LazyLock;

use fluent_bundle::{FluentArgs, FluentError, FluentResource, concurrent::FluentBundle};
use shared::language::Language;

use crate::letter::LetterError;

/// The messages of one language.
pub(crate) struct Catalogue {
    pub(crate) language: Language,
    messages: FluentBundle<FluentResource>,
    /// What is wrong with the file, which a test looks at.
    #[cfg_attr(not(test), expect(dead_code, reason = "a file that was tested has none"))]
    faults: Vec<FluentError>,
}

static CATALOGUES: LazyLock<[Catalogue; Language::ALL.len()]> = LazyLock::new(|| Language::ALL.map(Catalogue::read));

impl Catalogue {
    /// Returns the messages of a language.
    pub(crate) fn of(language: Language) -> &'static Self {
        let [first, rest @ ..] = &*CATALOGUES;
        rest.iter().find(|catalogue| catalogue.language == language).unwrap_or(first)
    }

    fn read(language: Language) -> Self {
        let source = match language {
            Language::English => include_str!("../languages/en.ftl"),
            Language::German => include_str!("../languages/de.ftl"),
        };
        let mut faults = Vec::new();
        let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(resource, errors)| {
            faults.extend(errors.into_iter().map(FluentError::ParserError));
            resource
        });
        let mut messages = FluentBundle::new_concurrent(vec![language.code().parse().unwrap_or_default()]);
        // Names isolate themselves where their direction needs it.
        messages.set_use_isolating(false);
        faults.extend(messages.add_resource(resource).err().into_iter().flatten());
        Self { language, messages, faults }
    }

    /// Says a message.
    ///
    /// # Errors
    /// The catalogue lacks it, or a name in it: a defect.
    pub(crate) fn say(&self, message: &'static str, arguments: &FluentArgs<'_>) -> Result<String, LetterError> {
        self.format(message, None, arguments)?.ok_or(LetterError::Missing(message))
    }

    /// Says a part of a message, or `None` if the message has no such part.
    ///
    /// # Errors
    /// The catalogue lacks the message, or a name in it: a defect.
    pub(crate) fn part(
        &self,
        message: &'static str,
        part: &str,
        arguments: &FluentArgs<'_>,
    ) -> Result<Option<String>, LetterError> {
        self.format(message, Some(part), arguments)
    }

    fn format(
        &self,
        message: &'static str,
        part: Option<&str>,
        arguments: &FluentArgs<'_>,
    ) -> Result<Option<String>, LetterError> {
        let found = self.messages.get_message(message).ok_or(LetterError::Missing(message))?;
        let pattern = match part {
            Some(part) => found.get_attribute(part).map(|part| part.value()),
            None => found.value(),
        };
        let Some(pattern) = pattern else { return Ok(None) };
        let mut faults = Vec::new();
        let text = self.messages.format_pattern(pattern, Some(arguments), &mut faults).into_owned();
        if faults.is_empty() { Ok(Some(text)) } else { Err(LetterError::Missing(message)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_language_can_be_read_and_is_found_by_itself() {
        for language in Language::ALL {
            let catalogue = Catalogue::of(language);
            assert_eq!((catalogue.language, format!("{:?}", catalogue.faults).as_str()), (language, "[]"));
        }
    }
}
