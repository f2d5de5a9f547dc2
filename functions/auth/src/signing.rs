//! Makes and signs tokens: by which key, for whom, and for how long.

mod key;
mod kms;

use std::{sync::Arc, time::Duration};

use shared::{
    App,
    claims::{Claims, Identity, PublicKey},
    clock,
    config::{self, Config, ConfigError},
    ids::{self, ClientId},
    problem::Problem,
    table,
};
use tokio::{sync::OnceCell, try_join};

pub use key::{Key, SetupError};

/// Seconds from a key's publication to its first signature, where another key can sign meanwhile. Verifiers may keep
/// the key set for as long.
const PUBLISH_LEAD_SECONDS: u64 = 5 * 60;

/// Makes and signs tokens.
#[derive(Clone, Debug)]
pub struct Issuer {
    key: Arc<Key>,
    /// The key that signs until the other one has been published long enough.
    previous: Option<Arc<Key>>,
    published: Arc<OnceCell<()>>,
    name: Arc<str>,
    audience: Arc<str>,
    user_ttl: Duration,
    organization_ttl: Duration,
}

/// A signed token.
pub(crate) struct Signed {
    pub(crate) token: String,
    /// Its life in seconds.
    pub(crate) expires_in: u64,
}

impl Issuer {
    /// An issuer by `SIGNING_SECRET` or `SIGNING_KEY_ARN`, `PREVIOUS_SIGNING_SECRET` or `PREVIOUS_SIGNING_KEY_ARN`
    /// (during a rotation), `ISSUER`, `AUDIENCE`, `USER_TOKEN_TTL_SECONDS` (12 hours) and `TOKEN_TTL_SECONDS` (one
    /// hour).
    ///
    /// # Errors
    /// A variable is missing or can't be used. A key of KMS that can't be had is no error here.
    pub async fn from_env() -> Result<Self, SetupError> {
        let (key, previous) = try_join!(
            biased;
            Key::from_env("SIGNING_KEY_ARN", "SIGNING_SECRET"),
            Key::from_env("PREVIOUS_SIGNING_KEY_ARN", "PREVIOUS_SIGNING_SECRET"),
        )?;
        let issuer = Self::new(key.ok_or(ConfigError::Missing("SIGNING_SECRET"))?, &Config::from_env()?)?;
        Ok(previous.into_iter().fold(issuer, Self::in_place_of))
    }

    /// Lets the issuer sign by the `previous` key until its own has been published for five minutes.
    #[must_use]
    pub fn in_place_of(self, previous: Key) -> Self {
        Self { previous: Some(Arc::new(previous)), ..self }
    }

    /// An issuer by `key`, the rest as [`Issuer::from_env`].
    ///
    /// # Errors
    /// A variable can't be used.
    pub fn new(key: Key, config: &Config) -> Result<Self, ConfigError> {
        Ok(Self {
            key: Arc::new(key),
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
    /// The table or KMS is out of reach; the next call tries again.
    pub(crate) async fn publish(&self, app: &App) -> Result<(), table::Error> {
        self.published.get_or_try_init(|| self.publish_unless_known(app)).await.copied()
    }

    async fn publish_unless_known(&self, app: &App) -> Result<(), table::Error> {
        publish_key(app, self.key.public().await?).await?;
        let Some(previous) = &self.previous else { return Ok(()) };
        match previous.public().await {
            Ok(previous) => publish_key(app, previous).await,
            // A key that is given up may be disabled by then, which must stop nobody's sign-in.
            Err(error) => {
                tracing::warn!(%error, "the previous signing key can't be had: the new one signs at once");
                Ok(())
            }
        }
    }

    /// The key that signs at this moment: one that the table has and that has not ended.
    async fn present_key(&self, app: &App) -> Result<&Key, table::Error> {
        let known = app.verifier.keys().public_keys().await?;
        let published_at = |key: &Key| {
            let public = key.known_public()?;
            known.iter().find(|known| known.kid == public.kid).map(|known| known.published_at)
        };
        let previous = self.previous.as_deref().filter(|previous| published_at(previous).is_some());
        match (published_at(&self.key), previous) {
            (Some(at), Some(previous)) if at + PUBLISH_LEAD_SECONDS > clock::now() => Ok(previous),
            (Some(_), _) => Ok(&self.key),
            (None, Some(previous)) => Ok(previous),
            (None, None) => Err(table::Error::Unavailable("the signing key is retired".to_owned())),
        }
    }

    /// The `iss` of every token.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// A token that names `identity`, for the machine that asks for it as a client, or else for a person who does so by
    /// this API itself. The token ends at `end` at the latest, in seconds since the epoch.
    pub(crate) async fn sign(
        &self,
        app: &App,
        identity: Identity,
        client: Option<&ClientId>,
        end: Option<u64>,
    ) -> Result<Signed, Problem> {
        let (life, audience) = match identity {
            Identity::User { .. } => (self.user_ttl, &self.name),
            Identity::Organization(_) | Identity::Machine(_) => (self.organization_ttl, &self.audience),
        };
        let now = clock::now();
        let life = end.map_or(life.as_secs(), |end| life.as_secs().min(end.saturating_sub(now)));
        let claims = Claims {
            iss: self.name.to_string(),
            aud: audience.to_string(),
            iat: now,
            exp: now + life,
            jti: ids::random_id(24),
            client_id: Some(client.map_or(&*self.name, ClientId::as_str).to_owned()),
            identity,
        };
        let key = self.present_key(app).await?;
        let token = key.sign(&claims).await.map_err(table::Error::from)?;
        Ok(Signed { token, expires_in: life })
    }
}

async fn publish_key(app: &App, key: &PublicKey) -> Result<(), table::Error> {
    let keys = app.verifier.keys();
    if !keys.public_keys().await?.iter().any(|known| known.kid == key.kid) {
        app.table.publish_key(&PublicKey { published_at: clock::now(), ..key.clone() }).await?;
        keys.refresh().await?;
    }
    Ok(())
}
