//! The single table: every key, condition and transaction of the bundle, a file per entity.

mod account;
mod admin;
mod association;
mod customer;
mod engine;
mod error;
mod external_identity;
mod keys;
mod link;
mod machine;
mod mail;
mod membership;
mod once;
mod organization;
mod price_tier;
mod profile;
mod public_key;
mod role;
mod tries;

pub use account::{Account, CreatedAccount, Credential, NewAccount};
pub use admin::AdminUser;
pub use association::{
    Association, AssociationFilter, AssociationOrder, AssociationPage, Field, ListQuery, Operator, PageStart,
    UserReference, bulk_association_items,
};
pub use counted_index::{IndexFault, IndexReport};
pub use customer::{CommerceContext, Customer, CustomerChange};
pub use domain::mail::{MailId, MailKind, MailStatus};
pub use error::Error;
pub use external_identity::ExternalIdentity;
pub use keys::MAIL_PREFIX;
pub use link::{LinkKind, OpenLink};
pub use machine::MachineCredential;
pub use mail::{Claim, LEASE_SECONDS, Lease, Mail, Outbox};
pub use membership::MembershipRecord;
pub use once::{Effect, Once};
pub use organization::{
    CreatedOrganization, Creation, Entitlement, Founder, Organization, OrganizationOverview, Subscription, VersionCheck,
};
pub use price_tier::PriceTier;
pub use profile::ProfileChange;
pub use tries::{Failure, MOST_FAILURES, TRIES_WINDOW, Tries};

use claims::{AdminClaim, Principal};
use domain::{config::Config, ids::OrganizationId};
use machine::LastUses;

/// The table, for what belongs to no single organization: sign-up, sign-in, enrichment, keys and mails.
#[derive(Clone, Debug)]
pub struct Table {
    engine: dynamo::Table,
    requires_proof: bool,
    last_uses: LastUses,
}

impl Table {
    /// The records that `engine` holds.
    #[must_use]
    pub fn new(engine: dynamo::Table) -> Self {
        Self { engine, requires_proof: false, last_uses: LastUses::default() }
    }

    /// The table that `config` names.
    #[must_use]
    pub fn connect(config: &Config) -> Self {
        let engine = dynamo::Table::connect(&config.table_name, config.dynamodb_endpoint.as_deref());
        Self::new(engine).requiring_proof(config.require_verified_email)
    }

    /// The same table, where an account whose address isn't proven can be neither promoted nor associated, and new accounts
    /// are mailed the means to prove it; or where that doesn't matter.
    #[must_use]
    pub fn requiring_proof(self, requires_proof: bool) -> Self {
        Self { requires_proof, ..self }
    }

    /// The one organization that `admin` may touch. Every key that the handle can build lies in that organization's
    /// partitions, since nothing else takes an organization from a request.
    #[must_use]
    pub fn organization<'t>(&'t self, admin: &'t AdminClaim) -> OrganizationTable<'t> {
        if let Principal::Machine { client_id, .. } = admin.principal() {
            self.record_machine_use_afterwards(admin.organization_id().clone(), client_id.clone());
        }
        OrganizationTable { table: self, id: admin.organization_id(), caller: admin.principal() }
    }
}

/// One organization's part of the table, in the hands of one of its admins.
#[derive(Clone, Copy, Debug)]
pub struct OrganizationTable<'t> {
    table: &'t Table,
    id: &'t OrganizationId,
    caller: &'t Principal,
}
