//! Buckets as the table holds them, and the updates of their counts.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use domain::ids;
use dynamo::{Error, Expression, Item, Key, Transaction, from_item, number, text, to_item};

use crate::{IndexReader, Order, keys};

/// A range of keys and how many entries are in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// The lower bound of the range, inclusive.
    pub lower: String,
    /// Entries in the range.
    pub entries: u64,
    pub(super) epoch: String,
    /// The lower bound of the parent that counts these entries too. Changes only together with the epoch.
    pub(super) parent: Option<String>,
    fenced_until: Option<u64>,
}

/// A bucket's attributes. The lower bound is in the key. The count is called `entries`, because `count` is a reserved
/// word in expressions.
#[derive(Serialize, Deserialize)]
pub(super) struct BucketRecord {
    /// Below zero only if it was wrong before. A rebuild must be able to read that.
    entries: i64,
    pub(super) epoch: String,
    /// The time at which the fence expires, in milliseconds since the Unix epoch. Absent if no split is under way.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) fenced_until: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) parent: Option<String>,
}

impl BucketRecord {
    pub(super) fn new(entries: u64, parent: Option<String>) -> Self {
        Self { entries: signed(entries), epoch: new_epoch(), fenced_until: None, parent }
    }

    /// Returns the item of a new bucket.
    pub(super) fn item(&self, order: &Order, lower: &str) -> Result<Item, Error> {
        short_item(keys::bucket(&order.partition, lower), self)
    }
}

/// Returns an item that doesn't say its entity type, since its sort key does, and each reader of a list pays for it.
pub(super) fn short_item(key: Key, record: &impl Serialize) -> Result<Item, Error> {
    let mut item = to_item(key, "", record)?;
    item.remove("entity");
    Ok(item)
}

pub(super) fn signed(entries: u64) -> i64 {
    i64::try_from(entries).unwrap_or(i64::MAX)
}

/// Adds a new item to a transaction.
pub(super) fn put_new_item<R>(
    transaction: Transaction<'_, R>,
    item: Result<Item, Error>,
    refusal: R,
) -> Transaction<'_, R> {
    match item {
        Ok(item) => transaction.put_new_item(item, refusal),
        Err(error) => transaction.with_defect(error),
    }
}

/// A new epoch. Short, because every reader of buckets pays for it; an epoch has to differ from the ones that writers
/// of one bucket still hold, and from no others.
pub(super) fn new_epoch() -> String {
    ids::random_id(8)
}

/// Returns the current time, in milliseconds since the Unix epoch.
pub(super) fn now_millis() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}

/// Returns the time after `time` from now, in milliseconds since the Unix epoch.
pub(super) fn millis_from_now(time: Duration) -> u64 {
    now_millis().saturating_add(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

impl Bucket {
    /// The lower bound of the parent that counts the bucket's entries too, in a big index.
    #[must_use]
    pub fn parent(&self) -> Option<&str> {
        self.parent.as_deref()
    }

    /// Reads a bucket from its item.
    pub(super) fn of(item: Item) -> Result<Self, Error> {
        let key = item.get("sk").and_then(|sk| sk.as_s().ok());
        let lower = key.and_then(|sk| sk.strip_prefix(keys::BUCKET_PREFIX)).map(str::to_owned);
        let lower = lower.ok_or_else(|| Error::Internal("a bucket has no key".into()))?;
        let BucketRecord { entries, epoch, fenced_until, parent } = from_item(item)?;
        Ok(Self { lower, entries: u64::try_from(entries).unwrap_or(0), epoch, parent, fenced_until })
    }

    /// Whether a fence is up that has not expired, so that writers must wait.
    pub(super) fn is_fenced(&self) -> bool {
        self.fenced_until.is_some_and(|until| until >= now_millis())
    }

    /// Adds `change` to the count if the epoch is unchanged. If there is a fence, it has expired, and is removed under
    /// a new epoch: its splitter read the keys before this change and must no longer commit.
    pub(super) fn change_count(&self, change: i64) -> Expression {
        let expression = match self.fenced_until {
            None => Expression::update("ADD entries :change"),
            Some(_) => Expression::update("SET epoch = :new_epoch REMOVE fenced_until, fenced_by ADD entries :change")
                .value(":new_epoch", text(&new_epoch())),
        };
        self.require_epoch(expression).value(":change", number(change))
    }

    /// Adds the condition that the bucket's epoch is still the one that was read.
    pub(super) fn require_epoch(&self, expression: Expression) -> Expression {
        expression.and_condition("epoch = :epoch").value(":epoch", text(&self.epoch))
    }

    /// Makes another parent count the bucket's entries, if neither its range nor its count has changed. An expired
    /// fence is taken over.
    pub(super) fn hand_over(&self, parent: &str) -> Expression {
        Expression::update("SET parent = :parent, epoch = :new_epoch REMOVE fenced_until, fenced_by")
            .and_condition("epoch = :epoch AND entries = :entries")
            .value(":parent", text(parent))
            .value(":new_epoch", text(&new_epoch()))
            .value(":epoch", text(&self.epoch))
            .value(":entries", number(self.entries))
    }

    /// Makes no parent count the bucket's entries, if its range hasn't changed. An expired fence is taken over.
    pub(super) fn detach(&self) -> Expression {
        self.require_epoch(Expression::update("SET epoch = :new_epoch REMOVE parent, fenced_until, fenced_by"))
            .value(":new_epoch", text(&new_epoch()))
    }

    /// Whether the bucket stays even if it is empty, since the index or a parent begins with it.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.lower.is_empty() || self.parent.as_ref() == Some(&self.lower)
    }

    /// Whether there is a fence, expired or not.
    pub(super) fn has_fence(&self) -> bool {
        self.fenced_until.is_some()
    }
}

#[cfg(test)]
impl Bucket {
    pub(crate) fn unfenced(lower: &str, entries: u64) -> Self {
        Self { lower: lower.to_owned(), entries, epoch: new_epoch(), parent: None, fenced_until: None }
    }

    pub(crate) fn of_parent(self, parent: &str) -> Self {
        Self { parent: Some(parent.to_owned()), ..self }
    }
}

impl Order {
    /// Adds the first bucket, which covers every key, to the transaction that creates the collection. `exists` is the
    /// refusal if the order already has one.
    #[must_use]
    pub fn create<'t, R>(&self, transaction: Transaction<'t, R>, exists: R) -> Transaction<'t, R> {
        self.put_first(transaction, 0, exists)
    }

    /// Adds the first bucket like [`Self::create`], and the first entry with it.
    #[must_use]
    pub fn create_with<'t, R>(
        &self,
        transaction: Transaction<'t, R>,
        key: &str,
        record: &impl Serialize,
        exists: impl Fn() -> R,
    ) -> Transaction<'t, R> {
        let transaction = self.put_first(transaction, 1, exists());
        transaction.put_new(keys::entry(&self.partition, key), self.entity, record, exists())
    }

    fn put_first<'t, R>(&self, transaction: Transaction<'t, R>, entries: u64, exists: R) -> Transaction<'t, R> {
        put_new_item(transaction, BucketRecord::new(entries, None).item(self, ""), exists)
    }
}

impl IndexReader<'_> {
    /// Finds the bucket that a key belongs to, with one read.
    pub async fn locate(self, order: &Order, key: &str) -> Result<Bucket, Error> {
        let bucket = self.find(order, key).await?;
        bucket.ok_or_else(|| Error::Internal("an index has no first bucket".into()))
    }

    /// Finds the bucket that a key belongs to, with one read, or `None` where the order has not been created.
    pub async fn find(self, order: &Order, key: &str) -> Result<Option<Bucket>, Error> {
        let last = keys::bucket(&order.partition, key).sk;
        let call = self.table.query_request();
        let answer = call
            .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
            .expression_attribute_values(":pk", AttributeValue::S(order.partition.clone()))
            .expression_attribute_values(":first", AttributeValue::S(keys::BUCKET_PREFIX.to_owned()))
            .expression_attribute_values(":last", AttributeValue::S(last))
            .scan_index_forward(false)
            .limit(1)
            .send()
            .await?;
        answer.items.unwrap_or_default().pop().map(Bucket::of).transpose()
    }
}
