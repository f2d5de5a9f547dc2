//! The outbox: a mail is an item of the transaction that has the effect it tells of, which is event, claim and status
//! in one. A change that committed can't lose its mail, one that failed sends none, and a mail that fails can't fail
//! the change. What waits is found by the queue (`queue.rs`).

use domain::{
    clock::{self, Clock},
    mail::{MailId, MailStatus},
};
use dynamo::{Expression, Updated, from_item, number, rfc3339, text};

use crate::{
    Error, QueueEntry, QueuedMessage, Table,
    records::{DeliveryStatus, LinkKind, MailRecord, MailStatusOf, QueuedMailRecord, Welcomed},
    scope::{Authority, Committed, Write, WriteScope, keys},
};

/// The lease of a claimed mail, in seconds. If the mailer crashes between sending a mail and marking it, the mail is
/// sent again after the lease. This is the only way for a mail to be sent twice.
pub const LEASE_SECONDS: u64 = 60;
/// Seconds by which the clocks of two functions may differ: a new mail is due at once, by whatever clock.
const CLOCK_SKEW_SECONDS: u64 = 1;
const DAY_SECONDS: u64 = 24 * 60 * 60;
/// Days whose mails may be from before the queue.
const DAYS_BEFORE_THE_QUEUE: u64 = 7;

/// The outcome of claiming a mail.
pub enum Claim {
    /// This call holds the mail until the lease ends.
    Ours(Box<MailRecord>, Lease),
    /// The mail was sent, failed for good, or is gone.
    Done,
    /// Another call holds a lease on the mail that hasn't ended.
    Leased,
    /// The mail may not be tried yet.
    NotDue,
}

/// The proof that a mail was claimed.
pub struct Lease {
    id: MailId,
    until: u64,
    /// The mail's place in the queue. A mail from before the queue has none.
    entry: Option<QueueEntry>,
    /// Seconds since the mail was put.
    age: u64,
}

impl Lease {
    /// Seconds since the mail was put.
    #[must_use]
    pub fn age(&self) -> u64 {
        self.age
    }
}

/// The messages that wait to be sent.
#[derive(Clone, Debug)]
pub struct Outbox {
    table: Table,
    clock: Clock,
}

impl MailRecord {
    /// Adds the mail and its queue entry to a transaction.
    pub(crate) fn put<'t, S: WriteScope, R>(
        &self,
        write: Write<'t, S, R>,
        id_taken: impl Fn() -> R,
    ) -> Write<'t, S, R> {
        let write = write.put_new(keys::mail(&self.id), self, id_taken());
        match self.queue_entry() {
            Some(entry) => write.put_new(keys::queued_mail(&entry), &QueuedMailRecord {}, id_taken()),
            None => write,
        }
    }
}

impl Table {
    /// The outbox, with this clock.
    #[must_use]
    pub fn outbox(&self, clock: Clock) -> Outbox {
        Outbox { table: self.clone(), clock }
    }

    /// Returns the status of each of these mails that is still stored. Mails are deleted after 30 days.
    pub(crate) async fn mail_statuses(&self, ids: &[MailId]) -> Result<Vec<(MailId, MailStatus)>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mails: Vec<MailStatusOf> = self.batch_get(ids.iter().map(keys::mail), &["day", "id", "status"]).await?;
        Ok(mails.into_iter().filter_map(|mail| Some((mail.id, mail.status.shown()?))).collect())
    }

    /// Puts the pending mails from before the queue into it, and returns how many they were. Safe to run again, and
    /// while mails are sent.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn queue_old_mails(&self) -> Result<usize, Error> {
        let (now, mut queued) = (clock::now(), 0);
        let unqueued = || {
            Expression::condition("#status = :pending AND attribute_not_exists(due_at)")
                .name("#status", "status")
                .value(":pending", text("pending"))
        };
        for days in 0..=DAYS_BEFORE_THE_QUEUE {
            let day = MailRecord::day(now.saturating_sub(days * DAY_SECONDS));
            for id in self.sort_keys_where(&keys::mails(&day), &unqueued()).await? {
                let id = MailId { day: day.clone(), id };
                let entry = QueueEntry { due_at: now, message: QueuedMessage::Mail(id.clone()) };
                let due = Expression::update("SET due_at = :now").value(":now", number(now)).and(unqueued());
                let write = self.write().update(keys::mail(&id), &due, ());
                let write = write.put_new(keys::queued_mail(&entry), &QueuedMailRecord {}, ());
                queued += usize::from(matches!(write.commit(()).await?, Committed::Done(_)));
            }
        }
        Ok(queued)
    }
}

impl Outbox {
    pub(crate) fn table(&self) -> &Table {
        &self.table
    }

    pub(crate) fn now(&self) -> u64 {
        self.clock.now()
    }

    /// Claims a mail for a minute, if it is pending and due, and no other call holds a lease on it.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn claim(&self, id: &MailId) -> Result<Claim, Error> {
        let now = self.now();
        let (until, soon) = (now + LEASE_SECONDS, now + CLOCK_SKEW_SECONDS);
        let claim = Expression::update("SET lease_until = :until")
            .and_condition(
                "#status = :pending AND lease_until < :now AND (attribute_not_exists(due_at) OR due_at <= :soon)",
            )
            .name("#status", "status")
            .value(":until", number(until))
            .value(":now", number(now))
            .value(":soon", number(soon))
            .value(":pending", text("pending"));
        let refused = match self.table.try_to_update(keys::mail(id), &claim).await? {
            Updated::Done(item) => {
                let mail: MailRecord = from_item(item)?;
                let age = now.saturating_sub(mail.delivery.created_at);
                let lease = Lease { id: id.clone(), until, entry: mail.queue_entry(), age };
                return Ok(Claim::Ours(Box::new(mail), lease));
            }
            // The local engine returns an empty item where there is none.
            Updated::Refused(item) => item.filter(|item| !item.is_empty()),
        };
        let mail: Option<MailRecord> = refused.map(from_item).transpose()?;
        let Some(delivery) = mail.map(|mail| mail.delivery) else { return Ok(Claim::Done) };
        Ok(match delivery.due_at {
            _ if delivery.status != DeliveryStatus::Pending => Claim::Done,
            Some(due_at) if due_at > soon => Claim::NotDue,
            _ => Claim::Leased,
        })
    }

    /// Marks a claimed mail as sent. Where the lease was lost meanwhile, nothing changes.
    ///
    /// # Errors
    /// The table is out of reach: once the lease ends, the mail is sent again.
    pub async fn mark_sent(&self, lease: &Lease) -> Result<(), Error> {
        let sent = Expression::update("SET #status = :status, sent_at = :now").value(":status", text("sent"));
        self.settle(lease, sent.value(":now", text(&rfc3339(self.now()))), None).await
    }

    /// Returns whether what a mail tells no longer holds: it welcomes an admin who was demoted meanwhile, or who was
    /// mailed another welcome, or its link has expired. One read, of welcome mails alone.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn is_superseded(&self, mail: &MailRecord) -> Result<bool, Error> {
        let link = mail.link.as_ref().and_then(|_| LinkKind::in_mail(mail.kind));
        if link.is_some_and(|link| mail.delivery.created_at + link.lifetime_seconds() <= self.now()) {
            return Ok(true);
        }
        let Some(Welcomed { organization_id, user_id }) = &mail.welcomes else { return Ok(false) };
        let admin = self.table.get(keys::admin(organization_id, user_id).by(Authority::Mailer)).await?;
        Ok(admin.and_then(|admin| admin.welcome_mail).is_none_or(|welcome| welcome != mail.id))
    }

    /// Marks a claimed mail as one that is not sent, because what it tells no longer holds.
    ///
    /// # Errors
    /// The table is out of reach. Once the lease ends, the mail is claimed again.
    pub async fn mark_superseded(&self, lease: Lease) -> Result<(), Error> {
        let superseded = Expression::update("SET #status = :status").value(":status", text("superseded"));
        self.settle(&lease, superseded, None).await
    }

    /// Marks a claimed mail as failed for good, for this reason. Where the lease was lost meanwhile, nothing changes.
    ///
    /// # Errors
    /// The table is out of reach. Once the lease ends, the mail is claimed again.
    pub async fn mark_failed(&self, lease: Lease, reason: &str) -> Result<(), Error> {
        let failed =
            Expression::update("SET #status = :status, failed_because = :reason").value(":status", text("failed"));
        self.settle(&lease, failed.value(":reason", text(reason)), None).await
    }

    /// Gives a claimed mail back: whoever claims it after so many seconds may try again. The mail moves behind what is
    /// due by then, so that mails which fail again and again never keep others from their turn.
    ///
    /// # Errors
    /// The table is out of reach. Once the lease ends, the mail can be claimed again.
    pub async fn release(&self, lease: Lease, seconds: u64) -> Result<(), Error> {
        let earliest = lease.entry.as_ref().map_or(0, |entry| entry.due_at + 1);
        let due_at = earliest.max(self.now() + seconds);
        let released = Expression::update("SET lease_until = :free, due_at = :due").value(":free", number(0));
        let entry = QueueEntry { due_at, message: QueuedMessage::Mail(lease.id.clone()) };
        self.settle(&lease, released.value(":due", number(due_at)), Some(&entry)).await
    }

    /// Changes a claimed mail, and replaces its queue entry by `next` in the same transaction.
    async fn settle(&self, lease: &Lease, change: Expression, next: Option<&QueueEntry>) -> Result<(), Error> {
        // A mail that came back before it was marked has failed, and stays so.
        let change = change
            .and_condition("lease_until = :until AND #status = :pending")
            .name("#status", "status")
            .value(":until", number(lease.until))
            .value(":pending", text("pending"));
        let mut write = self.table.write().update(keys::mail(&lease.id), &change, ());
        if let Some(entry) = &lease.entry {
            write = write.delete_any(keys::queued_mail(entry), ());
        }
        if let Some(entry) = next {
            write = write.put_new(keys::queued_mail(entry), &QueuedMailRecord {}, ());
        }
        // A refusal means that the lease was lost.
        write.commit(()).await?;
        Ok(())
    }

    /// Removes an entry whose message is done. Usually the message's own transaction has removed it.
    ///
    /// # Errors
    /// The table is out of reach: a sweep finds the entry again.
    pub async fn remove(&self, entry: &QueueEntry) -> Result<(), Error> {
        self.table.delete(keys::queued_mail(entry)).await
    }
}
