//! Forgotten passwords. A request is put into the outbox's queue, which takes the same work whether the address has an
//! account or not. The mailer makes the link and the mail afterwards.

use domain::{
    clock::now,
    ids::random_id,
    source::Source,
    text::{EmailAddress, FoldedAddress},
};
use dynamo::{Backoff, Expression, Limit};

use crate::{
    Error, LinkKind, Outbox, QueueEntry, QueuedMessage, Table,
    links::NewLink,
    records::{CredentialRecord, LimitRecord, ResetRequestRecord},
    scope::{Committed, Key, keys},
};

const HOUR_SECONDS: u64 = 60 * 60;
/// Mails with a link to reset a password, to one address in an hour.
const MAX_RESETS_AN_HOUR: u64 = 3;
/// The age in seconds from which a request that nobody could fulfill is dropped: its owner has asked again by then.
const MAX_REQUEST_AGE_SECONDS: u64 = 6 * HOUR_SECONDS;

/// The condition of a reset that failed.
enum ResetRefusal {
    /// Another mailer has fulfilled the request.
    Done,
    /// The limit isn't as it was read.
    LimitChanged,
    IdTaken,
}

impl Table {
    /// Asks for a link that resets the password of the account with this address. One transaction, whatever the address.
    ///
    /// # Errors
    /// [`Error::LimitReached`] of the source, or the table is out of reach.
    pub async fn request_reset(&self, address: &EmailAddress, source: &Source) -> Result<(), Error> {
        let now = now();
        let entry = QueueEntry { due_at: now, message: QueuedMessage::ResetRequest(random_id(24)) };
        let request = ResetRequestRecord { address: address.folded(), expires_at: now + MAX_REQUEST_AGE_SECONDS };
        // A source over its limit puts no request, and so uses up nothing of the address's own limit.
        self.write()
            .counted(self.mail_limit(source), |reached| reached)
            .put_new(keys::reset_request(&entry), &request, Error::id_taken())
            .commit_or((), Err)
            .await?;
        Ok(())
    }

    /// Reads what a mail to the owner of an address needs, and nothing secret.
    async fn recipient(&self, address: &FoldedAddress) -> Result<Option<CredentialRecord>, Error> {
        let attributes = ["user_id", "email", "first_name", "last_name", "language", "password_generation"];
        Ok(self.batch_get([keys::credential(address)], &attributes).await?.pop())
    }
}

impl Outbox {
    /// Makes the link and the mail that a request asks for, in the transaction that deletes the request. An address
    /// without an account gets none, nor one that was mailed three within the hour.
    ///
    /// # Errors
    /// The table is out of reach: the request stays.
    pub async fn fulfill_reset(&self, entry: &QueueEntry) -> Result<(), Error> {
        let (table, key) = (self.table(), keys::reset_request(entry));
        let mut backoff = Backoff::default();
        loop {
            let Some(request) = table.get(key.clone()).await? else { return self.remove(entry).await };
            let limit = reset_limit(&request.address);
            let (window, recipient) =
                tokio::try_join!(table.get_part(limit.key.clone()), table.recipient(&request.address))?;
            let counted = limit.counted(window, self.now());
            let write = table.write().delete(key.clone(), &Expression::default(), ResetRefusal::Done);
            let write = match recipient {
                Some(recipient) if counted < limit.max_events => {
                    let counting = if counted == 0 { limit.begin(self.now()) } else { limit.count_one(self.now()) };
                    let write = write.update_or_create(limit.key, &counting, ResetRefusal::LimitChanged);
                    NewLink::made_at(LinkKind::Reset, self.now()).put(write, &recipient, || ResetRefusal::IdTaken)
                }
                _ => write,
            };
            match write.commit(()).await? {
                Committed::Done(_) => return Ok(()),
                Committed::Refused(refusals) => match refusals.into_iter().next() {
                    Some((ResetRefusal::LimitChanged, _)) => {
                        backoff.wait_or_give_up("a limit is being counted by others").await?;
                    }
                    Some((ResetRefusal::IdTaken, _)) => return Err(Error::id_taken()),
                    Some((ResetRefusal::Done, _)) | None => return Ok(()),
                },
            }
        }
    }
}

/// The limit belongs to the very address: a stranger who uses it up has its owner mailed a good link.
fn reset_limit(address: &FoldedAddress) -> Limit<Key<LimitRecord>> {
    Limit {
        key: keys::reset_limit(address),
        entity: "reset limit",
        max_events: MAX_RESETS_AN_HOUR,
        seconds: HOUR_SECONDS,
    }
}
