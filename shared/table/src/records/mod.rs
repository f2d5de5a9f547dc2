//! The records that items hold, with one file for each entity. A renamed field keeps its attribute name in the table.

mod account;
mod admin;
mod association;
mod bounced_address;
mod customer;
mod delivery;
mod external_identity;
mod idempotency;
mod invitation;
mod limit;
mod link;
mod machine;
mod mail;
mod member;
mod membership;
mod organization;
mod price_tier;
mod queue;
mod subscription;

pub(crate) use account::{AccountAddress, AccountNames, AccountStatus};
pub use account::{AccountRecord, CredentialRecord};
pub(crate) use admin::AdminRecord;
pub use association::AssociationRecord;
pub(crate) use bounced_address::{BouncedAddressRecord, ProvenAt};
pub(crate) use customer::CustomerRecord;
pub(crate) use delivery::{Delivery, DeliveryStatus};
pub(crate) use external_identity::{AccountIdentityRecord, Binding, ExternalIdentityRecord};
pub(crate) use idempotency::IdempotencyRecord;
pub(crate) use invitation::{ExpectedAccountRecord, InvitationState, OpenInvitationRecord};
pub use invitation::{InvitationRecord, InvitationStatus};
pub(crate) use limit::{AttemptsItem, AttemptsRecord, LimitRecord, MailBudgetWindow};
pub use link::LinkKind;
pub(crate) use link::{InvitationReference, LinkRecord};
pub(crate) use machine::{MachineRecord, MachineUseRecord};
pub use mail::MailRecord;
pub(crate) use mail::{MailStatusOf, Welcomed};
pub use member::MemberRecord;
pub use membership::MembershipRecord;
pub use organization::OrganizationRecord;
pub(crate) use organization::{
    CustomersPlace, CustomersPlaceAndPlans, MembersIndexed, OrganizationCodeRecord, OrganizationNameOf,
    OrganizationNameRecord, PlansOf,
};
pub use price_tier::PriceTierRecord;
pub(crate) use price_tier::{TierNameRecord, TierUseRecord, USE_COUNTERS, use_counter};
pub(crate) use queue::{QueuedInvitationRecord, QueuedMailRecord, QueuedMoveRecord, ResetRequestRecord};
pub use subscription::SubscriptionRecord;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(value: &u64) -> bool {
    *value == 0
}
