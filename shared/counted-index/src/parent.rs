//! Parents: the second level of a big index. A parent counts the entries of all buckets of a contiguous range.
//!
//! A bucket *names* its parent, and a write that changes the bucket's count changes the parent's in the same
//! transaction. The name changes only together with the bucket's epoch, so that a write which was prepared before
//! fails.
//!
//! *Invariant:* each parent begins where a bucket begins, and that bucket isn't deleted, even if it is empty.
//!
//! *Invariant:* a parent that isn't *unsettled*, and whose right neighbor isn't either, counts what the buckets of its
//! range count. Readers use such counts alone, and read the buckets of every other range.

use serde::{Deserialize, Serialize};

use domain::ids;
use dynamo::{Error, Expression, Item, from_item, number, text};

use crate::{
    KeyRange, Order,
    bucket::{now_millis, short_item, signed},
    keys,
};

/// Begins the mark of a parent that is being taken away by a rebuild. Nobody else may hand buckets over to it.
const DISSOLVING: char = '!';

/// Ends the mark of a change that is about two neighbors.
const OF_TWO: char = '+';

/// A range of buckets and how many entries are in all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parent {
    pub(super) lower: String,
    pub(super) entries: u64,
    pub(super) unsettled: Option<String>,
}

/// A parent's attributes. The lower bound is in the key.
#[derive(Serialize, Deserialize)]
struct ParentRecord {
    /// Below zero only if it was wrong before.
    entries: i64,
    /// Says that buckets of the range may name another parent or none, and names the change that is under way: its
    /// beginning, in milliseconds since the Unix epoch, and a random text.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    unsettled: Option<String>,
}

/// Returns the mark of a change that begins now.
pub(super) fn new_mark() -> String {
    format!("{:013}{}", now_millis(), ids::random_id(8))
}

/// Returns the mark of a change that begins now and is about two neighbors.
pub(super) fn new_mark_of_two() -> String {
    format!("{}{OF_TWO}", new_mark())
}

/// Whether a change is about two neighbors, so that both have to be seen before it can be ended.
pub(super) fn is_of_two(mark: &str) -> bool {
    mark.ends_with(OF_TWO)
}

/// Returns the mark of a rebuild that takes all parents away.
pub(super) fn dissolving_mark() -> String {
    format!("{DISSOLVING}{}", new_mark())
}

/// Whether a change began so long ago, in milliseconds, that others may go on with it. One that takes parents away is
/// left to the next rebuild.
pub(super) fn is_left(mark: &str, millis: u64) -> bool {
    let began = mark.get(..13).and_then(|began| began.parse::<u64>().ok());
    began.is_some_and(|began| began.saturating_add(millis) < now_millis())
}

/// Whether a mark is that of a rebuild which takes all parents away.
pub(super) fn is_dissolving(mark: &str) -> bool {
    mark.starts_with(DISSOLVING)
}

impl Parent {
    /// Reads a parent from its item.
    pub(super) fn of(item: Item) -> Result<Self, Error> {
        let key = item.get("sk").and_then(|sk| sk.as_s().ok());
        let lower = key.and_then(|sk| sk.strip_prefix(keys::PARENT_PREFIX)).map(str::to_owned);
        let lower = lower.ok_or_else(|| Error::Internal("a parent has no key".into()))?;
        let ParentRecord { entries, unsettled } = from_item(item)?;
        Ok(Self { lower, entries: u64::try_from(entries).unwrap_or(0), unsettled })
    }

    /// Returns the item of a new parent.
    pub(super) fn item(&self, order: &Order) -> Result<Item, Error> {
        let Self { lower, entries, unsettled } = self;
        let record = ParentRecord { entries: signed(*entries), unsettled: unsettled.clone() };
        short_item(keys::parent(&order.partition, lower), &record)
    }
}

/// Adds `change` to a parent's count.
pub(super) fn change_count(change: i64) -> Expression {
    Expression::update("ADD entries :change").value(":change", number(change))
}

/// Adds the condition that a parent is unsettled by this change.
pub(super) fn require_mark(expression: Expression, mark: &str) -> Expression {
    expression.and_condition("unsettled = :mark").value(":mark", text(mark))
}

/// Returns the range of the parent at `index`.
pub(super) fn range_of(parents: &[Parent], index: usize) -> KeyRange {
    let next = parents.get(index + 1).map(|next| next.lower.clone());
    KeyRange::new(parents[index].lower.clone(), next)
}

/// Whether the count of the parent at `index` is that of its range.
///
/// A change takes buckets from the left neighbor of the parent that it makes, so that both are unsettled. The Query may
/// have read the left one just before it became so.
pub(super) fn is_settled(parents: &[Parent], index: usize) -> bool {
    let unsettled = |index: usize| parents.get(index).is_some_and(|parent| parent.unsettled.is_some());
    !unsettled(index) && !unsettled(index + 1)
}

/// Returns the index of the parent in whose range a key is.
pub(super) fn holder(parents: &[Parent], key: &str) -> Option<usize> {
    parents.partition_point(|parent| parent.lower.as_str() <= key).checked_sub(1)
}
