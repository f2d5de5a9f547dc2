//! The `CloudFront` distribution before the gateway, where a deployment has one.

use std::fmt;

use axum::http::{HeaderName, Request};
use domain::config::{self, ConfigError};
use subtle::{Choice, ConstantTimeEq};

use crate::source::SourceAddress;

const ORIGIN_SECRETS: &str = "ORIGIN_SECRETS";
const REQUIRE_ORIGIN_SECRET: &str = "REQUIRE_ORIGIN_SECRET";
/// Shorter secrets could be guessed, or are a name in the place of a secret.
const MIN_SECRET_LENGTH: usize = 32;

/// Carries the secret by which a request is the distribution's. `template.yaml` names it too.
const ORIGIN_SECRET: HeaderName = HeaderName::from_static("x-origin-secret");
/// Carries the address that the distribution was called from. `template.yaml` names it too.
const VIEWER_ADDRESS: HeaderName = HeaderName::from_static("x-viewer-address");

/// What tells the distribution's requests from those that come past it. The gateway's own address stays open to
/// everybody, so nothing but the secret does.
pub struct Distribution {
    secrets: Vec<String>,
    is_required: bool,
}

/// A request that has to be refused since it came past the distribution. The server puts it into the request's
/// extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PastTheDistribution;

impl Distribution {
    /// Reads `ORIGIN_SECRETS` (separated by commas, more than one while they are rotated) and `REQUIRE_ORIGIN_SECRET`.
    /// Returns `None` for a deployment without a distribution.
    ///
    /// # Errors
    /// A variable can't be used.
    pub fn from_env() -> Result<Option<Self>, ConfigError> {
        let Some(secrets) = config::optional(ORIGIN_SECRETS) else { return Ok(None) };
        Self::new(&secrets, config::boolean(REQUIRE_ORIGIN_SECRET, true)?).map(Some)
    }

    /// A distribution that sends one of these secrets. Without any, a request is refused where one `is_required`.
    ///
    /// # Errors
    /// A secret can't be used.
    pub fn new(secrets: &str, is_required: bool) -> Result<Self, ConfigError> {
        let secrets: Vec<_> = secrets.split(',').map(str::to_owned).collect();
        for secret in &secrets {
            config::require_secret(ORIGIN_SECRETS, secret, MIN_SECRET_LENGTH)?;
        }
        Ok(Self { secrets, is_required })
    }

    /// Judges a request by its secret, and takes the secret away, so that nothing later can log it. The address that
    /// the distribution was called from becomes the request's source. To the gateway, the source is the distribution,
    /// so that one caller would use up the limits of all.
    #[must_use]
    pub fn judged<B>(&self, mut request: Request<B>) -> Request<B> {
        let secret = request.headers_mut().remove(ORIGIN_SECRET);
        let viewer = request.headers_mut().remove(VIEWER_ADDRESS);
        match secret {
            Some(secret) if self.knows(secret.as_bytes()) => {
                request.extensions_mut().remove::<SourceAddress>();
                if let Some(viewer) = viewer.and_then(|viewer| viewer.to_str().ok()?.parse().ok()) {
                    request.extensions_mut().insert(SourceAddress(viewer));
                }
            }
            None if !self.is_required => {}
            _ => {
                request.extensions_mut().insert(PastTheDistribution);
            }
        }
        request
    }

    /// Compares every secret, each to its end, so that the time tells nothing of them.
    fn knows(&self, sent: &[u8]) -> bool {
        let equal = self.secrets.iter().map(|secret| secret.as_bytes().ct_eq(sent));
        equal.fold(Choice::from(0), |known, equal| known | equal).into()
    }
}

impl fmt::Debug for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Distribution").field("is_required", &self.is_required).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    const SECRET: &str = "0123456789abcdefghijklmnopqrstuv";
    const OTHER: &str = "another secret of as many letters";
    const GATEWAYS: &str = "192.0.2.1";

    fn address(text: &str) -> SourceAddress {
        SourceAddress(text.parse::<IpAddr>().unwrap())
    }

    /// The source of a request with these headers, whose source is `GATEWAYS` to the gateway.
    fn judged(
        distribution: &Distribution,
        headers: &[(&str, &str)],
    ) -> Result<Option<SourceAddress>, PastTheDistribution> {
        let mut request = Request::builder().extension(address(GATEWAYS));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = distribution.judged(request.body(()).unwrap());
        assert!(request.headers().is_empty(), "neither the secret nor the address goes on: {:?}", request.headers());
        let past = request.extensions().get().copied();
        past.map_or_else(|| Ok(request.extensions().get().copied()), Err)
    }

    #[test]
    fn with_the_secret_the_viewers_address_is_the_source() {
        for is_required in [true, false] {
            let distribution = Distribution::new(SECRET, is_required).unwrap();
            for viewer in ["198.51.100.7", "2001:db8::7"] {
                let headers = [("x-origin-secret", SECRET), ("x-viewer-address", viewer)];
                assert_eq!(judged(&distribution, &headers), Ok(Some(address(viewer))), "{viewer}");
            }
            // The distribution's own address is nobody's.
            let (secret, no_address) = (("x-origin-secret", SECRET), ("x-viewer-address", "-"));
            for headers in [&[secret][..], &[secret, no_address]] {
                assert_eq!(judged(&distribution, headers), Ok(None), "{headers:?}");
            }
        }
    }

    #[test]
    fn without_the_secret_an_address_is_not_believed_and_the_request_is_refused_where_it_is_required() {
        let past = [("x-viewer-address", "198.51.100.7")];
        for headers in [&past[..], &[]] {
            let beside = Distribution::new(SECRET, false).unwrap();
            assert_eq!(judged(&beside, headers), Ok(Some(address(GATEWAYS))), "{headers:?}");
            let only = Distribution::new(SECRET, true).unwrap();
            assert_eq!(judged(&only, headers), Err(PastTheDistribution), "{headers:?}");
        }
    }

    #[test]
    fn a_wrong_secret_is_refused() {
        for is_required in [true, false] {
            let distribution = Distribution::new(SECRET, is_required).unwrap();
            for wrong in ["", OTHER, &SECRET[1..], &format!("{SECRET},"), &format!("{SECRET},{SECRET}")] {
                let headers = [("x-origin-secret", wrong), ("x-viewer-address", "198.51.100.7")];
                assert_eq!(judged(&distribution, &headers), Err(PastTheDistribution), "{wrong}");
            }
        }
    }

    #[test]
    fn two_secrets_are_taken_while_they_are_rotated() {
        let distribution = Distribution::new(&format!("{SECRET},{OTHER}"), true).unwrap();
        for secret in [SECRET, OTHER] {
            let headers = [("x-origin-secret", secret), ("x-viewer-address", "198.51.100.7")];
            assert_eq!(judged(&distribution, &headers), Ok(Some(address("198.51.100.7"))), "{secret}");
        }
    }

    #[test]
    fn a_secret_that_could_be_guessed_is_refused_and_not_shown() {
        for secrets in ["", "short", &format!("{SECRET},"), "{{resolve:secretsmanager:arn:SecretString}}"] {
            let error = Distribution::new(secrets, true).unwrap_err().to_string();
            assert!(error.starts_with("the environment variable ORIGIN_SECRETS "), "{error}");
        }
        assert!(!format!("{:?}", Distribution::new(SECRET, true).unwrap()).contains(SECRET));
    }
}
