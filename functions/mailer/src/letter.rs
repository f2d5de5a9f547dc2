use askama::Template;
use fluent_bundle::FluentArgs;
use shared::{brand::Brand, language::Language, table::MailKind};

use crate::{catalogue::Catalogue, name::Name};

/// Why a mail can't be rendered: a defect.
#[derive(Debug, thiserror::Error)]
pub enum LetterError {
    /// A language's catalogue lacks a message, or what the message names.
    #[error("the catalogue of a language can't say {0}")]
    Missing(&'static str),
    /// A template failed.
    #[error(transparent)]
    Template(#[from] askama::Error),
}

/// What a mail is about.
#[derive(Clone, Copy, Debug)]
pub struct Occasion<'a> {
    /// The kind of mail.
    pub kind: MailKind,
    /// The language of the mail.
    pub language: Language,
    /// The recipient's address.
    pub to: &'a str,
    /// The recipient's first name; empty where nobody knows it.
    pub first_name: &'a str,
    /// The organization that the mail is about, if any.
    pub organization: Option<&'a str>,
    /// Who did what the mail tells, if that is known.
    pub actor: Option<&'a str>,
    /// Where the mail's link leads, if it has one.
    pub link: Option<&'a str>,
}

/// Who answers questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contact<'a> {
    /// The person who gets replies to the mail.
    Reply,
    /// This address.
    Address(&'a str),
    /// Nobody.
    None,
}

/// A mail as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// The subject.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The text as a page.
    pub html: String,
}

struct Button<'a> {
    label: String,
    address: &'a str,
}

/// What both templates are filled with.
struct Parts<'a> {
    language: &'static str,
    brand: &'a Brand,
    subject: String,
    hello: String,
    what: String,
    button: Option<Button<'a>>,
    or_open: String,
    next: Option<String>,
    doubt: String,
    sent_by: String,
    contact: String,
}

#[derive(Template)]
#[template(path = "letter.txt")]
struct Text<'a>(&'a Parts<'a>);

#[derive(Template)]
#[template(path = "letter.html")]
struct Html<'a>(&'a Parts<'a>);

impl Letter {
    /// Writes the mail of an occasion.
    ///
    /// # Errors
    /// A catalogue or a template lacks something, which is a defect.
    pub fn write(occasion: &Occasion<'_>, brand: &Brand, contact: Contact<'_>) -> Result<Self, LetterError> {
        let catalogue = Catalogue::of(occasion.language);
        let kind = occasion.kind.as_str();
        let arguments = arguments(occasion, brand, contact, catalogue)?;
        let part = |name| catalogue.part(kind, name, &arguments);
        let required = |name| part(name)?.ok_or(LetterError::Missing(kind));
        let address = occasion.link.or(brand.sign_in_url.as_deref());
        let button = match (part("action")?, address) {
            (Some(label), Some(address)) => Some(Button { label, address }),
            _ => None,
        };
        let parts = Parts {
            language: occasion.language.code(),
            brand,
            subject: required("subject")?,
            hello: catalogue.say("hello", &arguments)?,
            what: required("what")?,
            button,
            or_open: catalogue.say("or-open", &arguments)?,
            next: part("next")?,
            doubt: required("doubt")?,
            sent_by: catalogue.say("sent-by", &arguments)?,
            contact: catalogue.say("contact", &arguments)?,
        };
        let (text, html) = (Text(&parts).render()?, Html(&parts).render()?);
        Ok(Self { subject: parts.subject, text, html })
    }
}

fn arguments<'a>(
    occasion: &Occasion<'a>,
    brand: &'a Brand,
    contact: Contact<'a>,
    catalogue: &Catalogue,
) -> Result<FluentArgs<'a>, LetterError> {
    let nothing = FluentArgs::new();
    let name = |name: Option<&str>, otherwise| {
        let otherwise = catalogue.say(otherwise, &nothing)?;
        Ok::<_, LetterError>(Name::new(name.unwrap_or_default(), &otherwise).text())
    };
    let mut arguments = FluentArgs::new();
    arguments.set("first-name", name(Some(occasion.first_name), "nobody")?);
    arguments.set("organization", name(occasion.organization, "an-organization")?);
    arguments.set("actor", name(occasion.actor, "an-admin")?);
    arguments.set("has-actor", if occasion.actor.is_some() { "yes" } else { "no" });
    arguments.set("platform", brand.name.as_str());
    arguments.set("address", occasion.to);
    let (way, support) = match contact {
        Contact::Reply => ("reply", ""),
        Contact::Address(address) => ("address", address),
        Contact::None => ("none", ""),
    };
    arguments.set("contact", way);
    arguments.set("support", support);
    Ok(arguments)
}

#[cfg(test)]
mod tests;
