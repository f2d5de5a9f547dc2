//! Associations: which customer account of the ERP a user buys for, in two counted orders.

mod filter;
mod import;
mod list;
mod plan;
mod token;

use claims::Role;
use counted_index::{CountedIndex, IndexFault, IndexReport, Order, Outcome};
use domain::{
    ids::{OrganizationId, UserId},
    text::{CustomerNumber, EmailAddress},
};
use dynamo::{Backoff, Expression, Transaction, text};
use futures_util::TryFutureExt;
use serde::{Deserialize, Serialize};

use crate::{
    Error, OrganizationTable,
    account::Standing,
    keys,
    membership::MembershipRecord,
    once::{Effect, Once},
    organization::Organization,
};

pub use filter::{AssociationFilter, Field, Operator};
pub use import::bulk_items as bulk_association_items;
pub use list::{AssociationPage, ListQuery, PageStart};

/// A user and the customer account that the user buys for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Association {
    /// The user.
    pub user_id: UserId,
    /// The customer's number, as the ERP writes it.
    pub customer_number: CustomerNumber,
}

/// How a caller names the user to be linked.
#[derive(Clone, Debug)]
pub enum UserReference {
    /// By the account's id.
    Id(UserId),
    /// By the account's address, which takes a round trip more.
    Address(EmailAddress),
}

/// What a list is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum AssociationOrder {
    /// The user's id.
    UserId,
    /// The customer's number, then the user's id.
    CustomerNumber,
}

impl AssociationOrder {
    /// Both.
    pub const ALL: [Self; 2] = [Self::UserId, Self::CustomerNumber];

    fn of(self, organization: &OrganizationId) -> Order {
        match self {
            Self::UserId => {
                Order { partition: keys::associations_by_user(organization), entity: "association by user" }
            }
            Self::CustomerNumber => {
                Order { partition: keys::associations_by_customer(organization), entity: "association by customer" }
            }
        }
    }

    fn other(self) -> Self {
        match self {
            Self::UserId => Self::CustomerNumber,
            Self::CustomerNumber => Self::UserId,
        }
    }

    /// An association's key in this order.
    fn key(self, association: &Association) -> String {
        match self {
            Self::UserId => association.user_id.to_string(),
            Self::CustomerNumber => keys::customer_then_user(&association.customer_number, &association.user_id),
        }
    }
}

/// Adds what associations need to the transaction that creates an organization.
pub(super) fn create_indexes<'t, R: Clone>(
    organization: &OrganizationId,
    transaction: Transaction<'t, R>,
    exists: &R,
) -> Result<Transaction<'t, R>, Error> {
    let orders = AssociationOrder::ALL.into_iter();
    let created = orders
        .map(|order| order.of(organization))
        .try_fold(transaction, |transaction, order| order.create(transaction, exists.clone()));
    Ok(created?)
}

impl OrganizationTable<'_> {
    /// Links a user to a customer, or moves the user to it: two round trips, three for a move, one more by address.
    ///
    /// # Errors
    /// [`Error::OrganizationGone`], [`Error::NotAdmin`], [`Error::NoUser`], [`Error::NoAccount`],
    /// [`Error::AddressUnproven`], [`Error::KeyReused`], or the table is out of
    /// reach.
    pub async fn associate(
        &self,
        user: UserReference,
        customer_number: CustomerNumber,
        once: Option<&Once>,
    ) -> Result<Effect<Association>, Error> {
        let (user_id, sent_as) = match user {
            UserReference::Id(user_id) => (user_id, "UserId"),
            UserReference::Address(email) => {
                let earlier = Once::earlier(once, self.table);
                let (account, role, earlier) =
                    tokio::join!(self.table.credential_of_mailbox(&email), self.require_admin(), earlier);
                role?;
                if let Some(earlier) = earlier? {
                    return Ok(Effect::replayed(earlier));
                }
                let account = account?;
                (account.ok_or(Error::NoAccount)?.user_id, "Email")
            }
        };
        let association = Association { user_id, customer_number };
        self.link(association, sent_as, once).await
    }

    async fn link(
        &self,
        association: Association,
        sent_as: &'static str,
        once: Option<&Once>,
    ) -> Result<Effect<Association>, Error> {
        let index = CountedIndex::new(&self.table.engine);
        let by_user = AssociationOrder::UserId.of(self.id);
        let by_customer = AssociationOrder::CustomerNumber.of(self.id);
        let user_key = AssociationOrder::UserId.key(&association);
        let customer_key = AssociationOrder::CustomerNumber.key(&association);
        let read = || async {
            tokio::try_join!(
                Once::earlier::<Association>(once, self.table),
                self.association_of(&association.user_id),
                index.locate(&by_user, &user_key).map_err(Error::from),
                index.locate(&by_customer, &customer_key).map_err(Error::from),
            )
        };
        let user = self.table.get::<Standing>(keys::account(&association.user_id));
        let organization = self.table.get::<Organization>(keys::organization(self.id));
        let (user, organization, is_admin, mut found) = tokio::join!(user, organization, self.is_admin(), read());
        let organization = organization?.ok_or_else(|| self.organization_gone())?;
        if !is_admin? {
            return Err(self.not_admin());
        }
        if let Ok((Some(earlier), ..)) = found {
            return Ok(Effect::replayed(earlier));
        }
        if matches!(found, Err(Error::KeyReused)) {
            return Err(Error::KeyReused);
        }
        let user = user?.ok_or(Error::NoUser)?;
        if self.table.requires_proof && !user.proven {
            return Err(Error::AddressUnproven(sent_as));
        }

        let membership_key = || keys::membership(&association.user_id, self.id, Role::Customer);
        let number = text(association.customer_number.as_str());
        let mut backoff = Backoff::default();
        loop {
            let (earlier, known, user_bucket, customer_bucket) = found?;
            if let Some(earlier) = earlier {
                return Ok(Effect::replayed(earlier));
            }
            let record = |transaction| Once::put(once, transaction, &association, ());
            if known.as_ref() == Some(&association) && once.is_none() {
                return Ok(Effect::new(association));
            }
            let write = index.write().beside(record)?;
            let write = match known {
                Some(known) if known == association => write,
                Some(known) => {
                    let left_key = AssociationOrder::CustomerNumber.key(&known);
                    let left_bucket = index.locate(&by_customer, &left_key).await?;
                    let moved = Expression::update("SET customer_number = :number").value(":number", number.clone());
                    let write = write.insert(&by_customer, &customer_bucket, &customer_key, &association)?;
                    write.remove(&by_customer, &left_bucket, &left_key, &Expression::default())?.beside(
                        |transaction| {
                            transaction.update(membership_key(), &moved, ())?.update(
                                counted_index::entry_key(&by_user.partition, &user_key),
                                &as_read(&known, moved),
                                (),
                            )
                        },
                    )?
                }
                None => {
                    let membership = MembershipRecord {
                        organization_id: self.id.clone(),
                        organization_code: organization.code.clone(),
                        role: Role::Customer,
                        customer_number: Some(association.customer_number.clone()),
                    };
                    write
                        .insert(&by_customer, &customer_bucket, &customer_key, &association)?
                        .insert(&by_user, &user_bucket, &user_key, &association)?
                        .beside(|transaction| transaction.put_new(membership_key(), "membership", &membership, ()))?
                }
            };
            match write.commit().await? {
                Outcome::Done => return Ok(Effect::new(association)),
                Outcome::Lost => backoff.wait_or_give_up("the associations are being changed by others").await?,
            }
            found = read().await;
        }
    }

    /// Removes a user's link: three round trips.
    ///
    /// # Errors
    /// [`Error::OrganizationGone`], [`Error::NotAdmin`], [`Error::NotAssociated`], or the table is out of reach.
    pub async fn dissociate(&self, user: &UserId) -> Result<(), Error> {
        let index = CountedIndex::new(&self.table.engine);
        let by_user = AssociationOrder::UserId.of(self.id);
        let by_customer = AssociationOrder::CustomerNumber.of(self.id);
        let mut backoff = Backoff::default();
        loop {
            let user_bucket = index.locate(&by_user, user.as_str()).map_err(Error::from);
            let (known, user_bucket, ()) =
                tokio::try_join!(self.association_of(user), user_bucket, self.require_admin())?;
            let known = known.ok_or(Error::NotAssociated)?;
            let customer_key = AssociationOrder::CustomerNumber.key(&known);
            let customer_bucket = index.locate(&by_customer, &customer_key).await?;
            let membership = keys::membership(user, self.id, Role::Customer);
            let write = index
                .write()
                .remove(&by_user, &user_bucket, user.as_str(), &as_read(&known, Expression::default()))?
                .remove(&by_customer, &customer_bucket, &customer_key, &Expression::default())?
                .beside(|transaction| transaction.delete(membership, &Expression::default(), ()))?;
            match write.commit().await? {
                Outcome::Done => return Ok(()),
                Outcome::Lost => backoff.wait_or_give_up("the associations are being changed by others").await?,
            }
        }
    }

    async fn association_of(&self, user: &UserId) -> Result<Option<Association>, Error> {
        let partition = keys::associations_by_user(self.id);
        self.table.get(counted_index::entry_key(&partition, user.as_str())).await
    }
}

/// Adds the condition that the user's customer is still the one that was read.
fn as_read(association: &Association, terms: Expression) -> Expression {
    terms.and_condition("customer_number = :known").value(":known", text(association.customer_number.as_str()))
}

impl super::Table {
    /// Walks both orders of an organization's associations and says whether every count is right.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn verify_associations(&self, organization: &OrganizationId) -> Result<[IndexReport; 2], Error> {
        let index = CountedIndex::new(&self.engine);
        let [by_user, by_customer] = AssociationOrder::ALL.map(|order| order.of(organization));
        let (mut by_user, mut by_customer) = tokio::try_join!(index.verify(&by_user), index.verify(&by_customer))?;
        if by_user.entries != by_customer.entries {
            for report in [&mut by_user, &mut by_customer] {
                report.faults.push(IndexFault::OrdersDiffer);
            }
        }
        Ok([by_user, by_customer])
    }
}
