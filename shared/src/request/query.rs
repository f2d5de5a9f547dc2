use axum::{
    extract::FromRequestParts,
    http::{Uri, request::Parts},
};
use domain::field_error::FieldCode;
use percent_encoding::percent_decode_str;
use url::form_urlencoded;

use super::{Fields, FromFields, JsonObject};
use crate::problem::{FieldErrors, Problem};

/// A request's query parameters, read as a body's fields are. One that the request doesn't have is ignored.
pub struct Query<T>(pub T);

impl<S: Sync, T: FromFields> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self(Fields::read_query(JsonObject::of_parameters(parameters(&parts.uri)?))?))
    }
}

/// The parameters of a query, in order: their names and values (URL Standard, `application/x-www-form-urlencoded`).
///
/// # Errors
/// Each parameter that can't be read.
pub fn parameters(uri: &Uri) -> Result<Vec<(String, String)>, FieldErrors> {
    pairs(uri.query().unwrap_or_default())
}

/// The names and values of a text in the form of a query, in order.
pub(super) fn pairs(query: &str) -> Result<Vec<(String, String)>, FieldErrors> {
    let mut errors = FieldErrors::new();
    for pair in query.split('&').filter(|pair| !is_utf8(pair)) {
        // The names are read as they are below, so that a byte that is no UTF-8 shows as U+FFFD.
        for (name, _) in form_urlencoded::parse(pair.as_bytes()) {
            errors.insert(name.into_owned().into(), vec![FieldCode::NotUtf8.says("must be UTF-8")]);
        }
    }
    if errors.is_empty() { Ok(form_urlencoded::parse(query.as_bytes()).into_owned().collect()) } else { Err(errors) }
}

/// Whether a parameter is UTF-8 once it is decoded. The form parser would put U+FFFD in the place of what isn't: a
/// request for the customer `%FF` would be about the customer U+FFFD.
fn is_utf8(pair: &str) -> bool {
    percent_decode_str(pair).decode_utf8().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_in_order_and_are_utf_8() {
        let read = |query: &str| parameters(&format!("/x?{query}").parse().unwrap());
        let pairs = [("A", "ü b"), ("", ""), ("b", "%z"), ("c", "d=e")];
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        assert_eq!(read("A=%C3%BC+b&=&b=%z&c=d=e"), Ok(pairs));
        assert_eq!(read(""), Ok(Vec::new()));
        for (query, name) in [("a=1&N=%FF", "N"), ("N=%C3", "N"), ("N=%C3&b=%BC", "N"), ("%FF=1", "\u{fffd}")] {
            let errors = read(query).unwrap_err();
            assert_eq!(errors.keys().next().unwrap(), name, "{query}");
        }
    }
}
