//! All keys of the table are built here and nowhere else.

use claims::{PublicKey, Role};
use counted_index::{Order, entry_key};
use domain::{
    ids::{ClientId, InvitationId, LinkId, OrganizationCode, OrganizationId, UserId},
    mail::MailId,
    source::Source,
    text::{CustomerNumber, FoldedAddress},
};
use dynamo::Item;

use super::{Key, OrganizationKey, OrganizationPartition, Partition};
use crate::{
    QueueEntry,
    records::{
        AccountIdentityRecord, AccountRecord, AdminRecord, AttemptsRecord, BouncedAddressRecord, CredentialRecord,
        CustomerRecord, ExpectedAccountRecord, ExternalIdentityRecord, IdempotencyRecord, InvitationRecord,
        LimitRecord, LinkRecord, MachineRecord, MachineUseRecord, MailRecord, MembershipRecord, OpenInvitationRecord,
        OrganizationCodeRecord, OrganizationNameRecord, OrganizationRecord, PriceTierRecord, QueuedInvitationRecord,
        QueuedMailRecord, QueuedMoveRecord, ResetRequestRecord, SubscriptionRecord, TierNameRecord, TierUseRecord,
    },
};

/// The prefix of the partitions of the outbox's queue.
pub const QUEUE_PREFIX: &str = "WAIT#";

/// The prefix of every mail's partition.
const MAIL_PREFIX: &str = "MAIL#";

/// The partition of the public signing keys.
const PUBLIC_KEYS: &str = "KEYS";
/// The prefix of the sort keys of an organization's admins.
pub(crate) const ADMIN_PREFIX: &str = "ADMIN#";
/// The prefix of the sort keys of an organization's machine credentials, and of their uses.
pub(crate) const MACHINES_PREFIX: &str = "CLIENT";
/// The prefix of the sort keys of an organization's price tiers.
pub(crate) const TIER_PREFIX: &str = "TIER#";
/// The prefix of the sort keys of public signing keys.
pub(crate) const PUBLIC_KEY_PREFIX: &str = "KEY#";
/// The sort key of an account's binding to an external identity. Earlier versions let an account have one at each
/// issuer, and put the issuer's hash behind it.
pub(crate) const ACCOUNT_IDENTITY_PREFIX: &str = "ISSUER";
/// The prefix of the sort keys of a user's memberships.
pub(crate) const MEMBERSHIP_PREFIX: &str = "ORG#";
/// The character after a value in a key that goes on behind it: U+001F. It sorts below every character that a value may
/// hold, so that `A` comes before `AB`.
pub(crate) const KEY_END: char = '\u{1f}';
/// The sort key of every credential.
pub(crate) const CREDENTIAL: &str = "EMAIL";
/// The prefix of the sort keys of an organization's subscriptions.
pub(crate) const SUBSCRIPTION_PREFIX: &str = "#SUB#";
/// The sort key of an organization's own item: below every other of its partition but its subscriptions.
pub(crate) const ORGANIZATION: &str = "#ORG";

/// Returns the partition of an organization's own item, its subscriptions, admins, machines and price tiers.
pub(crate) fn organization_partition(id: &OrganizationId) -> OrganizationPartition {
    OrganizationPartition::new(format!("ORG#{id}"))
}

/// Returns the organization in whose own partition an item is.
pub(crate) fn organization_of(item: &Item) -> Option<OrganizationId> {
    let partition = item.get("pk").and_then(|partition| partition.as_s().ok())?;
    OrganizationId::parse(partition.strip_prefix("ORG#")?)
}

fn in_organization<R>(id: &OrganizationId, sk: impl Into<String>) -> OrganizationKey<R> {
    OrganizationKey::new(format!("ORG#{id}"), sk)
}

pub(crate) fn organization(id: &OrganizationId) -> OrganizationKey<OrganizationRecord> {
    in_organization(id, ORGANIZATION)
}

pub(crate) fn admin(organization: &OrganizationId, user: &UserId) -> OrganizationKey<AdminRecord> {
    in_organization(organization, format!("{ADMIN_PREFIX}{user}"))
}

pub(crate) fn machine(organization: &OrganizationId, client: &ClientId) -> OrganizationKey<MachineRecord> {
    in_organization(organization, format!("{MACHINES_PREFIX}#{client}"))
}

/// Returns the key of the last use of a machine credential.
pub(crate) fn machine_use(organization: &OrganizationId, client: &ClientId) -> OrganizationKey<MachineUseRecord> {
    in_organization(organization, format!("{MACHINES_PREFIX}USE#{client}"))
}

pub(crate) fn subscription(organization: &OrganizationId, id: &str) -> OrganizationKey<SubscriptionRecord> {
    in_organization(organization, format!("{SUBSCRIPTION_PREFIX}{id}"))
}

/// `folded` is the name as [`domain::text::fold`] gives it.
pub(crate) fn organization_name(folded: &str) -> Key<OrganizationNameRecord> {
    Key::new(format!("ORGNAME#{folded}"), "ORGNAME")
}

pub(crate) fn organization_code(code: &OrganizationCode) -> Key<OrganizationCodeRecord> {
    Key::new(format!("ORGCODE#{code}"), "ORGCODE")
}

pub(crate) fn account(user: &UserId) -> Key<AccountRecord> {
    Key::new(format!("USER#{user}"), "USER")
}

pub(crate) fn credential(address: &FoldedAddress) -> Key<CredentialRecord> {
    Key::new(format!("EMAIL#{}", address.as_str()), CREDENTIAL)
}

/// Returns the folded address that the partition of a credential names.
pub(crate) fn address_of(partition: &str) -> Option<&str> {
    partition.strip_prefix("EMAIL#")
}

/// Returns the partition of a user's memberships.
pub(crate) fn memberships(user: &UserId) -> Partition<MembershipRecord> {
    Partition::new(format!("MEMBER#{user}"))
}

/// Returns the first and the last sort key of a user's memberships beyond those in one organization, or of all.
pub(crate) fn memberships_after(organization: Option<&OrganizationId>) -> (String, String) {
    let from = organization.map_or_else(|| MEMBERSHIP_PREFIX.to_owned(), |id| format!("{MEMBERSHIP_PREFIX}{id}#~"));
    (from, format!("{MEMBERSHIP_PREFIX}~"))
}

/// Returns the key of a membership. Each role has an item of its own, so that writes of different roles don't conflict.
pub(crate) fn membership(user: &UserId, organization: &OrganizationId, role: Role) -> Key<MembershipRecord> {
    let role = match role {
        Role::Admin => "admin",
        Role::Customer => "customer",
    };
    Key::new(format!("MEMBER#{user}"), format!("{MEMBERSHIP_PREFIX}{organization}#{role}"))
}

pub(crate) fn price_tier(organization: &OrganizationId, tier_id: &str) -> OrganizationKey<PriceTierRecord> {
    in_organization(organization, format!("{TIER_PREFIX}{tier_id}"))
}

/// Returns the key that earlier versions gave a tier, and changed with its name. `folded` is the name as
/// [`domain::text::TierName::folded`] gives it.
pub(crate) fn earlier_price_tier(organization: &OrganizationId, folded: &str) -> OrganizationKey<PriceTierRecord> {
    in_organization(organization, format!("{TIER_PREFIX}{folded}"))
}

/// Returns the key of the item that makes a tier's name unique. `folded` is the name as
/// [`domain::text::TierName::folded`] gives it.
pub(crate) fn tier_name(organization: &OrganizationId, folded: &str) -> OrganizationKey<TierNameRecord> {
    in_organization(organization, format!("TIERNAME#{folded}"))
}

/// Returns the key of one of the counters of the customers on a tier.
pub(crate) fn tier_use(organization: &OrganizationId, tier_id: &str, counter: u8) -> OrganizationKey<TierUseRecord> {
    in_organization(organization, format!("TIERUSE#{tier_id}#{counter}"))
}

/// Returns the key of a customer: its entry in the order by number.
pub(crate) fn customer(organization: &OrganizationId, number: &CustomerNumber) -> OrganizationKey<CustomerRecord> {
    let dynamo::Key { pk, sk } = entry_key(&customers_by_number(organization).partition, number.as_str());
    OrganizationKey::new(pk, sk)
}

/// Returns the order of an organization's customers by number.
pub(crate) fn customers_by_number(organization: &OrganizationId) -> Order {
    Order { partition: format!("ORG#{organization}#CUSTOMERS#N"), entity: "customer by number" }
}

/// Returns the order of an organization's customers by company name.
pub(crate) fn customers_by_company(organization: &OrganizationId) -> Order {
    Order { partition: format!("ORG#{organization}#CUSTOMERS#C"), entity: "customer by company" }
}

/// Returns the key that earlier versions gave a customer.
pub(crate) fn earlier_customer(
    organization: &OrganizationId,
    number: &CustomerNumber,
) -> OrganizationKey<CustomerRecord> {
    OrganizationKey::new(earlier_customers(organization).into_name(), number.as_str())
}

/// Returns the partition of the customers of earlier versions.
pub(crate) fn earlier_customers(organization: &OrganizationId) -> OrganizationPartition {
    OrganizationPartition::new(format!("ORG#{organization}#CUSTOMER"))
}

/// Returns the order of an organization's associations by user.
pub(crate) fn associations_by_user(organization: &OrganizationId) -> Order {
    Order { partition: format!("ORG#{organization}#ASSOC#U"), entity: "association by user" }
}

/// Returns the order of an organization's associations by customer.
pub(crate) fn associations_by_customer(organization: &OrganizationId) -> Order {
    Order { partition: format!("ORG#{organization}#ASSOC#C"), entity: "association by customer" }
}

/// Returns an association's key in the order by customer. Keys sort by the customer's number, and then by user.
pub(crate) fn customer_then_user(customer: &CustomerNumber, user: &UserId) -> String {
    format!("{}{KEY_END}{user}", customer.as_str())
}

/// Returns the order of an organization's users, and of those who are invited, by e-mail address.
pub(crate) fn members_by_email(organization: &OrganizationId) -> Order {
    Order { partition: format!("ORG#{organization}#USERS#E"), entity: "member by address" }
}

/// Returns the order of an organization's users, and of those who are invited, by user id.
pub(crate) fn members_by_user(organization: &OrganizationId) -> Order {
    Order { partition: format!("ORG#{organization}#USERS#U"), entity: "member by user" }
}

/// The prefix of the sort keys of an organization's invitations.
pub(crate) const INVITATION_PREFIX: &str = "INVITATION#";

/// Returns the partition of an organization's invitations.
pub(crate) fn invitations(organization: &OrganizationId) -> OrganizationPartition {
    OrganizationPartition::new(format!("ORG#{organization}#INVITATIONS"))
}

pub(crate) fn invitation(organization: &OrganizationId, id: &InvitationId) -> OrganizationKey<InvitationRecord> {
    OrganizationKey::new(format!("ORG#{organization}#INVITATIONS"), format!("{INVITATION_PREFIX}{id}"))
}

/// Returns the key of the item that makes the open invitation of an address unique. `hash` is of the folded address,
/// which may be longer than a sort key.
pub(crate) fn open_invitation(organization: &OrganizationId, hash: &str) -> OrganizationKey<OpenInvitationRecord> {
    OrganizationKey::new(format!("ORG#{organization}#INVITATIONS"), format!("OPEN#{hash}"))
}

/// Returns the key of the id that the account of an invited address will have.
pub(crate) fn expected_account(address: &FoldedAddress) -> Key<ExpectedAccountRecord> {
    Key::new(format!("EXPECTED#{}", address.as_str()), "EXPECTED")
}

/// The partition of the public signing keys.
pub(crate) fn public_keys() -> Partition<PublicKey> {
    Partition::new(PUBLIC_KEYS)
}

pub(crate) fn public_key(kid: &str) -> Key<PublicKey> {
    Key::new(PUBLIC_KEYS, format!("{PUBLIC_KEY_PREFIX}{kid}"))
}

/// Returns the key of a one-time link.
pub(crate) fn link(id: &LinkId) -> Key<LinkRecord> {
    Key::new(format!("LINK#{id}"), "LINK")
}

/// Returns the key of a request's idempotency record. `hash` is of the caller, the route and the idempotency key.
pub(crate) fn idempotency(hash: &str) -> Key<IdempotencyRecord> {
    Key::new(format!("ONCE#{hash}"), "ONCE")
}

/// Returns the key of an external identity's binding to an account. `hash` is of the issuer and subject.
pub(crate) fn external_identity(hash: &str) -> Key<ExternalIdentityRecord> {
    Key::new(format!("IDENTITY#{hash}"), "IDENTITY")
}

/// Returns the key of an account's binding to an external identity: an account has one at most.
pub(crate) fn account_identity(user: &UserId) -> Key<AccountIdentityRecord> {
    Key::new(format!("USER#{user}"), ACCOUNT_IDENTITY_PREFIX)
}

/// Returns the partition of an account's bindings to external identities.
pub(crate) fn account_identities(user: &UserId) -> Partition<AccountIdentityRecord> {
    Partition::new(format!("USER#{user}"))
}

/// Returns the key of what is kept of an address that a mail bounced at.
pub(crate) fn bounced_address(address: &FoldedAddress) -> Key<BouncedAddressRecord> {
    Key::new(format!("BOUNCED#{}", address.as_str()), "BOUNCED")
}

/// Returns the key of the limit on mails that reset a password.
pub(crate) fn reset_limit(address: &FoldedAddress) -> Key<LimitRecord> {
    Key::new(format!("RESETLIMIT#{}", address.as_str()), "RESETLIMIT")
}

/// Returns the key of the limit on mails that confirm a new address.
pub(crate) fn change_limit(address: &FoldedAddress) -> Key<LimitRecord> {
    Key::new(format!("CHANGELIMIT#{}", address.as_str()), "CHANGELIMIT")
}

/// Returns the key of the limit on accounts and organizations from a source. `window` is the number of the hour.
pub(crate) fn creations_of_source(source: &Source, window: u64) -> Key<LimitRecord> {
    Key::new(format!("SOURCELIMIT#{}", source.as_str()), format!("CREATIONS#{window}"))
}

/// Returns the key of the limit on mails that a source asks for. `window` is the number of the hour.
pub(crate) fn mails_asked_for(source: &Source, window: u64) -> Key<LimitRecord> {
    Key::new(format!("SOURCELIMIT#{}", source.as_str()), format!("MAILS#{window}"))
}

/// Returns the key of the limit on an organization's invitations. `window` is the number of the day.
pub(crate) fn invitations_of(organization: &OrganizationId, window: u64) -> OrganizationKey<LimitRecord> {
    in_organization(organization, format!("LIMIT#INVITATIONS#{window}"))
}

/// Returns the key of the failed login attempts for an address from all sources.
pub(crate) fn attempts_for_address(address: &FoldedAddress) -> Key<AttemptsRecord> {
    Key::new(format!("TRIES#{}", address.as_str()), "ADDRESS")
}

/// Returns the key of the failed login attempts for an address from one source.
pub(crate) fn attempts_from_source(address: &FoldedAddress, source: &Source) -> Key<AttemptsRecord> {
    Key::new(format!("TRIES#{}", address.as_str()), format!("SOURCE#{}", source.as_str()))
}

/// Returns the key of the failed login attempts from one source, whatever the addresses. No address is a source, since
/// every address has an `@`.
pub(crate) fn attempts_of_source(source: &Source) -> Key<AttemptsRecord> {
    Key::new(format!("TRIES#{}", source.as_str()), "ADDRESSES")
}

/// Returns the key of the failed login attempts for an address since its last success.
pub(crate) fn failures_since_success(address: &FoldedAddress) -> Key<AttemptsRecord> {
    Key::new(format!("TRIES#{}", address.as_str()), "FAILURES")
}

/// Returns the key of the last success of an address from one source.
pub(crate) fn known_source(address: &FoldedAddress, source: &Source) -> Key<AttemptsRecord> {
    Key::new(format!("TRIES#{}", address.as_str()), format!("KNOWN#{}", source.as_str()))
}

/// Returns the key of the limit on an organization's mails to a mailbox. `hash` is of the mailbox, which may be longer
/// than a sort key.
pub(crate) fn mail_budget(organization: &OrganizationId, hash: &str) -> OrganizationKey<LimitRecord> {
    in_organization(organization, format!("MAILS#{hash}"))
}

/// Returns the key of the limit on sign-ups with the tagged addresses of a mailbox.
pub(crate) fn tagged_sign_ups(mailbox: &str) -> Key<LimitRecord> {
    Key::new(format!("TAGGED#{mailbox}"), "TAGGED")
}

/// Returns a partition of the outbox's queue.
pub(crate) fn queue_shard(number: u8) -> Partition<QueueEntry> {
    Partition::new(format!("{QUEUE_PREFIX}{number}"))
}

fn in_queue<R>(entry: &QueueEntry) -> Key<R> {
    Key::new(format!("{QUEUE_PREFIX}{}", entry.shard()), entry.sort_key())
}

pub(crate) fn queued_mail(entry: &QueueEntry) -> Key<QueuedMailRecord> {
    in_queue(entry)
}

pub(crate) fn queued_move(entry: &QueueEntry) -> Key<QueuedMoveRecord> {
    in_queue(entry)
}

pub(crate) fn queued_invitation(entry: &QueueEntry) -> Key<QueuedInvitationRecord> {
    in_queue(entry)
}

pub(crate) fn reset_request(entry: &QueueEntry) -> Key<ResetRequestRecord> {
    in_queue(entry)
}

/// Returns the partition of a day's mails.
pub(crate) fn mails(day: &str) -> Partition<MailRecord> {
    Partition::new(format!("{MAIL_PREFIX}{day}"))
}

pub(crate) fn mail(id: &MailId) -> Key<MailRecord> {
    Key::new(format!("{MAIL_PREFIX}{}", id.day), id.id.clone())
}
