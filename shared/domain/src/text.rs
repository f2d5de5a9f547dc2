//! Values that callers send. They are checked when they are parsed: a value of such a type meets the contract's rules.
//!
//! Every text is trimmed and normalized to Unicode's NFC (UAX #15). Lengths are counted in characters after that.

use email_address::{EmailAddress as Syntax, Options};
use iso_currency::Currency;
use serde::{Deserialize, Serialize};
use unicase::UniCase;
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};
use url::Url;
use utoipa::ToSchema;

/// The description of the rule that a value breaks, as a caller reads it.
pub type FieldError = String;

const CONTROL_ERROR: &str = "must not hold control characters";

/// Trims and normalizes `text`, and checks that it has `min..=max` characters, none of them a control character.
///
/// # Errors
/// The rule that the text breaks.
pub fn bounded(text: &str, min: usize, max: usize) -> Result<String, FieldError> {
    let text: String = text.trim().nfc().collect();
    let length = text.chars().count();
    // Unicode's own line breaks are refused too. A name may be part of a mail's subject, which is one line.
    if text.chars().any(|character| character.is_control() || matches!(character, '\u{2028}' | '\u{2029}')) {
        Err(CONTROL_ERROR.to_owned())
    } else if length < min {
        Err(format!("must have {min} to {max} characters"))
    } else if length > max {
        Err(format!("must have at most {max} characters"))
    } else {
        Ok(text)
    }
}

/// Folds a text so that two texts are equal without case exactly if their folded texts are equal. This is Unicode's
/// canonical caseless matching (The Unicode Standard, D145): `STRASSE` and `straße` match in any composition.
#[must_use]
pub fn fold(text: &str) -> String {
    let decomposed: String = text.trim().nfd().collect();
    UniCase::unicode(decomposed).to_folded_case().nfc().collect()
}

/// Returns whether a character is visible or a space. Format characters (such as a zero-width space), line separators,
/// and private or unassigned characters are not.
fn is_printable(character: char) -> bool {
    use GeneralCategory::{Control, Format, LineSeparator, ParagraphSeparator, PrivateUse, Surrogate, Unassigned};
    let category = character.general_category();
    !matches!(category, Control | Format | LineSeparator | ParagraphSeparator | PrivateUse | Surrogate | Unassigned)
}

macro_rules! value {
    ($(#[$doc:meta])* $name:ident, $parse:expr) => {
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        $(#[$doc])*
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Parses a value that a caller sent.
            ///
            /// # Errors
            /// The rule that the value breaks, as a caller reads it.
            pub fn parse(text: String) -> Result<Self, FieldError> {
                let parse: fn(String) -> Result<String, FieldError> = $parse;
                parse(text).map(Self)
            }

            /// Returns the value as it is stored and answered.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
    };
}

value! {
    /// An organization's display name: 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200, examples("Acme GmbH"))]
    OrganizationName, |text| bounded(&text, 1, 200)
}

value! {
    /// A line of a billing address: at most 200 characters.
    #[schema(max_length = 200)]
    AddressLine, |text| bounded(&text, 0, 200)
}

value! {
    /// A phone number as its owner writes it: at most 40 characters.
    #[schema(max_length = 40, examples("+49 30 901820"))]
    PhoneNumber, |text| bounded(&text, 0, 40)
}

value! {
    /// A person's first or last name: 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100)]
    PersonName, |text| bounded(&text, 1, 100)
}

value! {
    /// A country's ISO 3166-1 alpha-2 code, in upper case.
    #[schema(pattern = "^[A-Z]{2}$", examples("DE"))]
    CountryCode, |text| match rust_iso3166::from_alpha2(text.trim()) {
        Some(country) => Ok(country.alpha2.to_owned()),
        None => Err("must be an ISO 3166-1 alpha-2 country code such as DE".to_owned()),
    }
}

value! {
    /// An absolute http or https address: at most 2048 characters.
    #[schema(max_length = 2048, format = "uri", examples("https://acme.example"))]
    Website, |text| {
        let text = bounded(&text, 0, 2048)?;
        let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        let absolute = matches!(scheme.as_deref(), Some("http" | "https"));
        if absolute && !text.contains(char::is_whitespace) && Url::parse(&text).is_ok() {
            Ok(text)
        } else {
            Err("must be an absolute http or https address".to_owned())
        }
    }
}

value! {
    /// An e-mail address (RFC 5321): at most 254 characters, with a domain that has a top level.
    #[schema(max_length = 254, format = "email", examples("ada@acme.example"))]
    EmailAddress, |text| {
        let text = bounded(&text, 0, 254)?;
        let options = Options::default().without_display_text().without_domain_literal().with_required_tld();
        match Syntax::parse_with_options(&text, options) {
            Ok(_) => Ok(text),
            Err(_) => Err("must be an e-mail address".to_owned()),
        }
    }
}

value! {
    /// A machine credential's name, chosen by an admin: 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100, examples("Web shop"))]
    CredentialName, |text| bounded(&text, 1, 100)
}

value! {
    /// A price tier's name: 1 to 100 characters, unique in its organization without case.
    #[schema(min_length = 1, max_length = 100, examples("Gold"))]
    TierName, |text| bounded(&text, 1, 100)
}

value! {
    /// The code of a currency that ISO 4217 lists as active, in upper case; lower case is accepted.
    #[schema(pattern = "^[A-Z]{3}$", examples("EUR"))]
    CurrencyCode, |text| {
        let code = text.trim().to_ascii_uppercase();
        let currency = Currency::from_code(&code);
        // The library wrongly marks the bolívar soberano (VES) as superseded. ISO 4217 lists it beside VED.
        match currency.filter(|currency| currency.is_superseded().is_none() || *currency == Currency::VES) {
            Some(_) => Ok(code),
            None => Err("must be the code of an active ISO 4217 currency such as EUR".to_owned()),
        }
    }
}

value! {
    /// A customer's number as the ERP writes it: 1 to 64 printable characters. Case matters.
    #[schema(min_length = 1, max_length = 64, examples("C-10042"))]
    CustomerNumber, |text| {
        let text = bounded(&text, 1, 64)?;
        if text.chars().all(is_printable) { Ok(text) } else { Err("must hold printable characters only".to_owned()) }
    }
}

value! {
    /// A customer's company name: 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200, examples("Acme Retail GmbH"))]
    CompanyName, |text| bounded(&text, 1, 200)
}

impl TierName {
    /// Returns the folded name, by which names are compared without case.
    #[must_use]
    pub fn folded(&self) -> String {
        fold(&self.0)
    }
}

impl CurrencyCode {
    /// Returns the US dollar, the default currency of a tier.
    #[must_use]
    pub fn usd() -> Self {
        Self("USD".to_owned())
    }
}

impl EmailAddress {
    /// Returns whether `other` differs in letter case alone, so that the mailbox is certainly the same. Stricter than
    /// [`Self::folded`]: `ß` and `ss` differ here, as they do in domains.
    #[must_use]
    pub fn eq_ignoring_case(&self, other: &str) -> bool {
        let plain = |text: &str| text.to_lowercase().nfc().collect::<String>();
        plain(&self.0) == plain(other)
    }

    /// Returns the folded address, by which addresses are compared without case.
    #[must_use]
    pub fn folded(&self) -> String {
        fold(&self.0)
    }
}

/// A new password: 8 to 128 characters, used exactly as sent. Only its hash is stored.
#[derive(Clone, ToSchema)]
#[schema(value_type = String, min_length = 8, max_length = 128, format = "password")]
pub struct NewPassword(String);

impl NewPassword {
    /// Parses a password that a caller sent, and checks its length.
    ///
    /// # Errors
    /// The length is out of bounds.
    pub fn parse(text: String) -> Result<Self, FieldError> {
        match text.chars().count() {
            8..=128 => Ok(Self(text)),
            _ => Err("must have 8 to 128 characters".to_owned()),
        }
    }

    /// Checks the one rule that needs two fields: the password must not be the e-mail address.
    ///
    /// # Errors
    /// The password is the e-mail address.
    pub fn differs_from(&self, email: &EmailAddress) -> Result<(), FieldError> {
        if fold(&self.0) == email.folded() { Err("must not be the e-mail address".to_owned()) } else { Ok(()) }
    }

    /// Returns the password itself, to be hashed or compared.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewPassword(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn email(text: &str) -> Result<EmailAddress, FieldError> {
        EmailAddress::parse(text.to_owned())
    }

    #[test]
    fn texts_are_trimmed_and_composed_before_they_are_counted() {
        assert_eq!(bounded("  U\u{308}ni  ", 1, 3), Ok("Üni".to_owned()));
        assert_eq!(bounded(&"ü".repeat(200), 1, 200), Ok("ü".repeat(200)));
        assert_eq!(bounded(" \t ", 1, 200), Err("must have 1 to 200 characters".to_owned()));
        assert_eq!(bounded(&"x".repeat(201), 1, 200), Err("must have at most 200 characters".to_owned()));
        for control in ["a\u{0}b", "a\nb", "a\u{7f}b", "a\u{9f}b"] {
            assert_eq!(bounded(control, 1, 200), Err(CONTROL_ERROR.to_owned()), "{control:?}");
        }
    }

    #[test]
    fn names_that_differ_in_case_or_composition_alone_fold_to_one() {
        for (one, other) in
            [("Acme", "aCME"), ("STRASSE", "straße"), ("Üni", "u\u{308}NI"), ("ΌΣΟΣ", "όσος"), (" a ", "A")]
        {
            assert_eq!(fold(one), fold(other), "{one} and {other}");
        }
        assert_ne!(fold("acme"), fold("acmé"));
    }

    #[test]
    fn addresses_without_a_name_or_a_domain_are_refused() {
        for good in ["ada@acme.example", " ada+tag@mail.acme.example ", "Ada.O'Neil@ACME.example"] {
            assert_eq!(email(good).map(|address| address.0), Ok(good.trim().to_owned()));
        }
        let long = format!("{}@acme.example", "a".repeat(243));
        for bad in
            ["", "ada", "@acme.example", "ada@", "ada@localhost", "a b@acme.example", "Ada <ada@acme.example>", &long]
        {
            assert!(email(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn countries_are_iso_3166_alpha_2_codes_in_upper_case() {
        assert!(CountryCode::parse("DE".to_owned()).is_ok());
        for bad in ["de", "DEU", "XX", "", "D"] {
            assert!(CountryCode::parse(bad.to_owned()).is_err(), "{bad}");
        }
    }

    #[test]
    fn websites_are_absolute_http_or_https_addresses() {
        for good in ["https://acme.example", "HTTP://acme.example:8080/path?x=1#y", "https://ünï.example/ü"] {
            assert_eq!(Website::parse(good.to_owned()).map(|site| site.0), Ok(good.to_owned()));
        }
        let long = format!("https://acme.example/{}", "x".repeat(2048));
        let bad = [
            "",
            "acme.example",
            "/path",
            "ftp://acme.example",
            "javascript:alert(1)",
            "https:acme.example",
            "https://",
        ];
        for bad in bad.into_iter().chain(["https://a b.example", "https://acme.example/a b", &long]) {
            assert!(Website::parse(bad.to_owned()).is_err(), "{bad}");
        }
    }

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

    #[test]
    fn every_active_iso_4217_code_is_taken_and_no_withdrawn_or_invented_one() {
        // List One (current currencies and funds) as of 2026-01-01, when the lev gave way to the euro.
        let active = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD \
            CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP \
            GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK \
            LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR \
            PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL \
            THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAD XAF XAG XAU XBA \
            XBB XBC XBD XCD XCG XDR XOF XPD XPF XPT XSU XTS XUA XXX YER ZAR ZMW ZWG";
        for code in active.split_whitespace() {
            assert_eq!(CurrencyCode::parse(code.to_lowercase()).map(|code| code.0), Ok(code.to_owned()));
        }
        let withdrawn = "ANG ATS BGN BYR CUC DEM EEK FRF HRK LTL LVL MRO SLL STD TRL VEB VEF ZMK ZWD ZWL ZWR";
        for code in withdrawn.split_whitespace().chain(["", "E", "EURO", "AAA", "XYZ", "€", "978"]) {
            assert!(CurrencyCode::parse(code.to_owned()).is_err(), "{code}");
        }
    }

    #[test]
    fn a_password_is_taken_as_it_is_and_never_shown() {
        assert_eq!(NewPassword::parse("  pass\u{0}word ".to_owned()).unwrap().expose(), "  pass\u{0}word ");
        assert!(NewPassword::parse("1234567".to_owned()).is_err());
        assert!(NewPassword::parse("x".repeat(129)).is_err());
        assert_eq!(format!("{:?}", NewPassword::parse("12345678".to_owned()).unwrap()), "NewPassword(…)");
        let address = email("ada@acme.example").unwrap();
        assert!(NewPassword::parse("ADA@acme.example".to_owned()).unwrap().differs_from(&address).is_err());
        assert!(NewPassword::parse("ada@acme.examplf".to_owned()).unwrap().differs_from(&address).is_ok());
    }
}
