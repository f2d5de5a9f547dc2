use counted_index::CountedIndex;

use super::{Key, OrganizationKey, OrganizationPartition, Partition, Table};

/// An authority, other than an admin's role, by which code reaches an organization's items.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Authority {
    /// The organization is being created, so nobody has a role in it yet.
    Founder,
    /// A user's token is made, for which the user's own membership is read; or the user leaves the organization.
    Member,
    /// A machine proves that it owns its credential, or the use of the credential is recorded.
    Machine,
    /// An account's owner changes the copies of the account that organizations show.
    AccountOwner,
    /// A mail that welcomes an admin is sent, for which the admin's item that names it is read.
    Mailer,
    /// An operator with direct access to the table runs a command.
    Operator,
}

impl<R> OrganizationKey<R> {
    /// Returns the key. The authority is not checked: naming it makes the way past the role check visible.
    pub(crate) fn by(self, _: Authority) -> Key<R> {
        self.into_key()
    }
}

impl OrganizationPartition {
    /// Returns the partition. The authority is named, but not checked.
    pub(crate) fn by<R>(self, _: Authority) -> Partition<R> {
        Partition::new(self.into_name())
    }
}

impl Table {
    /// Returns the counted indexes of every organization. The authority is named, but not checked.
    pub(crate) fn indexes_by(&self, _: Authority) -> CountedIndex<'_> {
        CountedIndex::new(self.engine())
    }
}
