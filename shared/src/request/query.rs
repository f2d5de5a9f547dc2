use axum::{extract::FromRequestParts, http::request::Parts};

use super::{Fields, FromFields, body};
use crate::problem::Problem;

/// A request's query parameters, read as a body's fields are.
pub struct Query<T>(pub T);

impl<S: Sync, T: FromFields> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self(Fields::read(body::query(&parts.uri)?)?))
    }
}
