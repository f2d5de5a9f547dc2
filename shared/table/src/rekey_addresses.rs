//! Credentials of tables from before addresses were compared by their domain's ASCII form and in lower case alone. Their
//! keys were Unicode's caseless folding of the address, which differs where an address isn't plain ASCII.

use domain::{ids::UserId, text::FoldedAddress};

use crate::{
    Error, Table,
    records::CredentialRecord,
    scope::{Committed, keys},
};

/// What became of the credentials that were under an earlier key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RekeyedAddresses {
    /// How many are found by their address now.
    pub moved: usize,
    /// Accounts whose address has another account by now, which keeps it.
    pub taken: Vec<UserId>,
}

/// The condition of a move that failed.
enum MoveRefusal {
    Changed,
    Taken,
}

impl Table {
    /// Moves each credential that is under an earlier key to the key that its address has now. Reads the whole table,
    /// and takes a transaction for each credential to be moved; to be run again is no harm.
    ///
    /// # Errors
    /// The table is out of reach, or an account was changed meanwhile: run it again.
    pub async fn rekey_addresses(&self) -> Result<RekeyedAddresses, Error> {
        let key_of = |credential: &CredentialRecord| keys::credential(&FoldedAddress::of(&credential.email));
        let mut rekeyed = RekeyedAddresses::default();
        for (earlier, credential) in self.astray(keys::CREDENTIAL, key_of).await? {
            let committed = self
                .write()
                .delete(earlier, &credential.unchanged(), MoveRefusal::Changed)
                .put_new(key_of(&credential), &credential, MoveRefusal::Taken)
                .commit(())
                .await?;
            match committed {
                Committed::Done(_) => rekeyed.moved += 1,
                Committed::Refused(refusals) => match refusals.into_iter().next() {
                    Some((MoveRefusal::Taken, _)) => rekeyed.taken.push(credential.user_id),
                    Some((MoveRefusal::Changed, _)) | None => return Err(Error::account_changed()),
                },
            }
        }
        Ok(rekeyed)
    }
}
