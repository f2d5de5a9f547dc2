use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;

use super::{bounded, printable::printable};
use crate::field_error::{FieldCode, FieldError};

value! {
    /// A line of a billing address: at most 200 characters.
    #[schema(max_length = 200)]
    AddressLine, |text| bounded(&text, 0, 200)
}

value! {
    /// A phone number as its owner writes it: at most 40 characters.
    #[schema(max_length = 40, examples("+49 30 901820"))]
    PhoneNumber, |text| printable(&text, 0, 40)
}

value! {
    /// A country's ISO 3166-1 alpha-2 code, in upper case.
    #[schema(pattern = "^[A-Z]{2}$", examples("DE"))]
    CountryCode, |text| match rust_iso3166::from_alpha2(text.trim()) {
        Some(country) => Ok(country.alpha2.to_owned()),
        None => Err(FieldCode::InvalidCountry.says("must be an ISO 3166-1 alpha-2 country code such as DE")),
    }
}

value! {
    /// An absolute http or https address: at most 2048 characters.
    #[schema(max_length = 2048, format = "uri", examples("https://acme.example"))]
    Website, |text| {
        let text = printable(&text, 0, 2048)?;
        let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        let absolute = matches!(scheme.as_deref(), Some("http" | "https"));
        if absolute && !text.contains(char::is_whitespace) && Url::parse(&text).is_ok() {
            Ok(text)
        } else {
            Err(FieldCode::InvalidUrl.says("must be an absolute http or https address"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
