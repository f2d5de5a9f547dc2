//! E-mail addresses: what is accepted stays what it is, and folding is idempotent and joins no two mailboxes.

use shared::text::{EmailAddress, FoldedAddress, with_ascii_domain};

/// Any text as an address.
pub(crate) fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data).into_owned();
    let folded = FoldedAddress::of(&text);
    assert_eq!(FoldedAddress::of(folded.as_str()), folded, "folding is idempotent");
    if let Some(stored) = EmailAddress::stored(&text) {
        assert_eq!(EmailAddress::stored(stored.as_str()), Some(stored.clone()), "what is stored is read as it is");
        assert_eq!(FoldedAddress::of(stored.as_str()), folded, "trimming and composing is a part of folding");
    }
    let Ok(address) = EmailAddress::parse(text) else { return };
    assert_eq!(EmailAddress::parse(address.as_str().to_owned()), Ok(address.clone()), "parsing is idempotent");
    assert_eq!(EmailAddress::stored(address.as_str()), Some(address.clone()));
    assert!(address.as_str().chars().count() <= 254);

    // What mail servers are handed is one line, of the same local part, with a host name in ASCII.
    let mailed = with_ascii_domain(address.as_str());
    let (local, domain) = mailed.rsplit_once('@').expect("an address has a domain");
    assert_eq!(Some(local), address.as_str().rsplit_once('@').map(|(local, _)| local));
    let host = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '.');
    assert!(domain.contains('.') && domain.chars().all(host), "{domain}");
    assert!(!mailed.chars().any(|character| character.is_control() || matches!(character, '\u{2028}' | '\u{2029}')));
    assert_eq!(with_ascii_domain(&mailed), mailed, "a domain in ASCII stays");

    // The same mailbox, however its domain and case are written; and no local part that another one spells.
    assert_eq!(FoldedAddress::of(&mailed), folded);
    assert_eq!(FoldedAddress::of(&format!(" {}@{}", local, domain.to_uppercase())), folded);
    assert_eq!(folded.as_str().rsplit_once('@').map(|(_, domain)| domain), Some(domain));
    if local.is_ascii() {
        assert_eq!(folded.as_str(), format!("{}@{domain}", local.to_ascii_lowercase()));
    } else {
        assert!(!folded.as_str().is_ascii() || local.to_lowercase().is_ascii(), "{local} is no other's");
    }
}
