use axum::{
    extract::FromRequestParts,
    http::{Uri, request::Parts},
};
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
    Ok(form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect())
}
