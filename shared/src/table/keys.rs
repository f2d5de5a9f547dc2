//! The only place that builds a key.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::mail::MailId;
use crate::{
    claims::Role,
    ids::{OrganizationCode, OrganizationId, UserId},
};

/// Where the partition of every mail begins.
pub const MAIL_PREFIX: &str = "MAIL#";

/// The partition of the public signing keys.
pub(super) const PUBLIC_KEYS: &str = "KEYS";
/// Where the sort key of each of an organization's admins begins.
pub(super) const ADMIN_PREFIX: &str = "ADMIN#";
/// The sort key of an organization's own item: below every other of its partition but its subscriptions.
pub(super) const ORGANIZATION: &str = "#ORG";

/// An item's address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) pk: String,
    pub(super) sk: String,
}

impl Key {
    fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self { pk: pk.into(), sk: sk.into() }
    }

    pub(super) fn attributes(self) -> HashMap<String, AttributeValue> {
        HashMap::from([("pk".to_owned(), AttributeValue::S(self.pk)), ("sk".to_owned(), AttributeValue::S(self.sk))])
    }
}

pub(super) fn organization_partition(id: &OrganizationId) -> String {
    format!("ORG#{id}")
}

pub(super) fn organization(id: &OrganizationId) -> Key {
    Key::new(organization_partition(id), ORGANIZATION)
}

pub(super) fn admin(organization: &OrganizationId, user: &UserId) -> Key {
    Key::new(organization_partition(organization), format!("{ADMIN_PREFIX}{user}"))
}

/// `folded` is the name as [`crate::text::fold`] gives it.
pub(super) fn organization_name(folded: &str) -> Key {
    Key::new(format!("ORGNAME#{folded}"), "ORGNAME")
}

pub(super) fn organization_code(code: &OrganizationCode) -> Key {
    Key::new(format!("ORGCODE#{code}"), "ORGCODE")
}

pub(super) fn account(user: &UserId) -> Key {
    Key::new(format!("USER#{user}"), "USER")
}

/// `folded` is the address as [`crate::text::EmailAddress::folded`] gives it.
pub(super) fn credential(folded: &str) -> Key {
    Key::new(format!("EMAIL#{folded}"), "EMAIL")
}

pub(super) fn membership_partition(user: &UserId) -> String {
    format!("MEMBER#{user}")
}

/// One item a role, so that neither write touches the other's.
pub(super) fn membership(user: &UserId, organization: &OrganizationId, role: Role) -> Key {
    let role = match role {
        Role::Admin => "admin",
    };
    Key::new(membership_partition(user), format!("ORG#{organization}#{role}"))
}

pub(super) fn public_key(kid: &str) -> Key {
    Key::new(PUBLIC_KEYS, format!("KEY#{kid}"))
}

pub(super) fn mail(id: &MailId) -> Key {
    Key::new(format!("{MAIL_PREFIX}{}", id.day), id.id.clone())
}
