//! The only place that builds a key.

use claims::Role;
use domain::{
    ids::{ClientId, LinkId, OrganizationCode, OrganizationId, UserId},
    mail::MailId,
    source::Source,
    text::CustomerNumber,
};
use dynamo::Key;

/// Where the partition of every mail begins.
pub const MAIL_PREFIX: &str = "MAIL#";

/// The partition of the public signing keys.
pub(super) const PUBLIC_KEYS: &str = "KEYS";
/// Where the sort key of each of an organization's admins begins.
pub(super) const ADMIN_PREFIX: &str = "ADMIN#";
/// Where the sort key of each of an organization's machine credentials, and of each one's use, begins.
pub(super) const MACHINES_PREFIX: &str = "CLIENT";
/// Where the sort key of each of an organization's price tiers begins.
pub(super) const TIER_PREFIX: &str = "TIER#";
/// Ends a customer's number in a key: U+001F, below every character that a number may hold.
pub(super) const CUSTOMER_END: char = '\u{1f}';
/// The sort key of an organization's own item: below every other of its partition but its subscriptions.
pub(super) const ORGANIZATION: &str = "#ORG";

pub(super) fn organization_partition(id: &OrganizationId) -> String {
    format!("ORG#{id}")
}

pub(super) fn organization(id: &OrganizationId) -> Key {
    Key::new(organization_partition(id), ORGANIZATION)
}

pub(super) fn admin(organization: &OrganizationId, user: &UserId) -> Key {
    Key::new(organization_partition(organization), format!("{ADMIN_PREFIX}{user}"))
}

pub(super) fn machine(organization: &OrganizationId, client: &ClientId) -> Key {
    Key::new(organization_partition(organization), format!("{MACHINES_PREFIX}#{client}"))
}

/// When a machine's credential was last used.
pub(super) fn machine_use(organization: &OrganizationId, client: &ClientId) -> Key {
    Key::new(organization_partition(organization), format!("{MACHINES_PREFIX}USE#{client}"))
}

/// `folded` is the name as [`domain::text::fold`] gives it.
pub(super) fn organization_name(folded: &str) -> Key {
    Key::new(format!("ORGNAME#{folded}"), "ORGNAME")
}

pub(super) fn organization_code(code: &OrganizationCode) -> Key {
    Key::new(format!("ORGCODE#{code}"), "ORGCODE")
}

pub(super) fn account(user: &UserId) -> Key {
    Key::new(format!("USER#{user}"), "USER")
}

/// `folded` is the address as [`domain::text::EmailAddress::folded`] gives it.
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
        Role::Customer => "customer",
    };
    Key::new(membership_partition(user), format!("ORG#{organization}#{role}"))
}

/// `folded` is the name as [`domain::text::TierName::folded`] gives it.
pub(super) fn price_tier(organization: &OrganizationId, folded: &str) -> Key {
    Key::new(organization_partition(organization), format!("{TIER_PREFIX}{folded}"))
}

pub(super) fn tier_use(organization: &OrganizationId, tier_id: &str, counter: u8) -> Key {
    Key::new(organization_partition(organization), format!("TIERUSE#{tier_id}#{counter}"))
}

pub(super) fn customer(organization: &OrganizationId, number: &CustomerNumber) -> Key {
    Key::new(format!("ORG#{organization}#CUSTOMER"), number.as_str())
}

/// The partition of an organization's associations by user.
pub(super) fn associations_by_user(organization: &OrganizationId) -> String {
    format!("ORG#{organization}#ASSOC#U")
}

/// The partition of an organization's associations by customer.
pub(super) fn associations_by_customer(organization: &OrganizationId) -> String {
    format!("ORG#{organization}#ASSOC#C")
}

/// An association's key among those by customer: the order of keys is the order of numbers, then of users.
pub(super) fn customer_then_user(customer: &CustomerNumber, user: &UserId) -> String {
    format!("{}{CUSTOMER_END}{user}", customer.as_str())
}

pub(super) fn public_key(kid: &str) -> Key {
    Key::new(PUBLIC_KEYS, format!("KEY#{kid}"))
}

/// A one-time link.
pub(super) fn link(id: &LinkId) -> Key {
    Key::new(format!("LINK#{id}"), "LINK")
}

/// The record of a request that takes effect once, by the hash of what names it.
pub(super) fn once(hash: &str) -> Key {
    Key::new(format!("ONCE#{hash}"), "ONCE")
}

/// Whose account an identity of another issuer is bound to, by the hash of issuer and subject.
pub(super) fn external_identity(hash: &str) -> Key {
    Key::new(format!("IDENTITY#{hash}"), "IDENTITY")
}

/// Which identity of an issuer an account is bound to, by the hash of the issuer.
pub(super) fn account_issuer(user: &UserId, hash: &str) -> Key {
    Key::new(format!("USER#{user}"), format!("ISSUER#{hash}"))
}

/// `folded` is the address as [`domain::text::fold`] gives it.
pub(super) fn reset_limit(folded: &str) -> Key {
    Key::new(format!("RESETLIMIT#{folded}"), "RESETLIMIT")
}

/// Failed tries of passwords for an address, from anywhere. `folded` is the address as [`domain::text::fold`] gives it.
pub(super) fn tries_of_address(folded: &str) -> Key {
    Key::new(format!("TRIES#{folded}"), "ADDRESS")
}

/// Failed tries of passwords for an address from one source.
pub(super) fn tries_of_source(folded: &str, source: &Source) -> Key {
    Key::new(format!("TRIES#{folded}"), format!("SOURCE#{}", source.as_str()))
}

/// `folded` is the address as [`domain::text::fold`] gives it.
pub(super) fn mail_limit(folded: &str, with_link: bool) -> Key {
    Key::new(format!("MAILLIMIT#{folded}"), if with_link { "LINKS" } else { "OTHERS" })
}

/// The partition of a day's mails.
pub(super) fn mail_partition(day: &str) -> String {
    format!("{MAIL_PREFIX}{day}")
}

pub(super) fn mail(id: &MailId) -> Key {
    Key::new(mail_partition(&id.day), id.id.clone())
}
