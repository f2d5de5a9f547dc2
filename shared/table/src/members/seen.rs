use counted_index::{Bucket, FirstBuckets, IndexChanges, IndexReader, Order, entry_key};
use domain::{
    ids::{InvitationId, OrganizationId, UserId},
    text::FoldedAddress,
};

use super::{MemberOrder, RowChange};
use crate::{Error, records::MemberRecord, scope::Reads};

/// What was read of a person in an organization, to change it.
pub(crate) struct SeenMember {
    by_email: Place,
    by_user: Place,
}

/// What was read of a person in one order.
struct Place {
    index: Order,
    /// The key, where it was known.
    key: Option<String>,
    row: Option<MemberRecord>,
    /// The key's bucket, or the first ones where the key wasn't known.
    bucket: Option<Bucket>,
    first: FirstBuckets,
}

impl SeenMember {
    /// Reads what there is of a user, of an address, or of both: one round trip.
    pub(crate) async fn read(
        reads: Reads<'_>,
        organization: &OrganizationId,
        user: Option<&UserId>,
        address: Option<&FoldedAddress>,
    ) -> Result<Self, Error> {
        let [by_email, by_user] = MemberOrder::BOTH.map(|order| order.index(organization));
        // On the heap, because the callers' futures hold many reads already, and a debug build has them on its stack.
        let (by_email, by_user) = tokio::try_join!(
            Box::pin(Place::read(reads, by_email, address.map(FoldedAddress::as_str))),
            Box::pin(Place::read(reads, by_user, user.map(UserId::as_str)))
        )?;
        Ok(Self { by_email, by_user })
    }

    /// Returns whether the organization has an index, be it complete or not.
    pub(crate) fn is_indexed(&self) -> bool {
        self.by_email.exists() && self.by_user.exists()
    }

    /// Returns the row that was found: the user's, or else the one of the address, which may be another user's or that
    /// of an invitation.
    pub(crate) fn row(&self) -> Option<&MemberRecord> {
        self.by_user.row.as_ref().or(self.by_email.row.as_ref())
    }

    /// Returns the row that was found, where it is this user's own.
    pub(crate) fn row_of(&self, user: &UserId) -> Option<&MemberRecord> {
        self.row().filter(|row| row.user_id == *user && !row.is_invited())
    }

    /// Returns the invitation of the person to come that has this id.
    pub(crate) fn invitation_of(&self, user: &UserId) -> Option<&InvitationId> {
        self.row().filter(|row| row.user_id == *user)?.invitation_id.as_ref()
    }

    /// Makes the row that was found be `after`, or be gone. In large organizations this takes another round trip, where
    /// a key wasn't known as its bucket was read.
    pub(crate) async fn change(
        &self,
        index: IndexReader<'_>,
        after: Option<MemberRecord>,
    ) -> Result<IndexChanges, Error> {
        let mut changes = IndexChanges::default();
        self.add_change(&mut changes, index, after).await?;
        Ok(changes)
    }

    /// Makes the row that was found of a user be `after`, at the address that was looked for. The row of an open
    /// invitation to that address gives way, as the invited person is a member by then.
    pub(crate) async fn readdress(&self, index: IndexReader<'_>, after: MemberRecord) -> Result<IndexChanges, Error> {
        let invited = self.by_email.row.as_ref().filter(|row| row.user_id != after.user_id && row.is_invited());
        let (Some(before), Some(invited)) = (&self.by_user.row, invited) else {
            return self.change(index, Some(after)).await;
        };
        let after = after.revised();
        let (left, gone) = (MemberOrder::Email.key(before), MemberOrder::UserId.key(invited));
        let (left_bucket, gone_bucket) =
            tokio::try_join!(index.locate(&self.by_email.index, &left), index.locate(&self.by_user.index, &gone))?;
        let mut changes = IndexChanges::default();
        changes.replace(&self.by_email.index, &MemberOrder::Email.key(&after), &after, invited.unchanged());
        changes.remove(&self.by_email.index, &left_bucket, &left, before.unchanged());
        changes.replace(&self.by_user.index, &MemberOrder::UserId.key(&after), &after, before.unchanged());
        changes.remove(&self.by_user.index, &gone_bucket, &gone, invited.unchanged());
        Ok(changes)
    }

    /// Adds the change of [`Self::change`] to others.
    pub(crate) async fn add_change(
        &self,
        changes: &mut IndexChanges,
        index: IndexReader<'_>,
        after: Option<MemberRecord>,
    ) -> Result<(), Error> {
        if !self.is_indexed() {
            changes.require_no_order(&self.by_email.index);
            return Ok(());
        }
        if self.row().is_none() && after.is_none() {
            // The index may be built meanwhile, by roles that are about to end.
            for place in [&self.by_email, &self.by_user] {
                if let Some(key) = &place.key {
                    changes.require_no_entry(&place.index, key);
                }
            }
            return Ok(());
        }
        let change = RowChange::new(self.row(), after);
        for (order, place) in MemberOrder::BOTH.into_iter().zip([&self.by_email, &self.by_user]) {
            let keys = change.keys(order);
            let (left, entered) = tokio::try_join!(
                place.holder(index, keys.left.as_deref()),
                place.holder(index, keys.entered.as_deref())
            )?;
            change.add_to(changes, order, &place.index, left.as_ref(), entered.as_ref());
        }
        Ok(())
    }
}

impl Place {
    async fn read(reads: Reads<'_>, index: Order, key: Option<&str>) -> Result<Self, Error> {
        let Some(key) = key else {
            let first = reads.indexes().first_buckets(&index).await?;
            return Ok(Self { index, key: None, row: None, bucket: None, first });
        };
        let bucket = async { reads.indexes().find(&index, key).await.map_err(Error::from) };
        let (row, bucket) = tokio::try_join!(reads.entry(entry_key(&index.partition, key)), bucket)?;
        Ok(Self { index, key: Some(key.to_owned()), row, bucket, first: FirstBuckets::default() })
    }

    fn exists(&self) -> bool {
        self.bucket.is_some() || self.first.exist()
    }

    /// Returns the bucket of a key: one that was read, or else by one read more.
    async fn holder(&self, index: IndexReader<'_>, key: Option<&str>) -> Result<Option<Bucket>, Error> {
        let Some(key) = key else { return Ok(None) };
        let known =
            self.bucket.as_ref().filter(|_| self.key.as_deref() == Some(key)).or_else(|| self.first.holder(key));
        match known {
            Some(bucket) => Ok(Some(bucket.clone())),
            None => Ok(Some(index.locate(&self.index, key).await?)),
        }
    }
}
