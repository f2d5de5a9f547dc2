use counted_index::CountedIndex;

use super::{Key, OrganizationKey, OrganizationPartition, Partition, Table};

/// By what, other than an admin's role, an organization's items are reached.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Authority {
    /// The organization is being made: nobody has a role in it yet.
    Founder,
    /// A user reads what the user's own membership leads to, for a token.
    Member,
    /// A machine proves that its credential is its own, or uses it.
    Machine,
    /// An account's owner changes what organizations show of the account, or ends tokens from before a proof.
    AccountOwner,
    /// Somebody with access to the table itself runs a command.
    Operator,
}

impl<R> OrganizationKey<R> {
    /// The key, for whoever acts by this authority.
    pub(crate) fn by(self, _: Authority) -> Key<R> {
        self.into_key()
    }
}

impl OrganizationPartition {
    /// The partition, for whoever acts by this authority.
    pub(crate) fn by<R>(self, _: Authority) -> Partition<R> {
        Partition::new(self.into_name())
    }
}

impl Table {
    /// The counted indexes of every organization, for whoever acts by this authority.
    pub(crate) fn indexes_by(&self, _: Authority) -> CountedIndex<'_> {
        CountedIndex::new(self.engine())
    }
}
