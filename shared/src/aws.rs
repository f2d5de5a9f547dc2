//! What every AWS client of the bundle is made of: the environment alone, so that a start looks nothing up.

use aws_sdk_dynamodb::{
    config::{Credentials, Region, SharedHttpClient},
    error::{ProvideErrorMetadata, SdkError},
};
use aws_smithy_http_client::{
    Connector,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::http::SharedHttpConnector;

use crate::{config::optional, telemetry};

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

/// TLS to whoever isn't AWS: trusting the web's roots, as the system has them, or these certificates (PEM) alone.
///
/// # Errors
/// What is wrong with the certificates.
pub fn foreign_tls(roots: Option<Vec<u8>>) -> Result<TlsContext, String> {
    let store = match roots {
        // A file without a certificate would give a store that trusts nobody, silently.
        Some(pem) if !pem.windows(PEM_BEGIN.len()).any(|text| text == PEM_BEGIN) => {
            return Err("holds no certificate".to_owned());
        }
        Some(pem) => TrustStore::empty().with_pem_certificate(pem),
        None => TrustStore::default(),
    };
    TlsContext::builder().with_trust_store(store).build().map_err(|error| telemetry::chain(&error))
}

const PEM_BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// Connections of that kind; making them reads the roots.
#[must_use]
pub fn foreign_connector(tls: TlsContext) -> SharedHttpConnector {
    let connector = Connector::builder().tls_provider(Provider::Rustls(CryptoMode::Ring));
    SharedHttpConnector::new(connector.tls_context(tls).build())
}

/// What went wrong with a call, for the log. The SDK's own description holds the whole answer (stored items, or the address
/// that SES refused); this says the kind, the code and, where nothing was answered, the causes.
#[must_use]
pub fn describe<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> String {
    let cause = |cause: Option<&(dyn std::error::Error + 'static)>| cause.map_or_else(String::new, telemetry::chain);
    match error {
        SdkError::ServiceError(error) => format!("refused: {}", error.err().code().unwrap_or("no code")),
        SdkError::TimeoutError(_) => "timed out".to_owned(),
        SdkError::DispatchFailure(failure) => {
            format!("not sent: {}", cause(failure.as_connector_error().map(|error| error as _)))
        }
        SdkError::ResponseError(_) => "the answer can't be read".to_owned(),
        _ => "the request can't be made".to_owned(),
    }
}
