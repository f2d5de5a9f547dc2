use counted_index::{Bucket, IndexChanges, Order};

use super::MemberOrder;
use crate::records::MemberRecord;

/// The change of a person's row, from what was read to what it is to be. `None` is no row.
pub(crate) struct RowChange<'a> {
    before: Option<&'a MemberRecord>,
    after: Option<MemberRecord>,
}

/// The keys of a row in one order, before and after its change.
pub(crate) struct ChangedKeys {
    pub(crate) left: Option<String>,
    pub(crate) entered: Option<String>,
}

impl<'a> RowChange<'a> {
    pub(crate) fn new(before: Option<&'a MemberRecord>, after: Option<MemberRecord>) -> Self {
        Self { before, after: after.map(MemberRecord::revised) }
    }

    /// Returns the keys whose buckets count the change in an order: none where the row keeps its key.
    pub(crate) fn keys(&self, order: MemberOrder) -> ChangedKeys {
        let left = self.before.map(|row| order.key(row));
        let entered = self.after.as_ref().map(|row| order.key(row));
        if left == entered { ChangedKeys { left: None, entered: None } } else { ChangedKeys { left, entered } }
    }

    /// Adds the change of one order. `left` and `entered` are the buckets of [`Self::keys`].
    pub(crate) fn add_to(
        &self,
        changes: &mut IndexChanges,
        order: MemberOrder,
        index: &Order,
        left: Option<&Bucket>,
        entered: Option<&Bucket>,
    ) {
        if let (Some(before), Some(after)) = (self.before, &self.after)
            && order.key(before) == order.key(after)
        {
            changes.replace(index, &order.key(after), after, before.unchanged());
            return;
        }
        if let (Some(before), Some(bucket)) = (self.before, left) {
            changes.remove(index, bucket, &order.key(before), before.unchanged());
        }
        if let (Some(after), Some(bucket)) = (&self.after, entered) {
            changes.insert(index, bucket, &order.key(after), after);
        }
    }
}
