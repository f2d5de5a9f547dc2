//! The single table: every key, record, condition and transaction of the bundle, a file per use case.
//!
//! *Invariant:* this crate knows no HTTP: neither statuses, nor what a request calls a field.

mod accounts;
mod address_change;
mod address_move;
mod admins;
mod associations;
mod bounces;
mod bulk;
mod create_organization;
mod customers;
mod error;
mod external_identities;
mod idempotency;
mod indexes;
mod invitations;
mod leave;
mod limits;
mod links;
mod lists;
mod login_attempts;
mod machines;
mod mail_budgets;
mod members;
mod memberships;
mod outbox;
mod price_tiers;
mod profile;
mod queue;
mod records;
mod rekey_addresses;
mod remembered;
mod resets;
mod scope;
mod settings;
mod signing_keys;
mod subscriptions;

pub use accounts::{CreatedAccount, NewAccount};
pub use admins::AdminUser;
pub use associations::{
    AssociationField, AssociationOrder, AssociationRow, Associations, UserReference, bulk_association_items,
};
pub use bounces::Feedback;
pub use bulk::RowOutcome;
pub use counted_index::{IndexFault, IndexReport, KeyRange, KeyRanges, Rebuilt};
pub use create_organization::{CreatedOrganization, Creation, Founder};
pub use customers::{
    BroughtOverCustomers, Customer, CustomerChange, CustomerField, CustomerOrder, CustomerPatch, Customers,
    MemberCustomer,
};
pub use domain::mail::{MailId, MailKind, MailStatus};
pub use error::{
    AcceptError, AddressChangeError, AdminError, AssociationError, CustomerError, Error, ExternalIdentityError,
    InvitationError, LeaveError, LinkError, ListError, LoginAttemptsError, MachineError, PriceTierError, ProfileError,
    RemovalError, SessionEnded, SettingsError, SignUpError, SubscriptionError,
};
pub use external_identities::ExternalIdentity;
pub use idempotency::{IdempotencyKey, Replayable};
pub use indexes::{IndexesInForm, RebuiltIndexes, VerifiedIndexes, index_partitions};
pub use invitations::{Acceptance, Accepted, NewInvitation, OpenInvitation, OpenedLink};
pub use limits::Limited;
pub use links::OpenLink;
pub use lists::{
    KeyForm, ListFilter, ListPage, ListQuery, Listed, Named, Operator, PageStart, Values, filter_ranges, page_token,
};
pub use login_attempts::{AllowedAttempt, AttemptsLeft, LoginAttempts};
pub use machines::{MachineCredential, MachineGrant, NewMachine};
pub use members::{IndexedMembers, ListedMember, MemberField, MemberOrder, Members};
pub use memberships::{MembershipPage, UserOrganization};
pub use outbox::{Claim, LEASE_SECONDS, Lease, Outbox};
pub use price_tiers::BroughtOverTiers;
pub use profile::ProfileChange;
pub use queue::{DueEntries, QueueEntry, QueuedMessage};
pub use records::{
    AccountRecord, AssociationRecord, CredentialRecord, InvitationRecord, InvitationStatus, LinkKind, MailRecord,
    MemberRecord, MembershipRecord, OrganizationRecord, PriceTierRecord, SubscriptionRecord,
};
pub use rekey_addresses::RekeyedAddresses;
pub use scope::{OrganizationScope, QUEUE_PREFIX, Table};
pub use settings::OrganizationOverview;
pub use subscriptions::{EventKind, EventOutcome, NotedPlans, PlanLimitReached, SubscriptionEvent};
