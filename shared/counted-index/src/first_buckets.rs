//! The first buckets of an order: enough to place nearly every key of most orders before the key is known.
//!
//! A write of two orders may know the key in one of them only by a record that it reads. So that it needn't read the
//! bucket after that, it reads the first buckets beside the record.

use aws_sdk_dynamodb::types::AttributeValue;

use dynamo::Error;

use crate::{Bucket, IndexReader, Order, keys};

/// Buckets that are read: about as many as one unit of reading pays for. They cover 16,000 entries at least.
const MAX_FIRST_BUCKETS: usize = 32;

/// The first buckets of an order, in ascending order.
#[derive(Clone, Debug, Default)]
pub struct FirstBuckets {
    buckets: Vec<Bucket>,
    /// Whether there are more, so that the last one's range has an end that is not known.
    more: bool,
}

impl FirstBuckets {
    /// Returns whether the order has been created.
    #[must_use]
    pub fn exist(&self) -> bool {
        !self.buckets.is_empty()
    }

    /// Returns the bucket that a key belongs to, or `None` where that is none of those that were read.
    #[must_use]
    pub fn holder(&self, key: &str) -> Option<&Bucket> {
        let index = self.buckets.partition_point(|bucket| bucket.lower.as_str() <= key).checked_sub(1)?;
        let unbounded = self.more && index + 1 == self.buckets.len();
        self.buckets.get(index).filter(|_| !unbounded)
    }
}

impl IndexReader<'_> {
    /// Returns the first buckets of an order, with one read.
    pub async fn first_buckets(self, order: &Order) -> Result<FirstBuckets, Error> {
        let answer = self
            .table
            .query_request()
            .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
            .expression_attribute_values(":pk", AttributeValue::S(order.partition.clone()))
            .expression_attribute_values(":prefix", AttributeValue::S(keys::BUCKET_PREFIX.to_owned()))
            .limit(i32::try_from(MAX_FIRST_BUCKETS).unwrap_or(i32::MAX))
            .send()
            .await?;
        let more = answer.last_evaluated_key.is_some();
        let buckets = answer.items.unwrap_or_default().into_iter().map(Bucket::of).collect::<Result<_, _>>()?;
        Ok(FirstBuckets { buckets, more })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(lowers: &[&str], more: bool) -> FirstBuckets {
        FirstBuckets { buckets: lowers.iter().map(|lower| Bucket::unfenced(lower, 1)).collect(), more }
    }

    fn holder<'b>(buckets: &'b FirstBuckets, key: &str) -> Option<&'b str> {
        buckets.holder(key).map(|bucket| bucket.lower.as_str())
    }

    #[test]
    fn a_key_belongs_to_the_last_bucket_that_begins_at_or_below_it() {
        let buckets = first(&["", "b", "d"], false);
        for (key, lower) in [("", ""), ("a", ""), ("b", "b"), ("c", "b"), ("d", "d"), ("e", "d")] {
            assert_eq!(holder(&buckets, key), Some(lower), "{key:?}");
        }
        assert!(buckets.exist());
    }

    #[test]
    fn where_there_are_more_buckets_nobody_knows_where_the_last_one_ends() {
        let buckets = first(&["", "b", "d"], true);
        assert_eq!((holder(&buckets, "c"), holder(&buckets, "d"), holder(&buckets, "e")), (Some("b"), None, None));
    }

    #[test]
    fn an_order_that_has_not_been_created_has_none() {
        let buckets = FirstBuckets::default();
        assert_eq!((buckets.exist(), holder(&buckets, "a")), (false, None));
    }
}
