//! Associations: which customer account of the ERP a user buys for, in two orders.

use serde::{Deserialize, Serialize};

use super::{
    Error, OrganizationTable,
    contest::Contest,
    item::from_item,
    keys,
    membership::MembershipRecord,
    organization::Organization,
    read::Range,
    transaction::{Refused, Terms, Transaction, text},
};
use crate::{
    claims::Role,
    ids::{OrganizationCode, UserId},
    text::{CustomerNumber, EmailAddress},
};

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssociationOrder {
    /// The user's id.
    UserId,
    /// The customer's number, then the user's id.
    CustomerNumber,
}

/// What a filter looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The user's id.
    UserId,
    /// The customer's number.
    CustomerNumber,
}

/// How a filter compares: by Unicode code point, minding case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// Begins with the value.
    StartsWith,
    /// Holds the value.
    Contains,
    /// Doesn't hold the value.
    NotContains,
    /// Ends with the value.
    EndsWith,
    /// Is the value.
    Equals,
    /// Isn't the value.
    NotEquals,
    /// Comes after the value.
    Gt,
    /// Is the value or comes after it.
    Gte,
    /// Comes before the value.
    Lt,
    /// Is the value or comes before it.
    Lte,
}

/// A condition that every listed association keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssociationFilter {
    /// What it looks at.
    pub field: Field,
    /// How it compares.
    pub operator: Operator,
    /// What it compares with, taken as it is.
    pub value: String,
}

/// Which associations to list.
#[derive(Clone, Debug)]
pub struct ListQuery {
    /// What they are sorted by.
    pub order: AssociationOrder,
    /// From the last to the first.
    pub descending: bool,
    /// What all of them keep.
    pub filters: Vec<AssociationFilter>,
    /// The page, from 1.
    pub page: u64,
    /// The most associations on a page.
    pub size: u64,
}

/// A page of associations.
#[derive(Clone, Debug)]
pub struct AssociationPage {
    /// Those on the page.
    pub rows: Vec<Association>,
    /// How many there are on all pages.
    pub total: u64,
}

impl AssociationFilter {
    fn keeps(&self, row: &Association) -> bool {
        let field = match self.field {
            Field::UserId => row.user_id.as_str(),
            Field::CustomerNumber => row.customer_number.as_str(),
        };
        let value = self.value.as_str();
        // The order of UTF-8 is the order of code points.
        match self.operator {
            Operator::StartsWith => field.starts_with(value),
            Operator::Contains => field.contains(value),
            Operator::NotContains => !field.contains(value),
            Operator::EndsWith => field.ends_with(value),
            Operator::Equals => field == value,
            Operator::NotEquals => field != value,
            Operator::Gt => field > value,
            Operator::Gte => field >= value,
            Operator::Lt => field < value,
            Operator::Lte => field <= value,
        }
    }
}

#[derive(Deserialize)]
struct Exists {}

impl OrganizationTable<'_> {
    /// Links a user to a customer, or moves the user to it: two round trips, one more by address.
    ///
    /// # Errors
    /// [`Error::OrganizationGone`], [`Error::NotAdmin`], [`Error::NoUser`], [`Error::NoAccount`], or the table is out of
    /// reach.
    pub async fn associate(&self, user: UserReference, customer_number: CustomerNumber) -> Result<Association, Error> {
        let user_id = match user {
            UserReference::Id(user_id) => user_id,
            UserReference::Address(email) => {
                let (account, ()) = tokio::try_join!(self.table.credential(&email), self.require_admin())?;
                account.ok_or(Error::NoAccount)?.user_id
            }
        };
        let association = Association { user_id, customer_number };
        self.link(&association).await?;
        Ok(association)
    }

    async fn link(&self, association: &Association) -> Result<(), Error> {
        let user = self.table.get::<Exists>(keys::account(&association.user_id));
        let organization = self.table.get::<Organization>(keys::organization(self.id));
        let known = self.association_of(&association.user_id);
        let (user, organization, mut known, is_admin) = tokio::try_join!(user, organization, known, self.is_admin())?;
        let organization = organization.ok_or(Error::OrganizationGone)?;
        if !is_admin {
            return Err(Error::NotAdmin);
        }
        user.ok_or(Error::NoUser)?;
        let mut contest = Contest::default();
        loop {
            let transaction = match &known {
                Some(known) if known == association => return Ok(()),
                Some(known) => self.moving(known, association)?,
                None => self.linking(association, organization.code.clone())?,
            };
            match transaction.commit().await {
                Ok(()) => return Ok(()),
                Err(Refused::Failed(error)) => return Err(error),
                Err(Refused::Conditions(_)) => contest.lost("a user is being linked by others").await?,
            }
            known = self.association_of(&association.user_id).await?;
        }
    }

    /// Removes a user's link: two round trips.
    ///
    /// # Errors
    /// [`Error::OrganizationGone`], [`Error::NotAdmin`], [`Error::NotAssociated`], or the table is out of reach.
    pub async fn dissociate(&self, user: &UserId) -> Result<(), Error> {
        let mut contest = Contest::default();
        loop {
            let (known, ()) = tokio::try_join!(self.association_of(user), self.require_admin())?;
            let known = known.ok_or(Error::NotAssociated)?;
            let exists = Terms::default();
            let transaction = Transaction::new(self.table)
                .delete(keys::association_by_user(self.id, user), &as_read(&known), ())?
                .delete(keys::association_by_customer(self.id, &known.customer_number, user), &exists, ())?
                .delete(keys::membership(user, self.id, Role::Customer), &exists, ())?;
            match transaction.commit().await {
                Ok(()) => return Ok(()),
                Err(Refused::Failed(error)) => return Err(error),
                Err(Refused::Conditions(_)) => contest.lost("a user is being linked by others").await?,
            }
        }
    }

    /// A page of the associations that the filters keep, and how many there are: strongly consistent.
    ///
    /// # Errors
    /// [`Error::OrganizationGone`], [`Error::NotAdmin`], or the table is out of reach.
    pub async fn associations(&self, query: &ListQuery) -> Result<AssociationPage, Error> {
        let partition = match query.order {
            AssociationOrder::UserId => keys::associations_by_user(self.id),
            AssociationOrder::CustomerNumber => keys::associations_by_customer(self.id),
        };
        let items = self.table.query(&partition, Range::Prefix(keys::ENTRY_PREFIX));
        let (items, ()) = tokio::try_join!(items, self.require_admin())?;
        let rows = items.into_iter().map(from_item::<Association>).collect::<Result<Vec<_>, _>>()?;
        let mut rows: Vec<_> =
            rows.into_iter().filter(|row| query.filters.iter().all(|filter| filter.keeps(row))).collect();
        let total = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        if query.descending {
            rows.reverse();
        }
        let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let before = count(query.page.saturating_sub(1).saturating_mul(query.size));
        Ok(AssociationPage { rows: rows.into_iter().skip(before).take(count(query.size)).collect(), total })
    }

    async fn association_of(&self, user: &UserId) -> Result<Option<Association>, Error> {
        self.table.get(keys::association_by_user(self.id, user)).await
    }

    fn linking(&self, association: &Association, code: OrganizationCode) -> Result<Transaction<'_, ()>, Error> {
        let Association { user_id, customer_number } = association;
        let membership = MembershipRecord {
            organization_id: self.id.clone(),
            organization_code: code,
            role: Role::Customer,
            customer_number: Some(customer_number.clone()),
        };
        Transaction::new(self.table)
            .put_new(keys::association_by_user(self.id, user_id), "association", association, ())?
            .put_new(
                keys::association_by_customer(self.id, customer_number, user_id),
                "association by customer",
                association,
                (),
            )?
            .put_new(keys::membership(user_id, self.id, Role::Customer), "membership", &membership, ())
    }

    fn moving(&self, known: &Association, association: &Association) -> Result<Transaction<'_, ()>, Error> {
        let Association { user_id, customer_number } = association;
        let change = Terms::change("SET customer_number = :number").value(":number", text(customer_number.as_str()));
        let as_read = Terms::change("SET customer_number = :number")
            .when("customer_number = :known")
            .value(":number", text(customer_number.as_str()))
            .value(":known", text(known.customer_number.as_str()));
        Transaction::new(self.table)
            .update(keys::association_by_user(self.id, user_id), &as_read, ())?
            .delete(keys::association_by_customer(self.id, &known.customer_number, user_id), &Terms::default(), ())?
            .put_new(
                keys::association_by_customer(self.id, customer_number, user_id),
                "association by customer",
                association,
                (),
            )?
            .update(keys::membership(user_id, self.id, Role::Customer), &change, ())
    }
}

fn as_read(association: &Association) -> Terms {
    Terms::condition("customer_number = :known").value(":known", text(association.customer_number.as_str()))
}
