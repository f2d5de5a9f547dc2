use std::fmt;

use domain::{
    digest::sha256_hex,
    ids::{ClientId, OrganizationId, random_id},
};
use serde::{Deserialize, Serialize};

/// The prefix of every API key, by which scanners for leaked secrets recognize one.
const PREFIX: &str = "orgkey";
/// 50 characters of `a-z0-9` hold 258 bits.
const SECRET_LENGTH: usize = 50;

/// The SHA-256 of a machine's secret, in hex. A secret of 258 random bits needs no slow hash. Hashes need no comparison
/// in constant time, because a hash that nearly matches says nothing about the secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretHash(String);

impl SecretHash {
    /// Hashes the secret that a caller presents.
    #[must_use]
    pub fn of(secret: &str) -> Self {
        Self(sha256_hex(&[secret]))
    }

    /// Returns the hash as it is stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A machine's secret. One answer shows it; only its hash is stored.
pub struct ClientSecret(String);

impl ClientSecret {
    /// Generates a secret.
    #[must_use]
    pub fn random() -> Self {
        Self(random_id(SECRET_LENGTH))
    }

    /// Returns the secret itself, for the one answer that shows it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns the hash to be stored.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        SecretHash::of(&self.0)
    }

    /// Returns the API key with this secret. The key names the organization and the machine, so that one read checks
    /// it.
    #[must_use]
    pub fn api_key(&self, organization: &OrganizationId, client: &ClientId) -> String {
        let client = client.as_str().strip_prefix("client_").unwrap_or_default();
        format!("{PREFIX}_{organization}_{client}_{}", self.0)
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret")
    }
}

/// An API key that a caller presents. Only the live role check against the table tells whether it is valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// The organization that it names.
    pub organization_id: OrganizationId,
    /// The machine that it names.
    pub client_id: ClientId,
    /// The hash of its secret.
    pub secret_hash: SecretHash,
}

impl ApiKey {
    /// Parses an API key. Returns `None` if `text` has another form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix(PREFIX)?.strip_prefix('_')?.split('_');
        let (organization, client, secret) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || secret.len() != SECRET_LENGTH {
            return None;
        }
        Some(Self {
            organization_id: OrganizationId::parse(organization)?,
            client_id: ClientId::parse(&format!("client_{client}"))?,
            secret_hash: SecretHash::of(secret),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_its_organization_and_machine_and_anything_else_is_none() {
        let (organization, client, secret) = (OrganizationId::random(), ClientId::random(), ClientSecret::random());
        let key = secret.api_key(&organization, &client);
        let parsed = ApiKey { organization_id: organization, client_id: client, secret_hash: secret.hash() };
        assert_eq!(ApiKey::parse(&key), Some(parsed));
        for other in [format!("{key}_"), format!("{key}0"), key[1..].to_owned(), key.to_uppercase(), String::new()] {
            assert_eq!(ApiKey::parse(&other), None, "{other}");
        }
    }
}
