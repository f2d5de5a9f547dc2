use serde::{Deserialize, Serialize};
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};
use utoipa::ToSchema;

use super::{FieldError, bounded};

/// Returns whether a character is visible or a space. Format characters (such as a zero-width space), line separators,
/// and private or unassigned characters are not.
fn is_printable(character: char) -> bool {
    use GeneralCategory::{Control, Format, LineSeparator, ParagraphSeparator, PrivateUse, Surrogate, Unassigned};
    let category = character.general_category();
    !matches!(category, Control | Format | LineSeparator | ParagraphSeparator | PrivateUse | Surrogate | Unassigned)
}

value! {
    /// A customer's number as the ERP writes it: 1 to 64 printable characters. Case matters.
    #[schema(min_length = 1, max_length = 64, examples("C-10042"))]
    CustomerNumber, |text| {
        let text = bounded(&text, 1, 64)?;
        if text.chars().all(is_printable) { Ok(text) } else { Err("must hold printable characters only".to_owned()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_number_holds_what_shows_and_nothing_else() {
        for good in ["C-1", "A B", "A#B", "Ünï", "日本", "50%", "\u{1F600}", "a/b?c=d&e"] {
            assert!(CustomerNumber::parse(good.to_owned()).is_ok(), "{good}");
        }
        for bad in ["\u{200b}", "A\u{200b}", "A\u{202e}B", "A\u{2028}B", "\u{feff}", "A\u{1f}B", "\u{e000}", "\u{ffff}"]
        {
            assert!(CustomerNumber::parse(format!("x{bad}x")).is_err(), "{bad:?}");
        }
    }
}
