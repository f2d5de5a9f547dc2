//! Access tokens and API keys: their contents, their verification, and the claims that a caller makes with them.
//!
//! *Invariant:* this crate knows no table. It reads public keys from a [`KeySource`], and its statements about a caller
//! are claims, which the table checks.

mod api_key;
mod caller;
mod credentials;
mod crypto;
mod entitlements;
mod jws;
mod key_set;
#[cfg(test)]
mod made_up_source;
mod operation;
mod operator_key;
mod principal;
mod public_key;
mod signing_key;
mod verify;

use domain::{
    ids::{ClientId, OrganizationCode, OrganizationId, UserId},
    text::{CurrencyCode, CustomerNumber, TierName},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use api_key::{ApiKey, ClientSecret, SecretHash};
pub use caller::{AccountHolder, AdminClaim, CallerClaim, TokenExchanger, UserSession};
pub use credentials::{Credentials, bearer, has_credentials};
pub use crypto::install as install_crypto;
pub use entitlements::Entitlements;
pub use jws::{JwsHeader, compact};
pub use key_set::{KeySet, KeySource, KeySourceError, KeysRead};
pub use operation::{MachineAccess, Operation};
pub use operator_key::{OperatorKey, OperatorKeys};
pub use principal::Principal;
pub use public_key::PublicKey;
pub use signing_key::{SigningError, SigningKey};
pub use verify::{TokenError, Verifier};

/// What a user is in an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Runs the organization.
    Admin,
    /// Buys for a customer of the organization.
    Customer,
}

impl Role {
    /// Returns the name of the role.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Customer => "customer",
        }
    }
}

/// What a token is for: the kind of party that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TokenUse {
    /// A user without an organization.
    User,
    /// A user in one organization.
    Organization,
    /// A machine of one organization.
    Machine,
}

/// The party that a token names, by the token's kind (`token_use`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "token_use", rename_all = "lowercase")]
pub enum Identity {
    /// A user without an organization. The token is accepted for enrichment and for the user's own account.
    User {
        /// The user.
        sub: UserId,
        /// The sign-in that the token came from (`OpenID` Connect Front-Channel Logout 1.0, section 3). Each new
        /// password changes it.
        sid: String,
        /// Whether the account's address was verified at that time (`OpenID` Connect Core 1.0, section 5.1).
        email_verified: bool,
    },
    /// A user in one organization.
    Organization(Membership),
    /// A machine of one organization.
    Machine(MachineIdentity),
}

/// A machine of one organization, as its token names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachineIdentity {
    /// The machine credential.
    pub sub: ClientId,
    /// The organization.
    #[serde(rename = "OrganizationId")]
    pub organization_id: OrganizationId,
    /// The organization's code.
    #[serde(rename = "OrgCode")]
    pub organization_code: OrganizationCode,
    /// The admin role, or none if the credential's access is restricted.
    #[serde(rename = "Roles")]
    pub roles: Vec<Role>,
    /// The credential's access when the token was made. Left out if it is full.
    #[serde(rename = "Access", skip_serializing_if = "MachineAccess::is_full", default)]
    pub access: MachineAccess,
}

/// The actor: the party that acts for a token's subject (RFC 8693, section 4.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The machine that asked for the token.
    pub sub: ClientId,
}

/// A user in one organization, as an organization token names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// The user.
    pub sub: UserId,
    /// The organization.
    #[serde(rename = "OrganizationId")]
    pub organization_id: OrganizationId,
    /// The organization's code.
    #[serde(rename = "OrgCode")]
    pub organization_code: OrganizationCode,
    /// The user's roles when the token was made.
    #[serde(rename = "Roles")]
    pub roles: Vec<Role>,
    /// The customer that the user buys for.
    #[serde(rename = "CustomerNumber", skip_serializing_if = "Option::is_none")]
    pub customer_number: Option<CustomerNumber>,
    /// The name of the customer's price tier.
    #[serde(rename = "PriceTier", skip_serializing_if = "Option::is_none")]
    pub price_tier: Option<TierName>,
    /// The customer's currency, or its tier's.
    #[serde(rename = "CurrencyCode", skip_serializing_if = "Option::is_none")]
    pub currency_code: Option<CurrencyCode>,
    /// What the organization's plans allowed when the token was made (RFC 9068, section 2.2.3.1). Absent if they allow
    /// nothing, and from tokens of before.
    #[serde(skip_serializing_if = "Entitlements::is_empty", default)]
    pub entitlements: Entitlements,
    /// The sign-in that the token came from, which the token ends with. Absent if a machine asked for the token.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sid: Option<String>,
    /// Whether the account's address was verified when the token was made. Absent if a machine asked for the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
    /// The machine that asked for the token, if the user did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub act: Option<Actor>,
}

/// A token's claims (RFC 7519, section 4.1, and the identity's own).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The issuer.
    pub iss: String,
    /// The audience: the services that accept the token. A user token's is the issuer alone, so that no other service
    /// accepts one.
    pub aud: String,
    /// The time of issue, in seconds since the epoch.
    pub iat: u64,
    /// The time of expiry, in seconds since the epoch.
    pub exp: u64,
    /// The token's id.
    pub jti: String,
    /// The client that asked for the token (RFC 9068, section 2.2): a machine's, or the issuer where a person signed in
    /// here. Absent from tokens of before.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub client_id: Option<String>,
    /// The party that the token names.
    #[serde(flatten)]
    pub identity: Identity,
}
