//! Names in mails: whatever a stranger is called, the mail's reader sees a name on one line and no link.

use mailer::Name;

const MOST: usize = 60;
const OTHERWISE: &str = "there";

/// Any text as a name.
pub(crate) fn run(data: &[u8]) {
    let given = String::from_utf8_lossy(data);
    let name = Name::new(&given, OTHERWISE);
    let text = name.text();
    // A text that begins and ends so isolates its direction.
    let shown = text.trim_matches(['\u{2068}', '\u{2069}']);
    assert!(shown.chars().filter(|character| *character != '\u{200b}').count() <= MOST, "{shown:?}");
    assert!(shown.contains(char::is_alphanumeric), "something is shown");
    for character in shown.chars() {
        let of_names = character.is_alphanumeric() || "-'.,& \u{200b}".contains(character);
        // What else there is are marks, which are no control characters, no white space and no ASCII.
        assert!(
            of_names || !(character.is_ascii() || character.is_control() || character.is_whitespace()),
            "{shown:?}"
        );
    }
    assert!(!shown.starts_with(' ') && !shown.ends_with(' ') && !shown.contains("  "), "{shown:?}");
    // No host: behind a dot there is the end, a space, or what keeps it from being one.
    for (place, _) in shown.match_indices('.') {
        let next = shown[place + 1..].chars().next();
        assert!(next.is_none_or(|next| matches!(next, ' ' | '\u{200b}')), "{shown:?}");
    }
    for part in shown.split(char::is_alphabetic) {
        assert!(part.chars().filter(|character| character.is_numeric()).count() <= 4, "no number: {shown:?}");
    }
    assert!(!shown.contains(|character: char| ('\u{202a}'..='\u{202e}').contains(&character)), "{shown:?}");
    assert_eq!(Name::new(shown, OTHERWISE).text(), text, "a cleaned name is a clean one");
}
