//! What every AWS client of the bundle is made of: the environment alone, so that a start looks nothing up.

use aws_sdk_dynamodb::{
    config::{Credentials, Region, SharedHttpClient},
    error::{ProvideErrorMetadata, SdkError},
};
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use domain::{config::optional, error_chain::chain};

/// `AWS_REGION`, which Lambda always sets, or `AWS_DEFAULT_REGION`.
#[must_use]
pub fn region() -> Region {
    let region = optional("AWS_REGION").or_else(|| optional("AWS_DEFAULT_REGION"));
    Region::new(region.unwrap_or_else(|| "eu-central-1".to_owned()))
}

/// The credentials that Lambda puts into the environment. A local endpoint takes any, so that none are needed there.
#[must_use]
pub fn credentials() -> Credentials {
    let variable = |name| optional(name).unwrap_or_else(|| "local".to_owned());
    let (key, secret) = (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY"));
    Credentials::new(key, secret, optional("AWS_SESSION_TOKEN"), None, "environment")
}

/// The roots of AWS's own endpoints (<https://www.amazontrust.com/repository/>). Reading the system's bundle of
/// hundreds would be most of a function's start.
const AMAZON_ROOTS: &[u8] = include_bytes!("amazon_roots.pem");

/// Plain HTTP to an endpoint that asks for it; TLS to every other, trusting Amazon's roots, or those of the file that
/// `SSL_CERT_FILE` names.
#[must_use]
pub fn http_client(endpoint: Option<&str>) -> SharedHttpClient {
    let builder = aws_smithy_http_client::Builder::new();
    if endpoint.is_some_and(|endpoint| endpoint.starts_with("http://")) {
        return builder.build_http();
    }
    let store = match optional("SSL_CERT_FILE") {
        Some(_) => TrustStore::default(),
        None => TrustStore::empty().with_pem_certificate(AMAZON_ROOTS),
    };
    let builder = builder.tls_provider(Provider::Rustls(CryptoMode::Ring));
    match TlsContext::builder().with_trust_store(store).build() {
        Ok(context) => builder.tls_context(context).build_https(),
        Err(_) => builder.build_https(),
    }
}

/// What went wrong with a call, for the log. The SDK's own description holds the whole answer (stored items, or the
/// address that SES refused); this says the kind, the code and, where nothing was answered, the causes.
#[must_use]
pub fn describe<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> String {
    let cause = |cause: Option<&(dyn std::error::Error + 'static)>| cause.map_or_else(String::new, chain);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trust_store_holds_amazons_five_roots() {
        // A file that can't be read would give a store that trusts nobody, silently.
        let text = std::str::from_utf8(AMAZON_ROOTS).unwrap();
        let roots: Vec<_> = text.split("-----BEGIN CERTIFICATE-----").skip(1).collect();
        assert_eq!(roots.len(), 5);
        for root in roots {
            let base64 = root.split("-----END CERTIFICATE-----").next().unwrap().replace('\n', "");
            let der = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, base64).unwrap();
            let names = ["Amazon Root CA", "Starfield Services Root Certificate Authority - G2"];
            assert!(names.iter().any(|name| der.windows(name.len()).any(|bytes| bytes == name.as_bytes())));
        }
        let _client = http_client(None);
    }
}
