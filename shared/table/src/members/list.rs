use std::{borrow::Cow, collections::HashMap};

use claims::Role;
use counted_index::Order;
use domain::{
    ids::{OrganizationId, UserId},
    text::{CustomerNumber, FoldedAddress},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::MemberOrder;
use crate::{
    Error, ListError, OrganizationScope, Table,
    lists::{Joined, KeyForm, ListPage, ListQuery, Listed, Named, Values},
    records::{AccountNames, MemberRecord, MembersIndexed},
    scope::{Reads, keys},
};

/// The characters of the longest value of each field that is sorted by. A folded address has at most 64 characters
/// before the `@`, each of which may become three in lower case, and 253 behind it.
const MAX_USER_ID_CHARS: usize = 27;
const MAX_ADDRESS_CHARS: usize = 64 * 3 + 1 + 253;
/// Accounts that are read at once, in batches of a hundred.
pub(super) const MAX_ACCOUNTS_AT_ONCE: usize = 3_200;

/// The list of an organization's users, and of those who are invited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Members {}

/// A user as the list shows one.
#[derive(Clone, Debug)]
pub struct ListedMember {
    /// The row.
    pub member: MemberRecord,
    /// The account's first name, or the invitation's if that has one.
    pub first_name: Option<String>,
    /// The account's last name, or the invitation's if that has one.
    pub last_name: Option<String>,
}

/// The field of a user that a filter looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub enum MemberField {
    /// The address, in lower case and with its domain in ASCII.
    Email,
    /// The user's id.
    UserId,
    /// The first name.
    FirstName,
    /// The last name.
    LastName,
    /// The number of the customer that the user buys for.
    CustomerNumber,
    /// Each of the user's roles: `admin`, `customer`.
    Role,
    /// `active` or `invited`.
    Status,
}

impl Named for MemberField {
    const ALL: &'static [Self] =
        &[Self::Email, Self::UserId, Self::FirstName, Self::LastName, Self::CustomerNumber, Self::Role, Self::Status];

    fn name(self) -> &'static str {
        match self {
            Self::Email => "Email",
            Self::UserId => "UserId",
            Self::FirstName => "FirstName",
            Self::LastName => "LastName",
            Self::CustomerNumber => "CustomerNumber",
            Self::Role => "Role",
            Self::Status => "Status",
        }
    }
}

impl Named for MemberOrder {
    const ALL: &'static [Self] = &Self::BOTH;

    fn name(self) -> &'static str {
        match self {
            Self::Email => "Email",
            Self::UserId => "UserId",
        }
    }
}

impl ListedMember {
    /// Whether the user belongs to the organization, or is invited into it.
    #[must_use]
    pub fn status(member: &MemberRecord) -> &'static str {
        if member.is_invited() { "invited" } else { "active" }
    }
}

impl Listed for Members {
    type Field = MemberField;
    type Order = MemberOrder;
    type Entry = MemberRecord;
    type Row = ListedMember;

    const NAME: &'static str = "users";
    // Of the characters of a folded address, those behind the `@` have a byte each, and at most 64 before it have four.
    const MAX_KEY_BYTES: usize = MAX_ADDRESS_CHARS * 2;

    fn index(order: MemberOrder, organization: &OrganizationId) -> Order {
        order.index(organization)
    }

    fn key(order: MemberOrder, entry: &MemberRecord) -> String {
        order.key(entry)
    }

    fn sorted_by(field: MemberField) -> Option<(MemberOrder, KeyForm)> {
        match field {
            MemberField::Email => Some((MemberOrder::Email, KeyForm::Value { longest: MAX_ADDRESS_CHARS })),
            MemberField::UserId => Some((MemberOrder::UserId, KeyForm::Value { longest: MAX_USER_ID_CHARS })),
            MemberField::FirstName
            | MemberField::LastName
            | MemberField::CustomerNumber
            | MemberField::Role
            | MemberField::Status => None,
        }
    }

    /// No address begins or ends with a space, which folding would take away.
    fn comparable(field: MemberField, value: String) -> String {
        match field {
            MemberField::Email if value.trim() == value => FoldedAddress::of(&value).as_str().to_owned(),
            _ => value,
        }
    }

    fn entry_values(field: MemberField, entry: &MemberRecord) -> Option<Values<'_>> {
        Some(match field {
            MemberField::Email => Values::One(Cow::Owned(entry.address().as_str().to_owned())),
            MemberField::UserId => Values::One(Cow::Borrowed(entry.user_id.as_str())),
            MemberField::CustomerNumber => optional(entry.customer_number.as_ref().map(CustomerNumber::as_str)),
            MemberField::Role => Values::Several(entry.roles.iter().copied().map(Role::as_str).collect()),
            MemberField::Status => Values::One(Cow::Borrowed(ListedMember::status(entry))),
            MemberField::FirstName | MemberField::LastName => return None,
        })
    }

    fn row_values(field: MemberField, row: &ListedMember) -> Values<'_> {
        match field {
            MemberField::FirstName => optional(row.first_name.as_deref()),
            MemberField::LastName => optional(row.last_name.as_deref()),
            _ => Values::Absent,
        }
    }
}

fn optional(value: Option<&str>) -> Values<'_> {
    value.map_or(Values::Absent, |value| Values::One(Cow::Borrowed(value)))
}

impl Joined for Members {
    type Beside = ();

    /// An index that is being built shows nothing yet.
    async fn read_beside(reads: Reads<'_>, organization: &OrganizationId) -> Result<(), Error> {
        let state: Option<MembersIndexed> = reads.get_part(keys::organization(organization)).await?;
        if state.is_none_or(|state| state.members_indexed) {
            return Ok(());
        }
        Err(Error::Unavailable("the index of the organization's users is not complete".to_owned()))
    }

    async fn join(table: &Table, (): &(), entries: Vec<MemberRecord>) -> Result<Vec<ListedMember>, Error> {
        let users: Vec<_> = entries.iter().filter(|entry| !entry.is_invited()).map(|entry| &entry.user_id).collect();
        let mut names: HashMap<UserId, AccountNames> = HashMap::new();
        for some in users.chunks(MAX_ACCOUNTS_AT_ONCE) {
            let accounts = some.iter().map(|user| keys::account(user));
            let read: Vec<AccountNames> = table.batch_get(accounts, &AccountNames::ATTRIBUTES).await?;
            names.extend(read.into_iter().map(|account| (account.user_id.clone(), account)));
        }
        let row = |member: MemberRecord| match names.remove(&member.user_id) {
            Some(AccountNames { first_name, last_name, .. }) => {
                ListedMember { member, first_name: Some(first_name), last_name: Some(last_name) }
            }
            None => ListedMember { first_name: member.first_name.clone(), last_name: member.last_name.clone(), member },
        };
        Ok(entries.into_iter().map(row).collect())
    }
}

impl OrganizationScope<'_> {
    /// A page of the organization's users, and of those who are invited: the round trips of a list, and one more for
    /// the names where the page has a user.
    ///
    /// # Errors
    /// [`ListError::BadPageToken`], [`ListError::TooManyRows`], the scope's own, the index is being built, or the table
    /// is out of reach.
    pub async fn users(&self, query: &ListQuery<Members>) -> Result<ListPage<ListedMember>, ListError> {
        self.list(query).await
    }
}
