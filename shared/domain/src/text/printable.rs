use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

use super::bounded;
use crate::field_error::{FieldCode, FieldError};

/// The code points that a program may leave undrawn: the property `Default_Ignorable_Code_Point` of the Unicode
/// Character Database (`DerivedCoreProperties.txt`, version 16.0), and the Braille pattern without dots.
const UNDRAWN: [(char, char); 18] = [
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{202a}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{2800}', '\u{2800}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fff8}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e0fff}'),
];

/// Checks a text as [`bounded`] does, and that each of its characters shows. Two names that differ in what doesn't show
/// would look the same, and one of nothing else would look like none.
///
/// # Errors
/// The rule that the text breaks.
pub(super) fn printable(text: &str, min: usize, max: usize) -> Result<String, FieldError> {
    let text = bounded(text, min, max)?;
    if text.chars().all(is_printable) {
        Ok(text)
    } else {
        Err(FieldCode::HiddenCharacter.says("must hold printable characters only"))
    }
}

/// Returns whether a character is visible or a space. Format characters (such as a zero-width space), fillers, variation
/// selectors, line separators, and private or unassigned characters are not.
fn is_printable(character: char) -> bool {
    use GeneralCategory::{Control, Format, LineSeparator, ParagraphSeparator, PrivateUse, Surrogate, Unassigned};
    let category = character.general_category();
    !matches!(category, Control | Format | LineSeparator | ParagraphSeparator | PrivateUse | Surrogate | Unassigned)
        && !UNDRAWN.iter().any(|(first, last)| (*first..=*last).contains(&character))
        // Stands for what could not be decoded: two texts that were destroyed on their way would be the same.
        && character != char::REPLACEMENT_CHARACTER
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_which_every_character_shows_is_taken() {
        for good in ["C-1", "A B", "A#B", "Ünï", "日本", "50%", "\u{1F600}", "a/b?c=d&e", "नमस्ते", "ｱ", "\u{2801}"]
        {
            assert_eq!(printable(good, 1, 64), Ok(good.to_owned()));
        }
    }

    #[test]
    fn what_does_not_show_is_refused_wherever_it_stands() {
        for hidden in UNDRAWN.iter().flat_map(|(first, last)| [*first, *last]) {
            for text in [format!("{hidden}"), format!("{hidden}x"), format!("x{hidden}y"), format!("x{hidden}")] {
                assert!(printable(&text, 1, 64).is_err(), "{text:?}");
            }
        }
        // A line separator is white space, which is trimmed where it stands at an end.
        for hidden in ['\u{2028}', '\u{600}', '\u{fff9}', '\u{e000}', '\u{ffff}', '\u{378}', '\u{fffd}', '\u{1f}'] {
            assert!(printable(&format!("x{hidden}y"), 1, 64).is_err(), "{hidden:?}");
        }
        // A joiner has no effect where it stands alone; in an emoji or a Persian word it does, and is refused as well.
        for joined in ["\u{1f469}\u{200d}\u{1f4bb}", "\u{2764}\u{fe0f}", "می\u{200c}خواهم"] {
            assert!(printable(joined, 1, 64).is_err(), "{joined:?}");
        }
    }
}
