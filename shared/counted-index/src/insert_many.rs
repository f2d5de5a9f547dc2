use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, TryStreamExt, future::try_join_all, stream};
use serde::Serialize;

use dynamo::{Backoff, Error, Item, to_item};

use crate::{
    Bucket, CountedIndex, IndexReader, MAX_PARENT_BUCKETS, Order, Outcome, bucket::BucketRecord, keys, outline::Level,
    parent::Parent,
};

/// Actions that one `TransactWriteItems` accepts.
const MAX_ACTIONS: usize = 100;
/// Buckets that are located concurrently.
const MAX_CONCURRENT_READS: usize = 32;

/// A row to index: its key in each order, and its record.
#[derive(Clone, Debug)]
pub struct Row<T> {
    /// One key for each order, in the same sequence as the orders.
    pub keys: Vec<String>,
    /// The record that each entry holds.
    pub record: T,
    /// Another new item that is written with the row.
    pub with_item: Option<Item>,
}

impl Order {
    /// Returns every item of a new order: its parents if there are many buckets, its buckets, and its entries, which
    /// must be sorted by key. Each bucket but the last gets `bucket_size` entries.
    pub fn bulk_items<T: Serialize>(
        self,
        entries: Vec<(String, T)>,
        bucket_size: usize,
    ) -> impl Iterator<Item = Result<Item, Error>> {
        let chunks: Vec<_> = entries.chunks(bucket_size).collect();
        let lowers: Vec<_> = chunks.iter().enumerate().map(|(index, chunk)| lower(&chunks, index, chunk)).collect();
        let siblings = if chunks.len() > MAX_PARENT_BUCKETS { bulk_parent_buckets(chunks.len()) } else { usize::MAX };
        let count = |entries: usize| u64::try_from(entries).unwrap_or(u64::MAX);
        let mut items = Vec::new();
        if siblings < chunks.len() {
            for (lowers, chunks) in lowers.chunks(siblings).zip(chunks.chunks(siblings)) {
                let (lower, entries) = (lowers[0].clone(), count(chunks.iter().map(|chunk| chunk.len()).sum()));
                items.push(Parent { lower, entries, unsettled: None }.item(&self));
            }
        }
        for (index, (lower, chunk)) in lowers.iter().zip(&chunks).enumerate() {
            let parent = (siblings < chunks.len()).then(|| lowers[index - index % siblings].clone());
            items.push(BucketRecord::new(count(chunk.len()), parent).item(&self, lower));
        }
        let entry = move |(key, record): (String, T)| to_item(keys::entry(&self.partition, &key), self.entity, &record);
        items.into_iter().chain(entries.into_iter().map(entry))
    }
}

/// Returns the lower bound of a bucket of new data. The first bucket also covers the keys below its first entry.
fn lower<T>(chunks: &[&[(String, T)]], index: usize, chunk: &[(String, T)]) -> String {
    let last = index.checked_sub(1).and_then(|before| chunks[before].last());
    match (last, chunk.first()) {
        (Some((last, _)), Some((first, _))) => keys::separator(last, first),
        _ => String::new(),
    }
}

/// Returns how many buckets each parent of new data gets: a sixth below the limit, so that there is room for more.
fn bulk_parent_buckets(buckets: usize) -> usize {
    MAX_PARENT_BUCKETS.max(buckets.isqrt()) * 5 / 6
}

impl CountedIndex<'_> {
    /// Inserts rows, none of which may exist yet. Each transaction takes as many rows as fit: rows of one bucket share
    /// its count, and those of one parent share that. After an error, the rows of the transactions before it stay.
    ///
    /// # Errors
    /// A row exists already, or the table is out of reach.
    pub async fn insert_many<T: Serialize>(self, orders: &[Order], mut rows: Vec<Row<T>>) -> Result<(), Error> {
        rows.sort_by(|one, other| one.keys.cmp(&other.keys));
        let mut backoff = Backoff::default();
        let mut rows = rows.as_slice();
        while !rows.is_empty() {
            let candidates = &rows[..rows.len().min(MAX_ACTIONS / orders.len().max(1))];
            let buckets = try_join_all(orders.iter().enumerate().map(async |(place, order)| {
                let keys: Vec<_> =
                    candidates.iter().filter_map(|row| row.keys.get(place)).map(String::as_str).collect();
                self.buckets_of_keys(order, &keys).await
            }));
            let buckets = buckets.await?;
            let located = fill(orders, &buckets, candidates)?;
            let (now, later) = rows.split_at(located.len());
            let mut write = self.write();
            for (row, indices) in now.iter().zip(&located) {
                for (((order, key), buckets), index) in orders.iter().zip(&row.keys).zip(&buckets).zip(indices) {
                    write = write.insert(order, &buckets[*index], key, &row.record);
                }
                if let Some(item) = &row.with_item {
                    write = write.with(|transaction| transaction.put_new_item(item.clone(), ()));
                }
            }
            match write.commit().await? {
                Outcome::Done => (rows, backoff) = (later, Backoff::default()),
                Outcome::Conflict => {
                    backoff.wait_or_give_up("rows exist already, or their buckets are being changed by others").await?;
                }
            }
        }
        Ok(())
    }
}

impl IndexReader<'_> {
    /// Returns buckets in ascending order, among them those that these keys belong to: all of them, by one Query, or
    /// those of the keys alone where the index is big.
    pub async fn buckets_of_keys(self, order: &Order, keys: &[&str]) -> Result<Vec<Bucket>, Error> {
        if let Level::Buckets(buckets) = self.buckets(order).await?.0 {
            return Ok(buckets);
        }
        let reads: Vec<_> = keys.iter().map(|key| self.locate(order, key)).collect();
        let located: Vec<Bucket> = stream::iter(reads).buffered(MAX_CONCURRENT_READS).try_collect().await?;
        // Of two reads of one bucket either may be the later one; a wrong epoch makes the write try again.
        let located: BTreeMap<_, _> = located.into_iter().map(|bucket| (bucket.lower.clone(), bucket)).collect();
        Ok(located.into_values().collect())
    }
}

/// Takes rows until a transaction is full. Returns, for each row taken, the index of its bucket in each order.
///
/// A row costs one action for each of its entries, one for the other item written with it, and one for each bucket and
/// each parent that no earlier row of the transaction touches.
fn fill<T>(orders: &[Order], buckets: &[Vec<Bucket>], rows: &[Row<T>]) -> Result<Vec<Vec<usize>>, Error> {
    let (mut touched, mut parents, mut located, mut actions) = (BTreeSet::new(), BTreeSet::new(), Vec::new(), 0);
    for row in rows {
        let indices: Option<Vec<_>> = row.keys.iter().zip(buckets).map(|(key, buckets)| holder(buckets, key)).collect();
        let indices = indices.ok_or_else(|| Error::Internal("an index has no first bucket".into()))?;
        actions += orders.len() + usize::from(row.with_item.is_some());
        for (order, (index, buckets)) in indices.iter().zip(buckets).enumerate() {
            touched.insert((order, *index));
            parents.extend(buckets[*index].parent.as_ref().map(|parent| (order, parent)));
        }
        if actions + touched.len() + parents.len() > MAX_ACTIONS {
            break;
        }
        located.push(indices);
    }
    Ok(located)
}

/// Returns the index of the bucket that a key belongs to, among every bucket of an order.
#[must_use]
pub fn holder(buckets: &[Bucket], key: &str) -> Option<usize> {
    buckets.partition_point(|bucket| bucket.lower.as_str() <= key).checked_sub(1)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn order(partition: &str) -> Order {
        Order { partition: partition.to_owned(), entity: "thing" }
    }

    fn buckets(lowers: &[&str]) -> Vec<Bucket> {
        lowers.iter().map(|lower| Bucket::unfenced(lower, 1)).collect()
    }

    fn row(keys: &[&str]) -> Row<()> {
        Row { keys: keys.iter().map(|key| (*key).to_owned()).collect(), record: (), with_item: None }
    }

    fn rows(number: usize) -> Vec<Row<()>> {
        (0..number).map(|number| row(&[&format!("{number:03}")])).collect()
    }

    #[test]
    fn a_key_belongs_to_the_last_bucket_that_begins_at_or_below_it() {
        let buckets = buckets(&["", "b", "d"]);
        for (key, index) in [("", 0), ("a", 0), ("b", 1), ("b\u{0}", 1), ("c", 1), ("d", 2), ("e", 2)] {
            assert_eq!(holder(&buckets, key), Some(index), "{key:?}");
        }
    }

    #[test]
    fn a_key_below_every_bucket_has_none_and_is_a_defect() {
        let buckets = buckets(&["b"]);
        assert_eq!(holder(&buckets, "a"), None);
        assert!(matches!(fill(&[order("o")], &[buckets], &[row(&["a"])]), Err(Error::Internal(_))));
    }

    #[test]
    fn each_row_is_located_in_every_order() {
        let orders = [order("o1"), order("o2")];
        let located =
            fill(&orders, &[buckets(&["", "m"]), buckets(&["", "b", "d"])], &[row(&["a", "e"]), row(&["z", "a"])]);
        assert_eq!(located.unwrap(), [[0, 2], [1, 0]]);
    }

    #[test]
    fn rows_of_one_bucket_share_one_action_for_its_count() {
        // 99 entries and one bucket are 100 actions.
        let located = fill(&[order("o")], &[buckets(&[""])], &rows(120)).unwrap();
        assert_eq!(located.len(), MAX_ACTIONS - 1);
    }

    #[test]
    fn rows_with_a_bucket_each_take_two_actions_each() {
        let lowers: Vec<_> = (0..120).map(|number| format!("{number:03}")).collect();
        let mut lowers: Vec<_> = lowers.iter().map(String::as_str).collect();
        lowers[0] = "";
        let located = fill(&[order("o")], &[buckets(&lowers)], &rows(120)).unwrap();
        assert_eq!(located.len(), MAX_ACTIONS / 2);
    }

    #[test]
    fn the_count_of_a_parent_takes_an_action_too() {
        let buckets = buckets(&["", "005"]).into_iter().map(|bucket| bucket.of_parent("")).collect();
        // 97 entries, two buckets and one parent are 100 actions.
        assert_eq!(fill(&[order("o")], &[buckets], &rows(120)).unwrap().len(), 97);
    }

    #[test]
    fn many_buckets_of_a_new_order_have_parents_that_begin_with_their_first_bucket() {
        let entries: Vec<_> = (0..200).map(|number| (format!("{number:03}"), BTreeMap::<String, u8>::new())).collect();
        let items: Vec<_> = order("o").bulk_items(entries, 2).map(Result::unwrap).collect();
        let parents = items.iter().filter(|item| item["sk"].as_s().unwrap().starts_with("A#"));
        let parents: Vec<_> =
            parents.map(|item| (item["sk"].as_s().unwrap(), item["entries"].as_n().unwrap())).collect();
        assert_eq!(parents, [(&"A#".to_owned(), &"160".to_owned()), (&"A#16".to_owned(), &"40".to_owned())]);
        let of_last = items.iter().find(|item| item["sk"].as_s().unwrap() == "B#198").unwrap();
        assert_eq!(of_last["parent"].as_s().unwrap(), "16");
        assert!(!of_last.contains_key("entity"));
    }

    #[test]
    fn the_other_item_of_a_row_takes_an_action_too() {
        let rows: Vec<_> = rows(120).into_iter().map(|row| Row { with_item: Some(Item::new()), ..row }).collect();
        // 49 rows of two actions and one bucket are 99; another row would make 101.
        assert_eq!(fill(&[order("o")], &[buckets(&[""])], &rows).unwrap().len(), 49);
    }

    #[test]
    fn the_buckets_of_a_new_order_begin_at_evenly_spaced_keys_and_the_first_covers_all_below() {
        let entries: Vec<_> =
            ["b", "c", "d", "e", "f"].map(|key| (key.to_owned(), BTreeMap::<String, String>::new())).into();
        let items: Result<Vec<_>, _> = order("o").bulk_items(entries, 2).collect();
        let sort_keys: Vec<_> = items.unwrap().iter().map(|item| item["sk"].as_s().unwrap().clone()).collect();
        assert_eq!(sort_keys, ["B#", "B#d", "B#f", "E#b", "E#c", "E#d", "E#e", "E#f"]);
    }
}
