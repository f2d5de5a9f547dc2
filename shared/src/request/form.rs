use axum::extract::{FromRequest, Request};
use percent_encoding::percent_decode_str;

use super::{
    body::{LIMIT, invalid, media_type, read, require_plain, unsupported},
    query::pairs,
};
use crate::problem::Problem;

const MEDIA_TYPE: &str = "application/x-www-form-urlencoded";

/// A form as a body: its parameters in the order in which they were sent, each as often as it was. Refuses in the
/// contract's order: 413, 415, 400.
pub struct Form(pub Vec<(String, String)>);

impl<S: Sync> FromRequest<S> for Form {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = read(body, LIMIT).await?;
        if media_type(&parts.headers) != MEDIA_TYPE {
            return Err(unsupported(&parts, "The body's Content-Type must be application/x-www-form-urlencoded."));
        }
        require_plain(&parts)?;
        let text = str::from_utf8(&bytes).map_err(|_| invalid("The body must be UTF-8."))?;
        Ok(Self(pairs(text)?))
    }
}

/// Decodes one value of a form (URL Standard, `application/x-www-form-urlencoded`). Returns `None` if the value isn't
/// UTF-8.
#[must_use]
pub fn form_decoded(value: &str) -> Option<String> {
    Some(percent_decode_str(&value.replace('+', " ")).decode_utf8().ok()?.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_a_form_is_decoded_and_is_utf_8() {
        for (value, decoded) in
            [("a+b%2Bc", Some("a b+c")), ("%C3%BC", Some("\u{fc}")), ("%z", Some("%z")), ("%FF", None)]
        {
            assert_eq!(form_decoded(value).as_deref(), decoded, "{value}");
        }
    }
}
