//! The settings of every AWS client of the bundle. They come from the environment alone, so that a start makes no
//! request for them.

use aws_sdk_dynamodb::{
    config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider, SharedHttpClient},
    error::{ProvideErrorMetadata, SdkError},
};
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_types::SdkConfig;
use domain::{config::optional, error_chain::chain};

/// Returns what every client starts from: region and credentials by the environment, and a connection to `endpoint` or
/// to the region's own. Each client adds its retries and timeouts.
#[must_use]
pub fn sdk_config(endpoint: Option<&str>) -> SdkConfig {
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(region())
        .credentials_provider(SharedCredentialsProvider::new(credentials()))
        .http_client(http_client(endpoint));
    config.set_endpoint_url(endpoint.map(str::to_owned));
    config.build()
}

/// Returns the region: `AWS_REGION`, which Lambda always sets, or else `AWS_DEFAULT_REGION`.
fn region() -> Region {
    let region = optional("AWS_REGION").or_else(|| optional("AWS_DEFAULT_REGION"));
    Region::new(region.unwrap_or_else(|| "eu-central-1".to_owned()))
}

/// Returns the credentials that Lambda puts into the environment. A local endpoint accepts any, so none are needed
/// there.
fn credentials() -> Credentials {
    let variable = |name| optional(name).unwrap_or_else(|| "local".to_owned());
    let (key, secret) = (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY"));
    Credentials::new(key, secret, optional("AWS_SESSION_TOKEN"), None, "environment")
}

/// The root certificates of AWS's own endpoints (<https://www.amazontrust.com/repository/>). Reading the system's
/// bundle of hundreds of them would take most of a function's start.
const AMAZON_ROOTS: &[u8] = include_bytes!("amazon_roots.pem");

/// Creates the HTTP client. An endpoint that begins with `http://` is reached by plain HTTP, and every other by TLS.
/// TLS trusts Amazon's roots, or those of the file that `SSL_CERT_FILE` names.
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

/// Describes the error of a call for the log: its kind, its code and, if nothing was answered, its causes. The SDK's
/// own description must not be logged. Its text holds the whole answer, such as stored items or the address that SES
/// refused.
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
        // A file that can't be parsed would yield, without an error, a store that trusts no certificate.
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
