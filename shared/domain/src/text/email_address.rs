use std::borrow::Cow;

use email_address::{EmailAddress as Syntax, Options};
use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use utoipa::ToSchema;

use super::{printable::printable, too_long};
use crate::field_error::{FieldCode, FieldError};

const MAX_LENGTH: usize = 254;

value! {
    /// An e-mail address (RFC 5321): at most 254 characters, whose domain is a host name with a top level.
    #[schema(max_length = 254, format = "email", examples("ada@acme.example"))]
    EmailAddress, |text| {
        let text = printable(&text, 0, MAX_LENGTH)?;
        let refused = FieldCode::InvalidEmail.says("must be an e-mail address");
        let Some(ascii) = in_ascii(&text) else { return Err(refused) };
        // The local part alone is left to judge. Its characters may be beyond ASCII (RFC 6531).
        let options = Options::default().without_display_text().without_domain_literal().with_required_tld();
        if Syntax::parse_with_options(&ascii, options).is_err() {
            Err(refused)
        } else if ascii.chars().count() > MAX_LENGTH {
            Err(too_long(MAX_LENGTH))
        } else {
            Ok(text)
        }
    }
}

impl EmailAddress {
    /// Reads the address of an account that may exist: also one that was accepted before and no longer is, such as an
    /// address at an IP address. Otherwise its owner could not sign in after an upgrade.
    #[must_use]
    pub fn stored(address: &str) -> Option<Self> {
        if let Ok(address) = Self::parse(address.to_owned()) {
            return Some(address);
        }
        let address: String = address.trim().nfc().collect();
        let possible = address.contains('@') && address.chars().count() <= MAX_LENGTH;
        (possible && !address.chars().any(char::is_control)).then_some(Self(address))
    }

    /// Returns the form in which addresses are compared.
    #[must_use]
    pub fn folded(&self) -> FoldedAddress {
        FoldedAddress::of(&self.0)
    }
}

/// An address in the form in which addresses are compared: the same mailbox, and no other one, has the same form.
///
/// The local part is in lower case and NFC, and the domain in its ASCII form. Nothing wider: with Unicode's caseless
/// matching, whoever registers `ſue@` (U+017F) would take the place of `sue@`, which is somebody else's mailbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FoldedAddress(String);

impl FoldedAddress {
    /// Folds an address that is stored. One that would no longer be accepted still has a form.
    #[must_use]
    pub fn of(address: &str) -> Self {
        let lower = |text: &str| text.nfc().collect::<String>().to_lowercase().nfc().collect::<String>();
        let address = address.trim();
        Self(match address.rsplit_once('@') {
            Some((local, domain)) => {
                let domain = ascii_host(domain).map_or_else(|| lower(domain), Cow::into_owned);
                format!("{}@{domain}", lower(local))
            }
            None => lower(address),
        })
    }

    /// Returns the form as a text, which is part of keys.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Returns the address with its domain in ASCII, as mail servers take it. The local part stays as its owner wrote it.
#[must_use]
pub fn with_ascii_domain(address: &str) -> Cow<'_, str> {
    in_ascii(address).map_or(Cow::Borrowed(address), Cow::Owned)
}

fn in_ascii(address: &str) -> Option<String> {
    let (local, domain) = address.rsplit_once('@')?;
    Some(format!("{local}@{}", ascii_host(domain)?))
}

/// Returns a host name in its ASCII form and lower case (UTS #46, nontransitional), where it is one below a top level.
fn ascii_host(domain: &str) -> Option<Cow<'_, str>> {
    let host = Uts46::new()
        .to_ascii(domain.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast, DnsLength::Verify)
        .ok()?;
    // Top levels are alphabetic (RFC 1123, section 2.1), so that an IPv4 address is no host name.
    let (_, top) = host.rsplit_once('.')?;
    top.starts_with(|character: char| character.is_ascii_alphabetic()).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::{super::fold, *};

    fn email(text: &str) -> Result<EmailAddress, FieldError> {
        EmailAddress::parse(text.to_owned())
    }

    fn folded(text: &str) -> String {
        email(text).unwrap().folded().0
    }

    #[test]
    fn addresses_without_a_name_or_a_host_are_refused() {
        for good in [
            "ada@acme.example",
            " ada+tag@mail.acme.example ",
            "Ada.O'Neil@ACME.example",
            "ada@bücher.example",
            "ada@xn--bcher-kva.example",
            "ada@4you.example",
            "üni@acme.example",
        ] {
            assert_eq!(email(good).map(|address| address.0), Ok(good.trim().to_owned()));
        }
        let long = format!("{}@acme.example", "a".repeat(243));
        // Each label has 51 characters as it is written, and more in ASCII.
        let long_in_ascii = format!("{}@{}example", "a".repeat(20), format!("{}ü.", "x".repeat(50)).repeat(4));
        let bad = [
            "",
            "ada",
            "@acme.example",
            "ada@",
            "ada@localhost",
            "a b@acme.example",
            "Ada <ada@acme.example>",
            "ada@127.0.0.1",
            "ada@[127.0.0.1]",
            "ada@[IPv6:::1]",
            "ada@acme.0x7f",
            "ada@acme.example/x",
            "ada@ac!me.example",
            "ada@ac_me.example",
            "ada@-acme.example",
            "ada@acme-.example",
            "ada@acme..example",
            "ada@acme.example.",
            "ada@ac me.example",
            "ada@xn--zzzzzz.example",
            "ada@grace@acme.example",
        ];
        for bad in bad.into_iter().chain([long.as_str(), &long_in_ascii]) {
            assert!(email(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_address_is_compared_by_its_lower_case_and_its_ascii_domain() {
        for same in [
            "sue@bücher.example",
            "SUE@BÜCHER.EXAMPLE",
            "Sue@bu\u{308}cher.Example",
            "sue@bücher。example",
            "sue@XN--BCHER-KVA.example",
        ] {
            assert_eq!(folded(same), "sue@xn--bcher-kva.example", "{same}");
        }
        assert_eq!(folded("U\u{308}NI@acme.example"), folded("üni@acme.example"));
        for other in ["\u{17f}ue", "sue\u{301}", "su\u{435}", "\u{ff53}ue"] {
            assert_ne!(folded(&format!("{other}@acme.example")), "sue@acme.example", "{other}");
        }
        assert_ne!(folded("o\u{fb03}ce@acme.example"), "office@acme.example");
        assert_ne!(folded("straße@acme.example"), "strasse@acme.example");
        assert_ne!(folded("a@straße.example"), "a@strasse.example");
    }

    #[test]
    fn a_plain_address_is_compared_as_it_always_was() {
        for plain in ["ada@acme.example", "Ada.O'Neil+x@ACME.Example", "\"a b\"@acme.example", "gone@127.0.0.1", "x"] {
            assert_eq!(FoldedAddress::of(plain).0, fold(plain));
        }
    }

    #[test]
    fn a_mail_goes_to_the_domains_ascii_form() {
        assert_eq!(with_ascii_domain("Sue@Bücher.example"), "Sue@xn--bcher-kva.example");
        assert_eq!(with_ascii_domain("no address"), "no address");
    }
}
