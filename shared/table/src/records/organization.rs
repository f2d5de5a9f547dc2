use domain::{
    clock::now,
    ids::{OrganizationCode, OrganizationId},
    organization::OrganizationDetails,
};
use dynamo::rfc3339;
use serde::{Deserialize, Serialize};

use crate::scope::{PartOf, Record};

/// An organization.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OrganizationRecord {
    /// Its id.
    pub id: OrganizationId,
    /// Its code, made of its first name and never changed.
    pub code: OrganizationCode,
    /// What it says of itself.
    #[serde(flatten)]
    pub details: OrganizationDetails,
    /// When it was created, RFC 3339 UTC.
    pub created_at: String,
    /// When its details last changed, RFC 3339 UTC.
    pub updated_at: String,
    /// Counts the changes of its details, from 1.
    pub version: u64,
    /// How many admins it has; never 0.
    pub(crate) admin_count: u64,
}

impl Record for OrganizationRecord {
    const ENTITY: &'static str = "organization";
}

impl OrganizationRecord {
    /// A new organization, with its ids and times, which stay the same however often its creation is tried.
    #[must_use]
    pub fn new(details: OrganizationDetails) -> Self {
        let created_at = rfc3339(now());
        Self {
            id: OrganizationId::random(),
            code: OrganizationCode::random(details.name.as_str()),
            details,
            updated_at: created_at.clone(),
            created_at,
            version: 1,
            admin_count: 1,
        }
    }
}

/// An organization's present name.
#[derive(Deserialize)]
pub(crate) struct OrganizationNameOf {
    pub(crate) id: OrganizationId,
    #[serde(rename = "Name")]
    pub(crate) name: String,
}

impl PartOf<OrganizationRecord> for OrganizationNameOf {}

/// The organization that has a name.
#[derive(Serialize, Deserialize)]
pub(crate) struct OrganizationNameRecord {
    pub(crate) organization_id: OrganizationId,
}

impl Record for OrganizationNameRecord {
    const ENTITY: &'static str = "organization name";
}

/// The organization that has a code.
#[derive(Serialize, Deserialize)]
pub(crate) struct OrganizationCodeRecord {
    pub(crate) organization_id: OrganizationId,
}

impl Record for OrganizationCodeRecord {
    const ENTITY: &'static str = "organization code";
}

/// What an organization subscribed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionRecord {
    /// Its id.
    pub id: String,
    /// The plan's name.
    pub plan: String,
    /// Its status; `active` while it is in force.
    pub status: String,
    /// When the paid period ends, RFC 3339 UTC.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub current_period_end: Option<String>,
    /// What the plan allows.
    #[serde(default)]
    pub entitlements: Vec<EntitlementRecord>,
}

/// Something that a plan allows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntitlementRecord {
    /// What a program calls it.
    pub key: String,
    /// What a person calls it.
    pub name: String,
    /// How much of it.
    pub value: String,
}
