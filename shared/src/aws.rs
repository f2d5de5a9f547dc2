//! What every AWS client of the bundle is made of: the environment alone, so that a start looks nothing up.

use aws_sdk_dynamodb::config::{Credentials, Region, SharedHttpClient};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use crate::config::optional;

/// `AWS_REGION`, which Lambda always sets.
#[must_use]
pub fn region() -> Region {
    Region::new(optional("AWS_REGION").unwrap_or_else(|| "eu-central-1".to_owned()))
}

/// The credentials that Lambda puts into the environment. A local endpoint takes any, so that none are needed there.
#[must_use]
pub fn credentials() -> Credentials {
    let variable = |name| optional(name).unwrap_or_else(|| "local".to_owned());
    let (key, secret) = (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY"));
    Credentials::new(key, secret, optional("AWS_SESSION_TOKEN"), None, "environment")
}

/// Plain HTTP to an endpoint that asks for it, TLS to every other.
#[must_use]
pub fn http_client(endpoint: Option<&str>) -> SharedHttpClient {
    let builder = aws_smithy_http_client::Builder::new();
    if endpoint.is_some_and(|endpoint| endpoint.starts_with("http://")) {
        builder.build_http()
    } else {
        builder.tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https()
    }
}
