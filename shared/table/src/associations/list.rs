use std::borrow::Cow;

use counted_index::Order;
use domain::ids::OrganizationId;
use serde::Serialize;
use utoipa::ToSchema;

use super::AssociationOrder;
use crate::{
    Error, ListError, OrganizationScope, Table,
    lists::{Joined, KeyForm, ListPage, ListQuery, Listed, Named, Values},
    records::AssociationRecord,
    scope::Reads,
};

/// The characters of the longest value of each field.
const MAX_USER_ID_CHARS: usize = 27;
const MAX_CUSTOMER_NUMBER_CHARS: usize = 64;

/// The list of an organization's associations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Associations {}

/// The field of an association that a filter looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub enum AssociationField {
    /// The user's id.
    UserId,
    /// The customer's number.
    CustomerNumber,
}

impl Named for AssociationField {
    const ALL: &'static [Self] = &[Self::UserId, Self::CustomerNumber];

    fn name(self) -> &'static str {
        match self {
            Self::UserId => "UserId",
            Self::CustomerNumber => "CustomerNumber",
        }
    }
}

impl Named for AssociationOrder {
    const ALL: &'static [Self] = &Self::BOTH;

    fn name(self) -> &'static str {
        match self {
            Self::UserId => "UserId",
            Self::CustomerNumber => "CustomerNumber",
        }
    }
}

impl Listed for Associations {
    type Field = AssociationField;
    type Order = AssociationOrder;
    type Entry = AssociationRecord;
    type Row = AssociationRecord;

    const NAME: &'static str = "associations";
    const MAX_KEY_BYTES: usize = MAX_CUSTOMER_NUMBER_CHARS * 4 + 1 + MAX_USER_ID_CHARS;

    fn index(order: AssociationOrder, organization: &OrganizationId) -> Order {
        order.index(organization)
    }

    fn key(order: AssociationOrder, entry: &AssociationRecord) -> String {
        order.key(entry)
    }

    fn sorted_by(field: AssociationField) -> Option<(AssociationOrder, KeyForm)> {
        Some(match field {
            AssociationField::UserId => (AssociationOrder::UserId, KeyForm::Value { longest: MAX_USER_ID_CHARS }),
            AssociationField::CustomerNumber => {
                (AssociationOrder::CustomerNumber, KeyForm::Prefix { longest: MAX_CUSTOMER_NUMBER_CHARS })
            }
        })
    }

    fn entry_values(field: AssociationField, entry: &AssociationRecord) -> Option<Values<'_>> {
        Some(Values::One(Cow::Borrowed(match field {
            AssociationField::UserId => entry.user_id.as_str(),
            AssociationField::CustomerNumber => entry.customer_number.as_str(),
        })))
    }
}

impl Joined for Associations {
    type Beside = ();

    async fn read_beside(_: Reads<'_>, _: &OrganizationId) -> Result<(), Error> {
        Ok(())
    }

    async fn join(_: &Table, (): &(), entries: Vec<AssociationRecord>) -> Result<Vec<AssociationRecord>, Error> {
        Ok(entries)
    }
}

impl OrganizationScope<'_> {
    /// A page of associations: one to three sequential round trips, see [`crate::ListQuery`].
    ///
    /// # Errors
    /// [`ListError::BadPageToken`], [`ListError::TooManyRows`], the scope's own, or the table is out of reach.
    pub async fn associations(
        &self,
        query: &ListQuery<Associations>,
    ) -> Result<ListPage<AssociationRecord>, ListError> {
        self.list(query).await
    }
}
