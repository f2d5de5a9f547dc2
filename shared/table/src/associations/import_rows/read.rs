//! What a round of an import reads, and the changes that it makes of that.

use std::collections::{BTreeSet, HashMap};

use domain::{ids::UserId, text::FoldedAddress};

use super::{user_change::UserChange, user_rows::UserRows};
use crate::{
    AssociationOrder,
    bulk::{BulkWork, ReadingRound, Round},
    members::MemberOrder,
    records::{AssociationRecord, MemberRecord, OrganizationRecord},
    scope::Reads,
};

/// What is read of an entry of either kind.
const ASSOCIATION_ATTRIBUTES: [&str; 2] = ["user_id", "customer_number"];
const MEMBER_ATTRIBUTES: [&str; 9] = [
    "user_id",
    "email",
    "roles",
    "customer_number",
    "invitation_id",
    "first_name",
    "last_name",
    "joined_at",
    "revision",
];

/// The rows of an import, by user.
pub(super) struct AssociationImport {
    pub(super) organization: OrganizationRecord,
    pub(super) users: Vec<UserRows>,
}

impl BulkWork for AssociationImport {
    type Row = UserChange;

    fn read<'a>(&'a mut self, reads: Reads<'a>, places: &'a [usize]) -> ReadingRound<'a, UserChange> {
        Box::pin(async move {
            let id = &self.organization.id;
            let [by_user, by_customer] = AssociationOrder::BOTH.map(|order| order.index(id));
            let [by_email, by_member] = MemberOrder::BOTH.map(|order| order.index(id));
            let users: Vec<_> = places.iter().filter_map(|place| self.users.get(*place)).collect();
            let addresses: Vec<_> = users.iter().map(|user| FoldedAddress::of(&user.email)).collect();
            let addresses: BTreeSet<_> = addresses.iter().map(FoldedAddress::as_str).collect();
            let ids = || users.iter().map(|user| user.user_id.as_str());
            let orders = vec![by_user.clone(), by_customer, by_email.clone(), by_member.clone()];
            let (found, of_users, of_addresses) = tokio::try_join!(
                reads.entries::<AssociationRecord>(&by_user, ids(), &ASSOCIATION_ATTRIBUTES),
                reads.entries::<MemberRecord>(&by_member, ids(), &MEMBER_ATTRIBUTES),
                reads.entries::<MemberRecord>(&by_email, addresses, &MEMBER_ATTRIBUTES)
            )?;
            let mut members = SeenMembers::new(of_users, of_addresses);
            let mut found: HashMap<_, _> = found.into_iter().map(|known| (known.user_id.clone(), known)).collect();
            let mut rows = Vec::new();
            for place in places {
                let Some(user) = self.users.get_mut(*place) else { continue };
                let Some(target) = user.target() else { continue };
                let known = found.remove(&user.user_id);
                user.before.get_or_insert_with(|| known.as_ref().map(|known| known.customer_number.clone()));
                if known.as_ref() == Some(&target) {
                    user.is_settled = true;
                    continue;
                }
                match members.take(user) {
                    Some((before, after)) => {
                        rows.push((*place, UserChange::new(&self.organization, known, target, before, after)));
                    }
                    None => user.is_single = true,
                }
            }
            Ok(Round { orders, rows })
        })
    }

    fn note_written(&mut self, place: usize) {
        if let Some(user) = self.users.get_mut(place) {
            user.is_settled = true;
        }
    }
}

/// The rows of the index of users, as far as an import's users may have them.
struct SeenMembers {
    of_users: HashMap<UserId, MemberRecord>,
    of_addresses: HashMap<String, MemberRecord>,
    taken: BTreeSet<String>,
}

impl SeenMembers {
    fn new(of_users: Vec<MemberRecord>, of_addresses: Vec<MemberRecord>) -> Self {
        Self {
            of_users: of_users.into_iter().map(|row| (row.user_id.clone(), row)).collect(),
            of_addresses: of_addresses.into_iter().map(|row| (row.address().as_str().to_owned(), row)).collect(),
            taken: BTreeSet::new(),
        }
    }

    /// Returns the row that a user's takes the place of, and the user's own before the change. `None` where the address
    /// is another member's, or another user's of this import: that has to be looked into.
    fn take(&mut self, user: &UserRows) -> Option<(Option<MemberRecord>, MemberRecord)> {
        let address = FoldedAddress::of(&user.email);
        let row = self.of_users.remove(&user.user_id).or_else(|| self.of_addresses.remove(address.as_str()));
        let address = row.as_ref().map_or(address, MemberRecord::address);
        let is_free = row.as_ref().is_none_or(|row| row.user_id == user.user_id || row.is_invited());
        if !is_free || !self.taken.insert(address.as_str().to_owned()) {
            return None;
        }
        let own = row.clone().filter(|row| row.user_id == user.user_id && !row.is_invited());
        Some((row, own.unwrap_or_else(|| MemberRecord::joining(&user.user_id, &user.email))))
    }
}
