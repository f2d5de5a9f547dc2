use std::{
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use aws_smithy_runtime_api::client::{
    http::{HttpConnector, SharedHttpConnector},
    orchestrator::HttpRequest,
};
use http_body_util::{BodyExt, Limited};
use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::Value;
use shared::claims::TokenError;
use tokio::time::timeout;

/// How long a key set is used before it is fetched again.
const FRESH: Duration = Duration::from_mins(5);
/// Between two fetches for the sake of an unknown key: a flood of invented ids must not become a flood of fetches.
const LOOKUPS: Duration = Duration::from_secs(5);
/// Between a fetch that failed and the next.
const RETRIES: Duration = Duration::from_secs(1);
/// How long a fetch may take.
const LONGEST_FETCH: Duration = Duration::from_secs(3);
/// The longest key set, in bytes.
const LONGEST_SET: usize = 64 * 1024;

/// Another issuer's keys, as they were last fetched.
pub(super) struct RemoteKeySet {
    address: String,
    /// Made at the first use: it reads the web's roots.
    connector: OnceLock<SharedHttpConnector>,
    connect: Box<dyn Fn() -> SharedHttpConnector + Send + Sync>,
    known: Mutex<Known>,
    /// Held while the set is fetched, so that it is fetched once.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Known {
    keys: Vec<Jwk>,
    fetched_at: Option<Instant>,
    failed_at: Option<Instant>,
}

/// A key set (RFC 7517, section 5). Keys that can't be read are of a kind that isn't used here.
#[derive(Deserialize)]
struct KeySetDocument {
    keys: Vec<Value>,
}

impl RemoteKeySet {
    pub(super) fn new(address: String, connect: impl Fn() -> SharedHttpConnector + Send + Sync + 'static) -> Self {
        Self {
            address,
            connector: OnceLock::new(),
            connect: Box::new(connect),
            known: Mutex::default(),
            fetching: tokio::sync::Mutex::default(),
        }
    }

    /// The key of this id that signs by this algorithm; of a set of one, a token needn't say which.
    pub(super) async fn key(&self, kid: Option<&str>, algorithm: Algorithm) -> Result<Option<DecodingKey>, TokenError> {
        if let Some(key) = self.known_key(kid, algorithm) {
            return key;
        }
        let _fetching = self.fetching.lock().await;
        // Somebody else may have fetched it meanwhile.
        if let Some(key) = self.known_key(kid, algorithm) {
            return key;
        }
        let keys = timeout(LONGEST_FETCH, self.fetch()).await.unwrap_or_else(|_| Err("it took too long".to_owned()));
        let mut known = self.known();
        match keys {
            Ok(keys) => {
                let key = find(&keys, kid, algorithm);
                *known = Known { keys, fetched_at: Some(Instant::now()), failed_at: None };
                Ok(key)
            }
            Err(cause) => {
                tracing::warn!(key_set = self.address, cause, "a key set is out of reach");
                known.failed_at = Some(Instant::now());
                Err(TokenError::Unreachable)
            }
        }
    }

    /// The key, as far as it is known without fetching the set.
    fn known_key(&self, kid: Option<&str>, algorithm: Algorithm) -> Option<Result<Option<DecodingKey>, TokenError>> {
        let known = self.known();
        let fetched = known.fetched_at.map(|at| at.elapsed());
        if fetched.is_some_and(|age| age < FRESH)
            && let Some(key) = find(&known.keys, kid, algorithm)
        {
            return Some(Ok(Some(key)));
        }
        if fetched.is_some_and(|age| age < LOOKUPS) {
            return Some(Ok(None));
        }
        known.failed_at.is_some_and(|at| at.elapsed() < RETRIES).then_some(Err(TokenError::Unreachable))
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fetches the set. A redirect is no answer: nothing follows it.
    async fn fetch(&self) -> Result<Vec<Jwk>, String> {
        let request = HttpRequest::get(&self.address).map_err(|error| error.to_string())?;
        let connector = self.connector.get_or_init(|| (self.connect)());
        let answer = connector.call(request).await.map_err(|error| shared::error_chain::chain(&error))?;
        if answer.status().as_u16() != 200 {
            return Err(format!("status {}", answer.status().as_u16()));
        }
        let body = Limited::new(answer.into_body(), LONGEST_SET).collect().await.map_err(|error| error.to_string())?;
        let document: KeySetDocument = serde_json::from_slice(&body.to_bytes()).map_err(|error| error.to_string())?;
        Ok(document.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok()).collect())
    }
}

fn find(keys: &[Jwk], kid: Option<&str>, algorithm: Algorithm) -> Option<DecodingKey> {
    let key = match (kid, keys) {
        (Some(kid), keys) => keys.iter().find(|key| key.common.key_id.as_deref() == Some(kid))?,
        (None, [key]) => key,
        (None, _) => return None,
    };
    if !matches!(key.common.public_key_use, None | Some(PublicKeyUse::Signature)) {
        return None;
    }
    let (declared, fits) = match (algorithm, &key.algorithm) {
        (Algorithm::RS256, AlgorithmParameters::RSA(_)) => (KeyAlgorithm::RS256, true),
        (Algorithm::ES256, AlgorithmParameters::EllipticCurve(key)) => {
            (KeyAlgorithm::ES256, key.curve == EllipticCurve::P256)
        }
        (Algorithm::EdDSA, AlgorithmParameters::OctetKeyPair(key)) => {
            (KeyAlgorithm::EdDSA, key.curve == EllipticCurve::Ed25519)
        }
        _ => return None,
    };
    if !fits || key.common.key_algorithm.is_some_and(|algorithm| algorithm != declared) {
        return None;
    }
    DecodingKey::from_jwk(key).ok()
}
