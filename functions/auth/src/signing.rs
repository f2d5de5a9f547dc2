//! The one place that holds the signing secret.

use std::{fmt, sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hkdf::Hkdf;
use p256::{SecretKey, pkcs8::EncodePrivateKey};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use sha2::{Digest, Sha256};
use shared::{
    App,
    claims::{Claims, Identity, PublicKey},
    clock,
    config::{self, Config, ConfigError},
    ids,
    problem::Problem,
    table,
};
use tokio::sync::OnceCell;

/// Shorter secrets could be guessed.
const SHORTEST_SECRET: usize = 32;
/// Seconds from a key's publication to its first signature, where another key can sign meanwhile: as long as verifiers may keep
/// the key set.
const AHEAD: u64 = 5 * 60;

/// Why tokens can't be signed: found at start.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A variable is missing or can't be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No key can be derived from the secret.
    #[error("no signing key can be derived: {0}")]
    Key(String),
}

/// Makes and signs tokens.
#[derive(Clone)]
pub struct Issuer {
    key: Arc<SigningKey>,
    /// The key that signs until the other one has been published long enough.
    previous: Option<Arc<SigningKey>>,
    published: Arc<OnceCell<()>>,
    name: Arc<str>,
    audience: Arc<str>,
    user_ttl: Duration,
    organization_ttl: Duration,
}

struct SigningKey {
    public: PublicKey,
    private: EcdsaKeyPair,
    /// The header of every token that it signs, encoded.
    header: String,
}

impl SigningKey {
    /// The claims as a JWS in compact serialization (RFC 7515, section 3.1). By a key that is read once: `jsonwebtoken` would
    /// read and check it for each token, which takes two thirds of the signature's time.
    fn sign(&self, claims: &Claims) -> Result<String, Problem> {
        let payload = serde_json::to_vec(claims).map_err(|error| Problem::internal(&error))?;
        let message = format!("{}.{}", self.header, base64url(&payload));
        let signature = self.private.sign(&SystemRandom::new(), message.as_bytes());
        let signature = signature.map_err(|error| Problem::internal(&key_error(&error)))?;
        Ok(format!("{message}.{}", base64url(signature.as_ref())))
    }
}

/// A signed token.
pub(crate) struct Signed {
    pub(crate) token: String,
    /// Its life in seconds.
    pub(crate) expires_in: u64,
}

impl Issuer {
    /// An issuer by `SIGNING_SECRET`, `PREVIOUS_SIGNING_SECRET` (during a rotation), `ISSUER`, `AUDIENCE`, `USER_TOKEN_TTL_SECONDS` (12 hours) and `TOKEN_TTL_SECONDS`
    /// (one hour).
    ///
    /// # Errors
    /// A variable is missing or can't be used.
    pub fn from_env() -> Result<Self, SetupError> {
        let issuer = Self::new(&config::required("SIGNING_SECRET")?, &Config::from_env()?)?;
        match config::optional("PREVIOUS_SIGNING_SECRET") {
            Some(previous) => issuer.in_place_of(&previous),
            None => Ok(issuer),
        }
    }

    /// The same issuer, which still signs by the `previous` secret until its own key has been published for five minutes.
    ///
    /// # Errors
    /// The previous secret is too short.
    pub fn in_place_of(self, previous: &str) -> Result<Self, SetupError> {
        Ok(Self { previous: Some(Arc::new(derive(previous)?)), ..self })
    }

    /// An issuer by `secret`, the rest as [`Issuer::from_env`].
    ///
    /// # Errors
    /// The secret is too short, or a variable can't be used.
    pub fn new(secret: &str, config: &Config) -> Result<Self, SetupError> {
        Ok(Self {
            key: Arc::new(derive(secret)?),
            previous: None,
            published: Arc::default(),
            name: config.issuer.as_str().into(),
            audience: config.audience.as_str().into(),
            user_ttl: Duration::from_secs(config::positive("USER_TOKEN_TTL_SECONDS", 12 * 60 * 60)?),
            organization_ttl: Duration::from_secs(config::positive("TOKEN_TTL_SECONDS", 60 * 60)?),
        })
    }

    /// Puts the public keys into the table, once, unless they are there.
    ///
    /// # Errors
    /// The table is out of reach; the next call tries again.
    pub(crate) async fn publish(&self, app: &App) -> Result<(), table::Error> {
        self.published.get_or_try_init(|| self.publish_unless_known(app)).await.copied()
    }

    async fn publish_unless_known(&self, app: &App) -> Result<(), table::Error> {
        let keys = app.verifier.keys();
        for key in [Some(&self.key), self.previous.as_ref()].into_iter().flatten() {
            if !keys.public_keys().await?.iter().any(|known| known.kid == key.public.kid) {
                let published_at = clock::now();
                app.table.publish_key(&PublicKey { published_at, ..key.public.clone() }).await?;
                keys.refresh().await?;
            }
        }
        Ok(())
    }

    /// The key that signs at this moment: one that the table has and that has not ended.
    async fn present_key(&self, app: &App) -> Result<&SigningKey, table::Error> {
        let known = app.verifier.keys().public_keys().await?;
        let published_at =
            |key: &SigningKey| known.iter().find(|known| known.kid == key.public.kid).map(|known| known.published_at);
        let previous = self.previous.as_deref().filter(|previous| published_at(previous).is_some());
        match (published_at(&self.key), previous) {
            (Some(at), Some(previous)) if at + AHEAD > clock::now() => Ok(previous),
            (Some(_), _) => Ok(&self.key),
            (None, Some(previous)) => Ok(previous),
            (None, None) => Err(table::Error::Unavailable("the signing key is retired".to_owned())),
        }
    }

    /// The `iss` of every token.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// A token that names `identity`.
    pub(crate) async fn sign(&self, app: &App, identity: Identity) -> Result<Signed, Problem> {
        let life = match identity {
            Identity::User { .. } => self.user_ttl,
            Identity::Organization(_) | Identity::Machine(_) => self.organization_ttl,
        };
        let now = clock::now();
        let claims = Claims {
            iss: self.name.to_string(),
            aud: self.audience.to_string(),
            iat: now,
            exp: now + life.as_secs(),
            jti: ids::random_id(24),
            identity,
        };
        let key = self.present_key(app).await?;
        Ok(Signed { token: key.sign(&claims)?, expires_in: life.as_secs() })
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer").field("kid", &self.key.public.kid).finish_non_exhaustive()
    }
}

/// The ES256 key pair of a secret text: HKDF-SHA-256 (RFC 5869) gives candidates until one is a scalar of P-256, which
/// all but one in four billion are.
fn derive(secret: &str) -> Result<SigningKey, SetupError> {
    if secret.len() < SHORTEST_SECRET {
        let fault = format!("must have at least {SHORTEST_SECRET} characters");
        return Err(ConfigError::Invalid { name: "SIGNING_SECRET", fault }.into());
    }
    let hkdf = Hkdf::<Sha256>::new(Some(b"organizations-api"), secret.as_bytes());
    for counter in 0..=u8::MAX {
        let mut candidate = [0; 32];
        hkdf.expand_multi_info(&[b"es256/1/", &[counter]], &mut candidate).map_err(|error| key_error(&error))?;
        if let Ok(secret) = SecretKey::from_slice(&candidate) {
            return pair(&secret);
        }
    }
    Err(SetupError::Key("every candidate was refused".to_owned()))
}

fn pair(secret: &SecretKey) -> Result<SigningKey, SetupError> {
    // Its document holds the public point, which is most of the work at start: `ring` hands it out, so that it is computed once.
    let document = secret.to_pkcs8_der().map_err(|error| key_error(&error))?;
    let private = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_bytes(), &SystemRandom::new())
        .map_err(|error| key_error(&error))?;
    // SEC 1, section 2.3.3: a byte that says "uncompressed", and the two coordinates.
    let Some((x, y)) = private.public_key().as_ref().get(1..).and_then(|point| point.split_at_checked(32)) else {
        return Err(SetupError::Key("the public key is no point".to_owned()));
    };
    let (x, y) = (base64url(x), base64url(y));
    // RFC 7638: the thumbprint of the required members in lexicographic order, without white space.
    let thumbprint = Sha256::digest(format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#));
    let kid = base64url(&thumbprint);
    let header = base64url(format!(r#"{{"typ":"JWT","alg":"ES256","kid":"{kid}"}}"#).as_bytes());
    Ok(SigningKey { public: PublicKey { kid, x, y, published_at: 0, ended_at: None }, private, header })
}

fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn key_error(error: &dyn fmt::Display) -> SetupError {
    SetupError::Key(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "a secret of thirty-two characters";

    #[test]
    fn one_secret_gives_one_key_and_another_gives_another() {
        let key = derive(SECRET).unwrap();
        assert_eq!(key.public, derive(SECRET).unwrap().public);
        assert_ne!(key.public.kid, derive("another secret of as many characters").unwrap().public.kid);
        // Another derivation would end every token of every deployment.
        assert_eq!(key.public.kid, "pVSK9jsfgckxfjc7a66ILy00FPlidvkzjV92yJJoveY");
    }

    #[test]
    fn a_secret_that_could_be_guessed_is_refused_and_not_shown() {
        let error = derive("short").err().unwrap().to_string();
        assert_eq!(error, "the environment variable SIGNING_SECRET must have at least 32 characters");
    }
}
