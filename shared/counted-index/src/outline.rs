use dynamo::{Error, Item, SortKeys};

use crate::{Bucket, IndexReader, KeyRange, Order, keys, page::sort_key, parent::Parent};

/// What the counts of an order are read from: its buckets, or the parents of a big index.
#[derive(Clone, Debug)]
pub struct Outline(pub(super) Level);

#[derive(Clone, Debug)]
pub(super) enum Level {
    Buckets(Vec<Bucket>),
    Parents(Vec<Parent>),
}

impl IndexReader<'_> {
    /// Reads what the counts of an order are to be read from: one Query. Another one where there are more than 144
    /// buckets and no parents, or more than 144 parents.
    pub async fn buckets(self, order: &Order) -> Result<Outline, Error> {
        let both = SortKeys::Between(keys::PARENT_PREFIX, keys::BUCKETS_END);
        let mut items = self.table.query_up_to(&order.partition, both, self.outline_items).await?;
        let is_parent = |item: &Item| sort_key(item).starts_with(keys::PARENT_PREFIX);
        let has_parents = items.first().is_some_and(is_parent);
        let complete = items.len() < self.outline_items || items.last().is_some_and(is_parent) != has_parents;
        if !complete && let Some(last) = items.pop() {
            // The last one is read again beside its neighbor, as a change of both is only told from the two of them.
            let end = if has_parents { keys::PARENTS_END } else { keys::BUCKETS_END };
            items.extend(self.table.query(&order.partition, SortKeys::Between(sort_key(&last), end)).await?);
        }
        if has_parents {
            let parents = items.into_iter().filter(is_parent).map(Parent::of);
            return Ok(Outline(Level::Parents(parents.collect::<Result<_, _>>()?)));
        }
        Ok(Outline(Level::Buckets(items.into_iter().map(Bucket::of).collect::<Result<_, _>>()?)))
    }

    /// Returns every bucket of an order in ascending order.
    pub async fn all_buckets(self, order: &Order) -> Result<Vec<Bucket>, Error> {
        self.buckets_within(order, &KeyRange::all()).await
    }

    /// Returns every parent of an order in ascending order.
    pub(super) async fn all_parents(self, order: &Order) -> Result<Vec<Parent>, Error> {
        let items = self.table.query(&order.partition, SortKeys::Prefix(keys::PARENT_PREFIX)).await?;
        items.into_iter().map(Parent::of).collect()
    }

    /// Returns the buckets that begin in a range, and the one that begins at its end.
    pub(super) async fn buckets_within(self, order: &Order, range: &KeyRange) -> Result<Vec<Bucket>, Error> {
        let from = keys::bucket(&order.partition, &range.from).sk;
        let to = match &range.to {
            Some(to) => keys::bucket(&order.partition, to).sk,
            None => keys::BUCKETS_END.to_owned(),
        };
        let items = self.table.query(&order.partition, SortKeys::Between(&from, &to)).await?;
        items.into_iter().map(Bucket::of).collect()
    }
}
