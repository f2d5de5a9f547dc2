//! Names in mails are data that strangers chose: a mail must not become a lure by them, nor carry a text of theirs.

use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

/// Characters of a name that a mail shows.
const MAX_LENGTH: usize = 60;
/// Digits in a row, whatever punctuation is between them: a year, but no telephone number.
const MAX_DIGITS: usize = 4;
/// A zero-width space: not seen, and no part of any address.
const BREAK: char = '\u{200b}';
/// First strong isolate and its end (Unicode UAX #9): what is between has no effect on the direction of what is around
/// it.
const ISOLATE: [char; 2] = ['\u{2068}', '\u{2069}'];

/// A name as a mail shows it: at most 60 letters, marks, digits, spaces and `-'.,&`, on one line, without long numbers,
/// and with whatever a mail program would make a link of broken up.
#[derive(Clone, Debug)]
pub struct Name(String);

impl Name {
    /// Cleans a name. `otherwise` stands for one of which nothing is left.
    #[must_use]
    pub fn new(name: &str, otherwise: &str) -> Self {
        let shown: String = name.chars().filter_map(shown).collect();
        let shown = without_long_numbers(&shown);
        let shown: Vec<_> = shown.split_whitespace().collect();
        let shown: String = shown.join(" ").chars().take(MAX_LENGTH).collect();
        let shown = shown.trim_end();
        Self(break_addresses(if shown.contains(char::is_alphanumeric) { shown } else { otherwise }))
    }

    /// The name as a text, where nothing else keeps a right-to-left name to itself.
    #[must_use]
    pub fn text(&self) -> String {
        let Self(name) = self;
        if name.chars().any(is_right_to_left) { format!("{}{name}{}", ISOLATE[0], ISOLATE[1]) } else { name.clone() }
    }
}

/// The character as a mail shows it: a space for one that no name needs, and `None` for one that isn't seen.
fn shown(character: char) -> Option<char> {
    match character {
        '\u{2019}' => Some('\''),
        '\u{2010}' | '\u{2011}' | '\u{2013}' => Some('-'),
        // Letters that show nothing: the fillers of Hangul.
        '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' => None,
        '-' | '\'' | '.' | ',' | '&' => Some(character),
        _ if character.is_alphanumeric() => Some(character),
        _ if character.general_category_group() == GeneralCategoryGroup::Mark => Some(character),
        _ if character.general_category() == GeneralCategory::Format => None,
        _ => Some(' '),
    }
}

/// Drops the digits of numbers that are longer than a year. A letter ends a number, and nothing else does.
fn without_long_numbers(name: &str) -> String {
    let parts = name.split_inclusive(char::is_alphabetic);
    let shorten = |part: &str| -> String {
        let digits = part.chars().filter(|character| character.is_numeric()).count();
        part.chars().filter(|character| digits <= MAX_DIGITS || !character.is_numeric()).collect()
    };
    parts.map(shorten).collect()
}

/// Breaks up what a mail program takes for a host: of the characters that a name may have, a dot alone joins one.
fn break_addresses(name: &str) -> String {
    let mut broken = String::new();
    let mut characters = name.chars().peekable();
    while let Some(character) = characters.next() {
        broken.push(character);
        if character == '.' && characters.peek().is_some_and(|next| !next.is_whitespace()) {
            broken.push(BREAK);
        }
    }
    broken
}

/// The blocks of right-to-left scripts.
fn is_right_to_left(character: char) -> bool {
    matches!(character, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}' | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> String {
        Name::new(name, "there").text()
    }

    #[test]
    fn an_ordinary_name_is_shown_as_it_is() {
        for ordinary in
            ["Acme & Söhne GmbH", "日本", "O'Neil", "Acme Inc.", "Müller-Lüdenscheidt", "Studio 54", "1&1", "हिन्दी"]
        {
            assert_eq!(name(ordinary), ordinary);
        }
        assert_eq!((name("O\u{2019}Neil"), name("A\u{2013}B")), ("O'Neil".to_owned(), "A-B".to_owned()));
    }

    #[test]
    fn what_no_name_needs_is_left_out() {
        for (given, expected) in [
            ("Payroll: call +1 555 0100 now!", "Payroll call now"),
            ("0800 12 34-56 Acme 2026", "- Acme 2026"),
            ("Call ０１２３４５", "Call"),
            ("Ada 🚀 <b>", "Ada b"),
            ("100% *free* (really)", "100 free really"),
            ("Ac\u{ad}me\u{200b}", "Acme"),
            ("\u{3164}", "there"),
            ("?!", "there"),
            ("+49 30 901820", "there"),
        ] {
            assert_eq!(name(given), expected, "{given}");
        }
        assert_eq!(name(&"x".repeat(200)), "x".repeat(60));
    }

    #[test]
    fn what_a_mail_program_would_link_is_broken_up() {
        for lure in ["https://evil.example/login", "www.evil.example", "evil。example", "ada@evil.example", "a.b"] {
            let shown = name(lure);
            for joint in ["://", ".e", "。", "@", "a.b", "/"] {
                assert!(!shown.contains(joint), "{shown:?}");
            }
        }
    }

    #[test]
    fn a_name_is_one_line_and_keeps_its_direction_to_itself() {
        assert_eq!(name("a\r\nBcc: x\u{2028}y"), "a Bcc x y");
        assert_eq!(name("Acme\u{202e}txt.exe"), format!("Acmetxt.{BREAK}exe"));
        assert_eq!(name("שלום"), "\u{2068}שלום\u{2069}");
    }
}
