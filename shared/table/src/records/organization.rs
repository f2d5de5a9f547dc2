use domain::{
    clock::now,
    ids::{OrganizationCode, OrganizationId},
    organization::OrganizationDetails,
};
use dynamo::{Expression, number, rfc3339};
use serde::{Deserialize, Serialize};

use super::is_false;
use crate::scope::{PartOf, Record};

/// An organization.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OrganizationRecord {
    /// The id.
    pub id: OrganizationId,
    /// The code, which is made of the first name and never changes.
    pub code: OrganizationCode,
    /// The details that its admins set.
    #[serde(flatten)]
    pub details: OrganizationDetails,
    /// The time of creation, RFC 3339 UTC.
    pub created_at: String,
    /// The time at which the details last changed, RFC 3339 UTC.
    pub updated_at: String,
    /// The version of the details, from 1.
    pub version: u64,
    /// The number of admins, never 0.
    pub(crate) admin_count: u64,
    /// Whether no admin has verified an address since the organization was founded. Left out where it is false.
    #[serde(rename = "unproven", skip_serializing_if = "is_false", default)]
    pub(crate) unverified: bool,
    /// Whether the index of the organization's users is complete, as a new organization's is. Never taken back.
    #[serde(skip_serializing_if = "is_false", default)]
    pub(crate) members_indexed: bool,
    /// The time from which the organization counts as gone, in seconds since the epoch, unless its founder verifies the
    /// address first.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) expires_at: Option<u64>,
    /// The keys of the plans that the organization's active subscriptions are of. Absent if there are none.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub(crate) plans: Vec<String>,
    /// The version of the subscriptions, which each change of one raises. Absent if there never was one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) subscriptions_version: Option<u64>,
    /// The version of the machine credentials, which each new one raises. Absent before the first one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) credentials_version: Option<u64>,
    /// When the last customer of an earlier version was brought into the present form, in seconds since the epoch: 0 if
    /// there was none from the start. Absent while some may be left.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) customers_indexed_at: Option<u64>,
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
            unverified: false,
            members_indexed: true,
            expires_at: None,
            plans: Vec::new(),
            subscriptions_version: None,
            credentials_version: None,
            customers_indexed_at: Some(0),
        }
    }

    /// Returns the condition that the organization ends when it did as it was read, or never.
    pub(crate) fn end_unchanged(&self) -> Expression {
        match self.expires_at {
            Some(end) => Expression::condition("expires_at = :end").value(":end", number(end)),
            None => Expression::condition("attribute_not_exists(expires_at)"),
        }
    }
}

/// What an organization's item says of the form that its customers are in.
#[derive(Clone, Copy, Deserialize)]
pub(crate) struct CustomersPlace {
    #[serde(default)]
    pub(crate) customers_indexed_at: Option<u64>,
    /// When the organization ends, if nobody verifies its founder's address.
    #[serde(default)]
    pub(crate) expires_at: Option<u64>,
}

impl PartOf<OrganizationRecord> for CustomersPlace {}

impl CustomersPlace {
    /// This value stands for the item of an organization that has no end and no customer in the earlier form. Customers
    /// never go back to that form, so the item need not be read again.
    pub(crate) const SETTLED: Self = Self { customers_indexed_at: Some(0), expires_at: None };
}

/// What an organization's item says of the form that its customers are in, and of its plans.
///
/// The attributes of the place are listed once more, because serde copies the whole item to read a flattened struct.
#[derive(Deserialize)]
pub(crate) struct CustomersPlaceAndPlans {
    #[serde(default)]
    pub(crate) customers_indexed_at: Option<u64>,
    #[serde(default)]
    pub(crate) expires_at: Option<u64>,
    #[serde(default)]
    pub(crate) plans: Vec<String>,
}

impl PartOf<OrganizationRecord> for CustomersPlaceAndPlans {}

/// An organization's current name.
#[derive(Deserialize)]
pub(crate) struct OrganizationNameOf {
    pub(crate) id: OrganizationId,
    #[serde(rename = "Name")]
    pub(crate) name: String,
}

impl PartOf<OrganizationRecord> for OrganizationNameOf {}

/// The plans that an organization is on, by its active subscriptions.
#[derive(Deserialize)]
pub(crate) struct PlansOf {
    #[serde(default)]
    pub(crate) plans: Vec<String>,
}

impl PartOf<OrganizationRecord> for PlansOf {}

/// Whether the index of an organization's users is complete.
#[derive(Deserialize)]
pub(crate) struct MembersIndexed {
    #[serde(default)]
    pub(crate) members_indexed: bool,
}

impl PartOf<OrganizationRecord> for MembersIndexed {}

/// The organization that has a name.
#[derive(Serialize, Deserialize)]
pub(crate) struct OrganizationNameRecord {
    pub(crate) organization_id: OrganizationId,
    /// Equal to the organization's, so that its name is free once it is gone.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) expires_at: Option<u64>,
}

impl Record for OrganizationNameRecord {
    const ENTITY: &'static str = "organization name";
}

/// The organization that has a code.
#[derive(Serialize, Deserialize)]
pub(crate) struct OrganizationCodeRecord {
    pub(crate) organization_id: OrganizationId,
    /// Equal to the organization's.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) expires_at: Option<u64>,
}

impl Record for OrganizationCodeRecord {
    const ENTITY: &'static str = "organization code";
}
