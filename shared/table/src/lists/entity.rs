use std::{borrow::Cow, fmt::Debug};

use counted_index::Order;
use domain::ids::OrganizationId;
use serde::{Serialize, de::DeserializeOwned};

use crate::{Error, Table, scope::Reads};

/// One of a few choices that callers name, such as a field.
pub trait Named: Copy + Eq + Debug + Serialize + Send + Sync + 'static {
    /// All choices, in the order in which messages name them.
    const ALL: &'static [Self];

    /// The name, as the documentation writes it.
    fn name(self) -> &'static str;

    /// Returns the choice of this name, whose case doesn't matter.
    #[must_use]
    fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|choice| choice.name().eq_ignore_ascii_case(name))
    }
}

/// The value or values of a field that a filter is asked of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Values<'a> {
    /// The field has no value.
    Absent,
    /// The field's value.
    One(Cow<'a, str>),
    /// Each value of a field that can have several.
    Several(Vec<&'a str>),
}

/// How a field's value stands in the keys of the order that is sorted by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyForm {
    /// A key is the value.
    Value {
        /// The characters of the longest value.
        longest: usize,
    },
    /// A key is the value, then U+001F and what makes the key unique.
    Prefix {
        /// The characters of the longest value.
        longest: usize,
    },
    /// A key begins like [`KeyForm::Prefix`], but with the value in lower case, cut to so many characters. A range of
    /// keys narrows such a field, and each row is tested nevertheless.
    LowerCase {
        /// The characters of the value that a key has.
        longest: usize,
    },
}

/// A kind of records that are listed.
pub trait Listed: Debug + Clone + Send + Sync + 'static {
    /// The fields that filters look at.
    type Field: Named;
    /// What a list is sorted by; the first one is the default.
    type Order: Named;
    /// What an entry of the counted indexes holds.
    type Entry: DeserializeOwned + Clone + Send + Sync;
    /// What a list shows.
    type Row: Send + Sync;

    /// The list's name, which its page tokens are bound to.
    const NAME: &'static str;
    /// The bytes of the longest key in any order. A page token is no secret, so a longer key could be made up, and
    /// DynamoDB would refuse it.
    const MAX_KEY_BYTES: usize;

    /// The counted index of an organization's entries in this order.
    fn index(order: Self::Order, organization: &OrganizationId) -> Order;

    /// An entry's key in this order.
    fn key(order: Self::Order, entry: &Self::Entry) -> String;

    /// The order that is sorted by this field, if there is one, and how the field's values stand in its keys.
    fn sorted_by(field: Self::Field) -> Option<(Self::Order, KeyForm)>;

    /// What a filter's value is compared as.
    #[must_use]
    fn comparable(_: Self::Field, value: String) -> String {
        value
    }

    /// What an entry says of a field; `None` for a field that only the row has.
    fn entry_values(field: Self::Field, entry: &Self::Entry) -> Option<Values<'_>>;

    /// What a row says of a field that entries say nothing of.
    #[must_use]
    fn row_values(_: Self::Field, _: &Self::Row) -> Values<'_> {
        Values::Absent
    }
}

/// How the rows of a list are made of its entries.
pub(crate) trait Joined: Listed {
    /// What is read beside the entries, whichever they are.
    type Beside: Send + Sync;

    /// Reads what no entry has to be known for: in the round trip of the entries.
    fn read_beside(
        reads: Reads<'_>,
        organization: &OrganizationId,
    ) -> impl Future<Output = Result<Self::Beside, Error>> + Send;

    /// Makes the row of each entry, in the same order.
    fn join(
        table: &Table,
        beside: &Self::Beside,
        entries: Vec<Self::Entry>,
    ) -> impl Future<Output = Result<Vec<Self::Row>, Error>> + Send;
}
