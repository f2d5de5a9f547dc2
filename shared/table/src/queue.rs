//! The outbox's queue: what waits is found without reading what is done.
//!
//! A message that waits has an entry in one of sixteen partitions, so that no partition takes all of the system's
//! messages. An entry's sort key begins with the time at which it is due, and names the message: the stream's record of
//! a new entry, and a sweep's look at the keys, need nothing else. The entry is put with the message, moves when the
//! message is tried again later, and is deleted in the transaction that marks the message as done.

use std::collections::VecDeque;

use domain::{
    ids::{InvitationId, OrganizationId, UserId},
    mail::MailId,
};
use futures_util::future::try_join_all;

use crate::{Error, Outbox, Table, scope::keys};

/// Partitions of the queue.
pub(crate) const SHARDS: u8 = 16;
/// Entries that are read at once from each partition.
const PAGE_SIZE: usize = 50;

/// A message that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueuedMessage {
    /// A mail.
    Mail(MailId),
    /// A request to mail a link that resets a password, by its id.
    ResetRequest(String),
    /// A move of an account's address that is finished when the entry is due, unless it was before.
    AddressMove(UserId),
    /// An invitation that is forgotten when the entry is due.
    ForgottenInvitation(OrganizationId, InvitationId),
}

/// A message's place in the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueEntry {
    /// When the message may be tried, in seconds since the epoch.
    pub(crate) due_at: u64,
    /// The message.
    pub message: QueuedMessage,
}

impl QueueEntry {
    /// Parses an entry's sort key. Returns `None` if it names no message that this version knows.
    #[must_use]
    pub fn parse(sort_key: &str) -> Option<Self> {
        let mut parts = sort_key.split('#');
        let due_at = parts.next()?.parse().ok()?;
        let message = match (parts.next()?, parts.next()?, parts.next(), parts.next()) {
            ("MAIL", day, Some(id), None) => QueuedMessage::Mail(MailId { day: day.to_owned(), id: id.to_owned() }),
            ("MOVE", user, None, None) => QueuedMessage::AddressMove(UserId::parse(user)?),
            ("RESET", id, None, None) => QueuedMessage::ResetRequest(id.to_owned()),
            ("INVITATION", organization, Some(id), None) => {
                QueuedMessage::ForgottenInvitation(OrganizationId::parse(organization)?, InvitationId::parse(id)?)
            }
            _ => return None,
        };
        Some(Self { due_at, message })
    }

    pub(crate) fn sort_key(&self) -> String {
        let due_at = sort_key_of(self.due_at);
        match &self.message {
            QueuedMessage::Mail(MailId { day, id }) => format!("{due_at}#MAIL#{day}#{id}"),
            QueuedMessage::ResetRequest(id) => format!("{due_at}#RESET#{id}"),
            QueuedMessage::AddressMove(user) => format!("{due_at}#MOVE#{user}"),
            QueuedMessage::ForgottenInvitation(organization, id) => format!("{due_at}#INVITATION#{organization}#{id}"),
        }
    }

    /// Returns the partition's number, which stays the same wherever the message is in the queue. Ids are random.
    pub(crate) fn shard(&self) -> u8 {
        let id = match &self.message {
            QueuedMessage::Mail(MailId { id, .. }) | QueuedMessage::ResetRequest(id) => id,
            QueuedMessage::AddressMove(user) => user.as_str(),
            QueuedMessage::ForgottenInvitation(_, id) => id.as_str(),
        };
        id.bytes().fold(0, u8::wrapping_add) % SHARDS
    }
}

/// The beginning of the sort keys of this second. All have as many digits, so that they sort by time.
fn sort_key_of(seconds: u64) -> String {
    format!("{seconds:011}")
}

/// The entries that are due, the oldest first across all partitions, read in pages as they are taken.
pub struct DueEntries {
    table: Table,
    /// The beginning of the first sort key that is not due.
    end: String,
    shards: Vec<Shard>,
}

/// How far a partition was read.
struct Shard {
    number: u8,
    page: VecDeque<String>,
    last: Option<String>,
    is_read: bool,
}

impl Shard {
    async fn read_page(&mut self, table: &Table, end: &str) -> Result<(), Error> {
        let partition = keys::queue_shard(self.number);
        let page = table.sort_keys_below(&partition, end, self.last.as_deref(), PAGE_SIZE).await?;
        self.is_read = page.len() < PAGE_SIZE;
        self.last = page.last().cloned();
        self.page = page.into();
        Ok(())
    }
}

impl Outbox {
    /// Returns the entries that are due by now.
    #[must_use]
    pub fn due_entries(&self) -> DueEntries {
        let shards = (0..SHARDS).map(|number| Shard { number, page: VecDeque::new(), last: None, is_read: false });
        DueEntries { table: self.table().clone(), end: sort_key_of(self.now() + 1), shards: shards.collect() }
    }

    /// Returns for how many seconds a message has been due.
    #[must_use]
    pub fn lateness(&self, entry: &QueueEntry) -> u64 {
        self.now().saturating_sub(entry.due_at)
    }
}

impl DueEntries {
    /// Returns the next entry.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn next(&mut self) -> Result<Option<QueueEntry>, Error> {
        loop {
            let (table, end) = (&self.table, &self.end);
            let unread = self.shards.iter_mut().filter(|shard| shard.page.is_empty() && !shard.is_read);
            try_join_all(unread.map(|shard| shard.read_page(table, end))).await?;
            let waiting = self.shards.iter_mut().filter(|shard| !shard.page.is_empty());
            let oldest = waiting.min_by(|one, other| one.page.front().cmp(&other.page.front()));
            let Some(sort_key) = oldest.and_then(|shard| shard.page.pop_front()) else { return Ok(None) };
            if let Some(entry) = QueueEntry::parse(&sort_key) {
                return Ok(Some(entry));
            }
            tracing::warn!(sort_key, "the queue has an entry of another version");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_named_by_its_sort_key_which_sorts_by_time() {
        let mail = QueuedMessage::Mail(MailId { day: "2026-11-24".to_owned(), id: "o9kpnvao".to_owned() });
        let reset = QueuedMessage::ResetRequest("decwnjov".to_owned());
        let invitation = QueuedMessage::ForgottenInvitation(OrganizationId::random(), InvitationId::random());
        let moved = QueuedMessage::AddressMove(UserId::random());
        for message in [mail, reset, invitation, moved] {
            let [early, late] = [9, 1_795_507_000].map(|due_at| QueueEntry { due_at, message: message.clone() });
            assert!(early.sort_key() < late.sort_key());
            assert!(late.sort_key() >= sort_key_of(1_795_507_000) && late.sort_key() < sort_key_of(1_795_507_001));
            assert_eq!(early.shard(), late.shard());
            assert_eq!(QueueEntry::parse(&late.sort_key()), Some(late));
        }
        for other in
            ["", "1", "1#MAIL", "1#MAIL#2026-11-24", "1#RESET#a#b", "x#RESET#a", "1#WEBHOOK#a", "1#INVITATION#a#b"]
        {
            assert_eq!(QueueEntry::parse(other), None, "{other}");
        }
    }
}
