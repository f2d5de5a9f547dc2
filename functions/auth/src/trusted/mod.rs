//! Tokens of the identity providers that `TRUSTED_ISSUERS` names.

mod domains;
mod header;
mod https;
mod key_set;

use std::{fs, sync::Arc};

use domains::Domains;
use header::read_header;
use jsonwebtoken::{Algorithm, Validation, dangerous::insecure_decode, decode, errors::ErrorKind};
use key_set::RemoteKeySet;
use serde::Deserialize;
use shared::{
    claims::TokenError,
    clock,
    config::{self, ConfigError},
    table::ExternalIdentity,
    text::EmailAddress,
};

const VARIABLE: &str = "TRUSTED_ISSUERS";
const CA_FILE: &str = "TRUSTED_ISSUERS_CA_FILE";
/// The algorithms that are taken (RFC 7518, section 3.1; RFC 8037).
const ALGORITHMS: [Algorithm; 3] = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];
/// How far an identity provider's clock may be from ours, in seconds.
const LEEWAY_SECONDS: u64 = 60;
/// The longest life of a token, in seconds. A token that somebody copied out of a log is good for as long.
const MAX_LIFE_SECONDS: u64 = 24 * 60 * 60;

/// The identity providers whose tokens are taken.
#[derive(Clone, Default)]
pub struct TrustedIssuers(Arc<[TrustedIssuer]>);

struct TrustedIssuer {
    name: String,
    validation: Validation,
    keys: RemoteKeySet,
    domains: Domains,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct IssuerConfig {
    issuer: String,
    audience: String,
    key_set: String,
    #[serde(default)]
    domains: Vec<String>,
}

/// The claims that an identity provider's token must have.
#[derive(Deserialize)]
struct ForeignClaims {
    sub: String,
    /// Seconds since the epoch, maybe with a fraction (RFC 7519, section 2).
    exp: f64,
    #[serde(default)]
    iat: Option<f64>,
    #[serde(default)]
    email: Option<String>,
    /// Some providers send it as a text.
    #[serde(default)]
    email_verified: serde_json::Value,
}

impl ForeignClaims {
    /// Returns whether the token's life begins in the future, beyond what clocks differ by, or is longer than a day. One
    /// that doesn't say when it was made may end a day from now at the latest.
    fn lives_too_long(&self) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "seconds since the epoch are exact in 52 bits")]
        let (now, leeway, longest) = (clock::now() as f64, LEEWAY_SECONDS as f64, MAX_LIFE_SECONDS as f64);
        let begin = self.iat.unwrap_or(now);
        begin > now + leeway || self.exp - begin > longest
    }
}

impl TrustedIssuers {
    /// Those of `TRUSTED_ISSUERS`, whose key sets' servers `TRUSTED_ISSUERS_CA_FILE` (PEM) vouches for, or the web's
    /// roots.
    ///
    /// # Errors
    /// A variable can't be used.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::new(config::optional(VARIABLE).as_deref(), config::optional(CA_FILE).as_deref())
    }

    /// Those of a JSON array of `{"Issuer", "Audience", "KeySet", "Domains"}`; none where there is no such text. `Domains`
    /// are the domains of the addresses that the issuer may speak for.
    ///
    /// # Errors
    /// The text or the file can't be used.
    pub fn new(issuers: Option<&str>, ca_file: Option<&str>) -> Result<Self, ConfigError> {
        let Some(issuers) = issuers else { return Ok(Self::default()) };
        let invalid = |name, fault: String| ConfigError::Invalid { name, fault };
        let issuers: Vec<IssuerConfig> = serde_json::from_str(issuers).map_err(|error| {
            invalid(VARIABLE, format!("must be an array of Issuer, Audience, KeySet and Domains: {error}"))
        })?;
        let roots = match ca_file {
            Some(path) => Some(fs::read(path).map_err(|error| invalid(CA_FILE, format!("can't be read: {error}")))?),
            None => None,
        };
        let tls = https::tls(roots).map_err(|fault| invalid(CA_FILE, fault))?;
        let issuers = issuers.into_iter().map(|config| {
            if config.issuer.is_empty() || config.audience.is_empty() {
                return Err(invalid(VARIABLE, "must name an Issuer and an Audience".to_owned()));
            }
            if !config.key_set.starts_with("https://") {
                return Err(invalid(VARIABLE, "must name each KeySet by an https address".to_owned()));
            }
            let domains = Domains::parse(&config.domains).map_err(|fault| invalid(VARIABLE, fault))?;
            let mut validation = Validation::new(Algorithm::ES256);
            validation.set_issuer(&[&config.issuer]);
            validation.set_audience(&[&config.audience]);
            validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
            validation.validate_nbf = true;
            validation.leeway = LEEWAY_SECONDS;
            let tls = tls.clone();
            let keys = RemoteKeySet::new(config.key_set, move || https::connector(tls.clone()));
            Ok(TrustedIssuer { name: config.issuer, validation, keys, domains })
        });
        shared::claims::install_crypto();
        Ok(Self(issuers.collect::<Result<Vec<_>, _>>()?.into()))
    }

    /// The identity that a token names; `None` where the token is of no trusted identity provider.
    ///
    /// # Errors
    /// Why the token can't be trusted.
    pub(crate) async fn identify(&self, token: &str) -> Result<Option<ExternalIdentity>, TokenError> {
        let Some(issuer) = self.issuer_of(token) else { return Ok(None) };
        let header = read_header(token).filter(|header| ALGORITHMS.contains(&header.alg));
        let header = header.ok_or(TokenError::Invalid)?;
        let key = issuer.keys.key(header.kid.as_deref(), header.alg).await?.ok_or(TokenError::Invalid)?;
        let validation = Validation { algorithms: vec![header.alg], ..issuer.validation.clone() };
        let claims = match decode::<ForeignClaims>(token, &key, &validation) {
            Ok(token) => token.claims,
            Err(error) if matches!(error.kind(), ErrorKind::ExpiredSignature) => return Err(TokenError::Expired),
            Err(_) => return Err(TokenError::Invalid),
        };
        if claims.sub.is_empty() || claims.lives_too_long() {
            return Err(TokenError::Invalid);
        }
        if claims.email_verified != true && claims.email_verified != "true" {
            return Err(TokenError::Unverified);
        }
        let address = claims.email.and_then(|email| EmailAddress::parse(email).ok()).ok_or(TokenError::Unverified)?;
        let speaks_for_address = issuer.domains.include(&address);
        Ok(Some(ExternalIdentity { issuer: issuer.name.clone(), subject: claims.sub, address, speaks_for_address }))
    }

    /// The trusted issuer that a token names; nothing of it is verified yet.
    fn issuer_of(&self, token: &str) -> Option<&TrustedIssuer> {
        #[derive(Deserialize)]
        struct Named {
            iss: String,
        }
        if self.0.is_empty() {
            return None;
        }
        let named = insecure_decode::<Named>(token).ok()?.claims;
        self.0.iter().find(|issuer| issuer.name == named.iss)
    }
}

impl std::fmt::Debug for TrustedIssuers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|issuer| &issuer.name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(issuers: &str) -> Option<String> {
        TrustedIssuers::new(Some(issuers), None).err().map(|error| error.to_string())
    }

    #[test]
    fn a_key_set_is_reached_by_https_alone() {
        let issuers = |key_set: &str| {
            let issuer = r#""Issuer": "https://idp.example", "Audience": "a", "Domains": ["*"]"#;
            refusal(&format!(r#"[{{{issuer}, "KeySet": "{key_set}"}}]"#))
        };
        assert_eq!(issuers("https://idp.example/keys"), None);
        for other in ["http://idp.example/keys", "file:///etc/passwd", ""] {
            assert!(issuers(other).is_some(), "{other}");
        }
        for text in
            ["{}", "[{}]", r#"[{"Issuer": "", "Audience": "a", "KeySet": "https://x.example", "Domains": ["*"]}]"#]
        {
            assert!(refusal(text).is_some(), "{text}");
        }
    }

    #[test]
    fn an_issuer_without_domains_is_refused_and_told_why() {
        let issuers = |domains: &str| {
            let issuer = r#""Issuer": "https://idp.example", "Audience": "a", "KeySet": "https://idp.example/keys""#;
            refusal(&format!("[{{{issuer}{domains}}}]"))
        };
        assert_eq!(issuers(r#", "Domains": ["acme.example"]"#), None);
        for none in ["", r#", "Domains": []"#] {
            let expected = "the environment variable TRUSTED_ISSUERS must say each issuer's Domains, the domains of the \
                            addresses that it may speak for, as [\"acme.example\"]; [\"*\"] is every domain";
            assert_eq!(issuers(none).as_deref(), Some(expected));
        }
    }

    #[test]
    fn a_token_lives_for_a_day_at_most() {
        #[expect(clippy::cast_precision_loss, reason = "seconds since the epoch are exact in 52 bits")]
        let (now, day) = (clock::now() as f64, MAX_LIFE_SECONDS as f64);
        let too_long = |iat: Option<f64>, exp: f64| {
            let (email, email_verified) = (None, serde_json::Value::Null);
            ForeignClaims { sub: "u-1".to_owned(), exp, iat, email, email_verified }.lives_too_long()
        };
        for (iat, exp) in [(Some(now), now + day), (Some(now + 50.0), now + 60.0), (None, now + day - 10.0)] {
            assert!(!too_long(iat, exp), "{iat:?} {exp}");
        }
        for (iat, exp) in [
            (Some(now), now + day + 1.0),
            (Some(now - day), now + 1.0),
            (Some(now + 3_600.0), now + 7_200.0),
            (None, now + day + 60.0),
            (Some(0.0), now + 60.0),
        ] {
            assert!(too_long(iat, exp), "{iat:?} {exp}");
        }
    }
}
