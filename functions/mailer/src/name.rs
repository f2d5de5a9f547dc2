//! Names in mails are data that strangers chose: a mail must not become a lure by them.

/// A zero-width space: not seen, and no part of any address.
const BREAK: char = '\u{200b}';
/// First strong isolate and its end (Unicode UAX #9): what is between has no effect on the direction of what is around
/// it.
const ISOLATE: [char; 2] = ['\u{2068}', '\u{2069}'];

/// A name as a mail shows it: on one line, without characters that turn the reading direction, and with whatever a mail
/// program would make a link of broken up.
pub(crate) struct Name(String);

impl Name {
    pub(crate) fn new(name: &str) -> Self {
        let mut shown = String::new();
        let mut characters = name.chars().filter(|character| !turns_direction(*character)).peekable();
        while let Some(character) = characters.next() {
            shown.push(if breaks_line(character) { ' ' } else { character });
            if joins_address(character) && characters.peek().is_some_and(|next| !next.is_whitespace()) {
                shown.push(BREAK);
            }
        }
        Self(shown)
    }

    /// For text and subjects, where nothing else keeps a right-to-left name to itself.
    pub(crate) fn text(&self) -> String {
        let Self(name) = self;
        if name.chars().any(is_right_to_left) { format!("{}{name}{}", ISOLATE[0], ISOLATE[1]) } else { name.clone() }
    }

    /// For HTML, escaped by the template, inside a `bdi` element.
    pub(crate) fn html(&self) -> &str {
        &self.0
    }
}

fn breaks_line(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}' | '\u{2029}')
}

/// Dots (those that IDNA takes as such too), and what stands in addresses.
fn joins_address(character: char) -> bool {
    matches!(character, '.' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}' | ':' | '/' | '\\' | '@')
}

/// Embeddings, overrides, isolates and marks (UAX #9, section 2).
fn turns_direction(character: char) -> bool {
    matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}')
}

/// The blocks of right-to-left scripts.
fn is_right_to_left(character: char) -> bool {
    matches!(character, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}' | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordinary_name_is_shown_as_it_is() {
        for name in ["Acme & Söhne GmbH", "日本", "Ada 🚀", "O'Neil", "Acme Inc.", "Müller-Lüdenscheidt"] {
            assert_eq!(Name::new(name).text(), name);
        }
    }

    #[test]
    fn what_a_mail_program_would_link_is_broken_up() {
        for lure in ["https://evil.example/login", "www.evil.example", "evil。example", "ada@evil.example", "a.b"] {
            let shown = Name::new(lure).text();
            assert_eq!(shown.replace(BREAK, ""), lure);
            for joint in ["://", ".e", "。e", "@e", "a.b"] {
                assert!(!shown.contains(joint), "{shown:?}");
            }
        }
    }

    #[test]
    fn a_name_is_one_line_and_keeps_its_direction_to_itself() {
        assert_eq!(Name::new("a\r\nBcc: x\u{2028}y").text(), format!("a  Bcc: x y"));
        assert_eq!(Name::new("Acme\u{202e}txt.exe").html(), format!("Acmetxt.{BREAK}exe"));
        assert_eq!(Name::new("שלום").text(), "\u{2068}שלום\u{2069}");
    }
}
