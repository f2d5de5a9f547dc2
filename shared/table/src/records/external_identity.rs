use domain::ids::UserId;
use serde::{Deserialize, Serialize};

use crate::scope::Record;

/// The account that an identity of an identity provider is bound to.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Binding {
    pub(crate) user_id: UserId,
    pub(crate) issuer: String,
    pub(crate) subject: String,
}

/// A binding, found by issuer and subject.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct ExternalIdentityRecord(pub(crate) Binding);

impl Record for ExternalIdentityRecord {
    const ENTITY: &'static str = "external identity";
}

/// A binding, found by account. Its existence keeps every other identity from being bound to the account.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct AccountIdentityRecord(pub(crate) Binding);

impl Record for AccountIdentityRecord {
    const ENTITY: &'static str = "account's issuer";
}
