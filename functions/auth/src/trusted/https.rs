//! HTTPS to identity providers, whose certificates the web's roots vouch for. Clients of AWS trust Amazon's roots
//! alone.

use aws_smithy_http_client::{
    Connector,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use shared::error_chain::chain;

const PEM_BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// Trusts the web's roots, as the system has them, or these certificates (PEM) alone.
///
/// # Errors
/// What is wrong with the certificates.
pub(super) fn tls(roots: Option<Vec<u8>>) -> Result<TlsContext, String> {
    let store = match roots {
        // A file without a certificate would give a store that trusts nobody, silently.
        Some(pem) if !pem.windows(PEM_BEGIN.len()).any(|text| text == PEM_BEGIN) => {
            return Err("holds no certificate".to_owned());
        }
        Some(pem) => TrustStore::empty().with_pem_certificate(pem),
        None => TrustStore::default(),
    };
    TlsContext::builder().with_trust_store(store).build().map_err(|error| chain(&error))
}

/// Makes connections of that kind, which reads the roots.
pub(super) fn connector(tls: TlsContext) -> SharedHttpConnector {
    let connector = Connector::builder().tls_provider(Provider::Rustls(CryptoMode::Ring));
    SharedHttpConnector::new(connector.tls_context(tls).build())
}
