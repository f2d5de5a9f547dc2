//! The languages that mails have, and which one a request prefers.

use std::convert::Infallible;

use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};
pub use domain::language::Language;

/// The language that the request's `Accept-Language` prefers, or the one that stands in.
pub struct PreferredLanguage(pub Language);

impl<S: Sync> FromRequestParts<S> for PreferredLanguage {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let accepts = parts.headers.get(header::ACCEPT_LANGUAGE).and_then(|accepts| accepts.to_str().ok());
        Ok(Self(accepts.and_then(Language::preferred_by).unwrap_or_default()))
    }
}
