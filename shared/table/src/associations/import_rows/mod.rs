//! Associations in bulk, from the ERP: many rows in one call.

mod accounts;
mod read;
mod user_change;
mod user_rows;

use std::collections::HashMap;

use domain::text::CustomerNumber;
use dynamo::time_left;

use self::{accounts::NamedUsers, read::AssociationImport, user_rows::UserRows};
use super::{UserReference, order::association_of};
use crate::{
    AssociationError, Error, OrganizationScope, RowOutcome,
    bulk::{ANSWER_TIME, write_rows},
    scope::keys,
};

/// A user and the customer that the user is to buy for.
#[derive(Clone, Debug)]
pub struct AssociationRow {
    /// The user.
    pub user: UserReference,
    /// The customer's number.
    pub customer_number: CustomerNumber,
}

impl OrganizationScope<'_> {
    /// Associates users with customers, or moves them: two round trips and those of the writes, one more by address.
    /// The outcomes are those of single calls in the order of the rows.
    ///
    /// # Errors
    /// The scope's own, or the table is out of reach and nothing was written.
    pub async fn import_associations(
        &self,
        rows: Vec<AssociationRow>,
    ) -> Result<Vec<RowOutcome<AssociationError>>, Error> {
        let named = NamedUsers::of(&rows);
        let (organization, accounts) = self
            .checked_with_organization(|reads| async move {
                let organization = reads.get(keys::organization(self.id()));
                let (organization, accounts) = tokio::try_join!(organization, self.table().accounts_of(named))?;
                Ok(organization.map(|organization| (organization, accounts)))
            })
            .await?;
        let mut outcomes: Vec<_> = rows.iter().map(|_| RowOutcome::NotAttempted).collect();
        let must_be_verified = self.table().requires_verified_email();
        let mut work = AssociationImport { organization, users: Vec::new() };
        let mut place_of = HashMap::new();
        for (row, (place, outcome)) in rows.into_iter().zip(outcomes.iter_mut().enumerate()) {
            match accounts.user(&row.user, must_be_verified) {
                Ok(account) => {
                    let user = *place_of.entry(account.user_id.clone()).or_insert(work.users.len());
                    if user == work.users.len() {
                        work.users.push(UserRows::new(account));
                    }
                    if let Some(user) = work.users.get_mut(user) {
                        user.rows.push((place, row.customer_number));
                    }
                }
                Err(error) => *outcome = RowOutcome::Refused(error),
            }
        }
        let users = work.users.len();
        // Only while the index of the organization's users is complete, a missing row says that there is no role.
        if work.organization.members_indexed {
            write_rows(self, &mut work, users).await?;
        } else {
            self.check().await?;
            work.users.iter_mut().for_each(|user| user.is_single = true);
        }
        for user in work.users.iter_mut().filter(|user| user.is_single) {
            if time_left().is_some_and(|left| left < 2 * ANSWER_TIME) {
                break;
            }
            self.associate_alone(user).await?;
        }
        for user in &work.users {
            for (place, of_row) in user.outcomes() {
                if let Some(outcome) = outcomes.get_mut(place) {
                    *outcome = of_row;
                }
            }
        }
        Ok(outcomes)
    }

    /// Writes the rows of a user in a write of its own.
    async fn associate_alone(&self, user: &mut UserRows) -> Result<(), Error> {
        let Some(target) = user.target() else { return Ok(()) };
        let id = self.id();
        let known = self.checked(|reads| association_of(reads, id, &target.user_id)).await?;
        user.before.get_or_insert_with(|| known.as_ref().map(|known| known.customer_number.clone()));
        let reference = UserReference::Id(target.user_id.clone());
        match self.associate(reference, target.customer_number, None).await {
            Ok(_) => user.is_settled = true,
            // The rows are told as not done, and are sent again.
            Err(AssociationError::Table(Error::Unavailable(_))) => {}
            Err(AssociationError::Table(error)) => return Err(error),
            // The account was there a moment ago, and its address is by now another member's.
            Err(_) => user.is_refused = true,
        }
        Ok(())
    }
}
