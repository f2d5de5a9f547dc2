//! The single table: every key, condition and transaction of the bundle, a file per entity.

pub(crate) mod access;
mod account;
mod admin;
mod association;
mod client;
mod contest;
mod counted_index;
mod customer;
mod error;
mod external_identity;
mod item;
mod keys;
mod limit;
mod link;
mod machine;
mod mail;
mod membership;
mod once;
mod organization;
mod price_tier;
mod profile;
mod public_key;
mod read;
mod role;
mod transaction;
mod tries;
mod write;

pub use account::{Account, CreatedAccount, Credential, NewAccount};
pub use admin::AdminUser;
pub use association::{
    Association, AssociationFilter, AssociationOrder, AssociationPage, Field, ListQuery, Operator, PageStart,
    UserReference, bulk_association_items,
};
pub use counted_index::{IndexFault, IndexReport};
pub use customer::{CommerceContext, Customer, CustomerChange};
pub use error::Error;
pub use external_identity::ExternalIdentity;
pub use keys::MAIL_PREFIX;
pub use link::{LinkKind, OpenLink};
pub use machine::{MachineCredential, NotedUses};
pub use mail::{Claim, LEASE_SECONDS, Lease, Mail, MailId, MailKind, MailStatus, Outbox};
pub use membership::MembershipRecord;
pub use once::{Effect, Once};
pub use organization::{
    CreatedOrganization, Creation, Entitlement, Founder, Organization, OrganizationOverview, Subscription, VersionCheck,
};
pub use price_tier::PriceTier;
pub use profile::ProfileChange;
pub use tries::{Failure, MOST_FAILURES, TRIES_WINDOW, Tries};

use std::sync::Arc;

use aws_sdk_dynamodb::Client;

use crate::{
    claims::{Admin, Principal},
    ids::OrganizationId,
};

/// The table, for what belongs to no single organization: sign-up, sign-in, enrichment, keys and mails.
#[derive(Clone, Debug)]
pub struct Table {
    client: Client,
    name: Arc<str>,
    requires_proof: bool,
}

impl Table {
    /// The table called `name`, reached by `client`, which should come from [`Table::client_config`].
    #[must_use]
    pub fn new(client: Client, name: &str) -> Self {
        Self { client, name: name.into(), requires_proof: false }
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
    pub fn organization<'t>(&'t self, admin: &'t Admin) -> OrganizationTable<'t> {
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
