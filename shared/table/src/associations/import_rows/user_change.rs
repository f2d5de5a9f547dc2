//! The change of one user's customer, with the user's row in the index of users.

use claims::Role;
use dynamo::{Expression, text};

use crate::{
    AssociationOrder,
    bulk::{BulkRow, BulkWrite, Changed, CountedChanges},
    members::{MemberOrder, RowChange},
    records::{AssociationRecord, MemberRecord, MembershipRecord, OrganizationRecord},
    scope::keys,
};

/// The places of the orders among those that a row is counted in.
const BY_USER: usize = 0;
const BY_CUSTOMER: usize = 1;
const MEMBERS: [usize; 2] = [2, 3];

/// A change of one user's customer.
pub(super) struct UserChange {
    known: Option<AssociationRecord>,
    target: AssociationRecord,
    user_key: String,
    customer_key: String,
    /// The key of the entry that is left.
    left_key: Option<String>,
    membership: MembershipRecord,
    /// The row of the index of users, before and after.
    member: (Option<MemberRecord>, MemberRecord),
    /// The keys that come and go with it, each with the place of its order.
    member_keys: Vec<(usize, String, i64)>,
}

impl UserChange {
    pub(super) fn new(
        organization: &OrganizationRecord,
        known: Option<AssociationRecord>,
        target: AssociationRecord,
        before: Option<MemberRecord>,
        own: MemberRecord,
    ) -> Self {
        let after = own.with_customer(&target.customer_number);
        let change = RowChange::new(before.as_ref(), Some(after.clone()));
        let member_keys = MEMBERS.into_iter().zip(MemberOrder::BOTH).flat_map(|(place, order)| {
            let keys = change.keys(order);
            let left = keys.left.map(|key| (place, key, -1));
            left.into_iter().chain(keys.entered.map(|key| (place, key, 1)))
        });
        Self {
            user_key: AssociationOrder::UserId.key(&target),
            customer_key: AssociationOrder::CustomerNumber.key(&target),
            left_key: known.as_ref().map(|known| AssociationOrder::CustomerNumber.key(known)),
            membership: MembershipRecord::customer(&organization.id, &organization.code, &target.customer_number),
            member_keys: member_keys.collect(),
            member: (before, after),
            known,
            target,
        }
    }
}

impl BulkRow for UserChange {
    fn own_actions(&self) -> usize {
        // Each order of the index of users has one item that is replaced, or those that come and go.
        let of_member =
            MEMBERS.map(|order| self.member_keys.iter().filter(|(place, ..)| *place == order).count().max(1));
        let of_association = if self.known.is_some() { 4 } else { 3 };
        of_association + of_member.iter().sum::<usize>()
    }

    fn counted_entries(&self) -> Vec<(usize, &str, i64)> {
        let other = match &self.left_key {
            Some(left) => (BY_CUSTOMER, left.as_str(), -1),
            None => (BY_USER, self.user_key.as_str(), 1),
        };
        let of_member = self.member_keys.iter().map(|(place, key, change)| (*place, key.as_str(), *change));
        [(BY_CUSTOMER, self.customer_key.as_str(), 1), other].into_iter().chain(of_member).collect()
    }

    fn add<'t>(rows: &[&Self], mut write: BulkWrite<'t>, changes: &mut CountedChanges<'_>) -> BulkWrite<'t> {
        for row in rows {
            let Self { known, target, user_key, customer_key, left_key, membership, member, .. } = row;
            let membership_key = keys::membership(&target.user_id, &membership.organization_id, Role::Customer);
            let (before, after) = member;
            changes.change_member(MEMBERS, &RowChange::new(before.as_ref(), Some(after.clone())));
            changes.insert(BY_CUSTOMER, customer_key, target);
            if let (Some(known), Some(left_key)) = (known, left_key) {
                let number = text(target.customer_number.as_str());
                let moved = Expression::update("SET customer_number = :number").value(":number", number);
                changes.remove(BY_CUSTOMER, left_key, Expression::default());
                changes.update(BY_USER, user_key, moved.clone().and(known.unchanged()));
                write = write.update(membership_key, &moved, Changed);
            } else {
                changes.insert(BY_USER, user_key, target);
                write = write.put_new(membership_key, membership, Changed);
            }
        }
        write
    }
}
