use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex},
};

use domain::{clock::now, mutex::lock};
use jsonwebtoken::{Algorithm, Validation, decode, decode_header, errors::ErrorKind};
use ring::digest::{SHA256, digest};

use crate::{Claims, Identity, KeySet, KeySourceError};

/// The reason why a request's token is refused.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The request has no token.
    #[error("no access token")]
    Missing,
    /// The token is malformed, wrongly signed, from another issuer or for another audience.
    #[error("the access token can't be used")]
    Invalid,
    /// The token has expired.
    #[error("the access token has expired")]
    Expired,
    /// The token is valid, but without the admin role of an organization.
    #[error("the access token doesn't hold the admin role")]
    NotAdmin,
    /// The token is valid, but of a kind that is never enriched.
    #[error("the access token is of a kind that is never enriched")]
    NotEnrichable,
    /// The token is valid, but was not asked for by an account's owner.
    #[error("the access token was not asked for by an account's owner")]
    NotOwner,
    /// The token is a machine's, and only a user may make this call.
    #[error("the caller is a machine")]
    Machine,
    /// The external token is valid, but has no address that the identity provider has verified.
    #[error("the issuer has not verified an address")]
    Unverified,
    /// The key set of the token's issuer is out of reach, so the token can be neither accepted nor refused.
    #[error("the key set of the token's issuer is out of reach")]
    Unreachable,
    /// The token's key could not be looked up, so the token can be neither accepted nor refused.
    #[error(transparent)]
    Keys(#[from] KeySourceError),
}

/// Verifies tokens: signed with ES256 by a key of the source, from our issuer, for our audience, and not expired. No
/// leeway is needed, because the clocks of one fleet make and verify the tokens.
///
/// A verified token is remembered until it expires, and accepted for as long as its key has not ended. Whether a role
/// still holds is checked elsewhere, at each call, and never remembered.
#[derive(Clone)]
pub struct Verifier {
    keys: KeySet,
    validation: Arc<Validation>,
    issuer: Arc<str>,
    audience: Arc<str>,
    verified: Arc<Mutex<HashMap<TokenHash, Verified>>>,
}

/// The number of verified tokens that are remembered.
const MAX_REMEMBERED_TOKENS: usize = 1_000;

/// A token's SHA-256. Remembered tokens are keyed by it, so that the memory of the process holds no usable token.
type TokenHash = [u8; 32];

#[derive(Clone)]
struct Verified {
    kid: String,
    claims: Arc<Claims>,
}

impl Verifier {
    /// Creates a verifier of `issuer`'s tokens for `audience`.
    #[must_use]
    pub fn new(keys: KeySet, issuer: &str, audience: &str) -> Self {
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[audience, issuer]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.validate_nbf = true;
        validation.leeway = 0;
        Self {
            keys,
            validation: Arc::new(validation),
            issuer: issuer.into(),
            audience: audience.into(),
            verified: Arc::default(),
        }
    }

    /// Returns the keys that tokens are verified with.
    #[must_use]
    pub fn keys(&self) -> &KeySet {
        &self.keys
    }

    /// Verifies `token` and returns its claims.
    ///
    /// # Errors
    /// The reason why the token can't be trusted.
    pub async fn verify(&self, token: &str) -> Result<Arc<Claims>, TokenError> {
        let hash = hash(token);
        if let Some(Verified { kid, claims }) = self.remembered(&hash) {
            if claims.exp <= now() {
                return Err(TokenError::Expired);
            }
            // The key may have ended since the token was first verified.
            self.keys.decoding_key(&kid).await?.ok_or(TokenError::Invalid)?;
            return Ok(claims);
        }
        let header = decode_header(token).map_err(|_| TokenError::Invalid)?;
        let token_type = header.typ.as_deref().and_then(TokenType::parse).ok_or(TokenError::Invalid)?;
        let kid = header.kid.filter(|_| header.alg == Algorithm::ES256).ok_or(TokenError::Invalid)?;
        let key = self.keys.decoding_key(&kid).await?.ok_or(TokenError::Invalid)?;
        match decode::<Claims>(token, &key, &self.validation) {
            Ok(token) if token.claims.aud != *self.audience_of(&token.claims.identity, token_type) => {
                Err(TokenError::Invalid)
            }
            Ok(token) => {
                let claims = Arc::new(token.claims);
                self.remember(hash, Verified { kid, claims: claims.clone() });
                Ok(claims)
            }
            Err(error) if matches!(error.kind(), ErrorKind::ExpiredSignature) => Err(TokenError::Expired),
            Err(_) => Err(TokenError::Invalid),
        }
    }

    /// Returns the audience that a token has to name: of a user token the issuer alone, so that no service takes one.
    fn audience_of(&self, identity: &Identity, token_type: TokenType) -> &str {
        match (identity, token_type) {
            (Identity::User { .. }, TokenType::AccessToken) => &self.issuer,
            (_, TokenType::Untyped) | (Identity::Organization(_) | Identity::Machine(_), _) => &self.audience,
        }
    }

    fn remembered(&self, hash: &TokenHash) -> Option<Verified> {
        lock(&self.verified).get(hash).cloned()
    }

    fn remember(&self, hash: TokenHash, verified: Verified) {
        let mut remembered = lock(&self.verified);
        if remembered.len() >= MAX_REMEMBERED_TOKENS {
            let now = now();
            remembered.retain(|_, verified| verified.claims.exp > now);
        }
        // If none has expired, all are forgotten. A flood of valid tokens then costs every other token one more
        // verification, instead of keeping new ones out for good.
        if remembered.len() >= MAX_REMEMBERED_TOKENS {
            remembered.clear();
        }
        remembered.insert(hash, verified);
    }
}

/// The type that a token's header says.
#[derive(Clone, Copy, Debug)]
enum TokenType {
    /// An access token (RFC 9068, section 2.1).
    AccessToken,
    /// A token from before tokens had that type. User tokens live for 12 hours, and an upgrade signs nobody out.
    Untyped,
}

impl TokenType {
    /// Reads a header's `typ`, whose prefix may be left out (RFC 7515, section 4.1.9).
    fn parse(typ: &str) -> Option<Self> {
        match typ.strip_prefix("application/").unwrap_or(typ).to_ascii_lowercase().as_str() {
            "at+jwt" => Some(Self::AccessToken),
            "jwt" => Some(Self::Untyped),
            _ => None,
        }
    }
}

fn hash(token: &str) -> TokenHash {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    hash
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("keys", &self.keys).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::{ClientId, OrganizationCode, OrganizationId, UserId};

    use super::*;
    use crate::{MachineAccess, MachineIdentity, PublicKey, Role, SigningKey, made_up_source::MadeUpSource};

    const ISSUER: &str = "https://api.acme.example";
    const AUDIENCE: &str = "organizations-api";

    fn key() -> SigningKey {
        SigningKey::derive("a secret of thirty-two characters").unwrap()
    }

    async fn verifier(source: &MadeUpSource) -> Verifier {
        let keys = KeySet::new(source.clone());
        keys.fill().await;
        Verifier::new(keys, ISSUER, AUDIENCE)
    }

    fn claims() -> Claims {
        let identity = Identity::User { sub: UserId::random(), sid: "session".to_owned(), email_verified: true };
        let (iss, aud) = (ISSUER.to_owned(), ISSUER.to_owned());
        let client_id = Some(ISSUER.to_owned());
        Claims { iss, aud, iat: now(), exp: now() + 60, jti: "one".to_owned(), client_id, identity }
    }

    fn machine() -> Identity {
        Identity::Machine(MachineIdentity {
            sub: ClientId::random(),
            organization_id: OrganizationId::random(),
            organization_code: OrganizationCode::random("Acme"),
            roles: vec![Role::Admin],
            access: MachineAccess::Full,
        })
    }

    #[tokio::test]
    async fn a_signed_token_says_its_claims() {
        let source = MadeUpSource::default();
        source.publish(key().public().clone());
        let verifier = verifier(&source).await;
        let claims = claims();
        let token = key().sign(&claims).unwrap();
        assert_eq!(*verifier.verify(&token).await.unwrap(), claims);
        assert_eq!(*verifier.verify(&token).await.unwrap(), claims, "by memory");
    }

    #[tokio::test]
    async fn a_token_of_another_issuer_audience_or_key_or_one_that_has_ended_is_refused() {
        let source = MadeUpSource::default();
        source.publish(key().public().clone());
        let verifier = verifier(&source).await;
        let sign = |claims: Claims| key().sign(&claims).unwrap();
        let other = SigningKey::derive("another secret of as many characters").unwrap();
        for token in [
            sign(Claims { iss: "https://evil.example".to_owned(), ..claims() }),
            sign(Claims { aud: "another".to_owned(), ..claims() }),
            sign(Claims { aud: AUDIENCE.to_owned(), ..claims() }),
            sign(Claims { identity: machine(), ..claims() }),
            other.sign(&claims()).unwrap(),
            sign(claims()).split_at(20).0.to_owned(),
            format!("{}A", sign(claims())),
            String::new(),
        ] {
            assert!(matches!(verifier.verify(&token).await, Err(TokenError::Invalid)), "{token}");
        }
        let ended = sign(Claims { exp: now() - 1, ..claims() });
        assert!(matches!(verifier.verify(&ended).await, Err(TokenError::Expired)));
    }

    #[tokio::test]
    async fn a_remembered_token_ends_with_its_key() {
        let source = MadeUpSource::default();
        source.publish(key().public().clone());
        let verifier = verifier(&source).await;
        let token = key().sign(&claims()).unwrap();
        verifier.verify(&token).await.unwrap();
        source.publish(PublicKey { ended_at: Some(now()), ..key().public().clone() });
        verifier.keys().refresh().await.unwrap();
        assert!(matches!(verifier.verify(&token).await, Err(TokenError::Invalid)));
    }
}
