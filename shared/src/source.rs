//! Where a request comes from.

use std::net::IpAddr;

use axum::{extract::FromRequestParts, http::request::Parts};
pub use domain::source::Source;

/// The address that a request comes from: the gateway's word, or the peer of the connection. The server puts it into
/// the request's extensions. A header is never taken for it, since anybody could write one. The one exception is that
/// of a [`Distribution`](crate::distribution::Distribution), which shows its secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceAddress(pub IpAddr);

/// The source that this request's login attempts are counted for.
pub struct RequestSource(pub Source);

impl<S: Sync> FromRequestParts<S> for RequestSource {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let address = parts.extensions.get::<SourceAddress>();
        Ok(Self(address.map_or_else(Source::unknown, |address| address.0.into())))
    }
}
