use counted_index::CountedIndex;
use domain::ids::OrganizationId;
use dynamo::{Expression, from_item};

use super::{Key, OrganizationKey, Reads, Record, Table, keys};
use crate::Error;

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
    /// A mail that welcomes an admin is sent, for which the admin's item that names it is read; or an invitation is
    /// forgotten.
    Mailer,
    /// A page of a list is completed, whose entries were read while the role held.
    Listed,
    /// An invited person looks at an invitation by its mailed link, or accepts it.
    Invited,
    /// The platform's operator, or its payment provider, says what an organization has bought.
    Billing,
    /// An operator with direct access to the table runs a command.
    Operator,
    /// An item of an earlier version is brought into the present form, which changes nothing that anybody sees.
    Migration,
}

impl<R> OrganizationKey<R> {
    /// Returns the key. The authority is not checked: naming it makes the way past the role check visible.
    pub(crate) fn by(self, _: Authority) -> Key<R> {
        self.into_key()
    }
}

impl Table {
    /// Returns reads of every organization's records. The authority is named, but not checked.
    pub(crate) fn reads_by(&self, _: Authority) -> Reads<'_> {
        Reads::new(self)
    }

    /// Returns the records of every organization's own partition that meet the condition. Reads the whole table: for
    /// operators alone. The authority is named, but not checked.
    pub(crate) async fn of_every_organization_by<R: Record>(
        &self,
        condition: &Expression,
        _: Authority,
    ) -> Result<Vec<(OrganizationId, R)>, Error> {
        let items = self.engine().scan(condition, |item| keys::organization_of(item).is_some()).await?;
        let records = items.into_iter().filter_map(|item| Some((keys::organization_of(&item)?, item)));
        records.map(|(organization, item)| Ok((organization, from_item(item)?))).collect()
    }

    /// Returns the counted indexes of every organization. The authority is named, but not checked.
    pub(crate) fn indexes_by(&self, _: Authority) -> CountedIndex<'_> {
        CountedIndex::new(self.engine())
    }
}
