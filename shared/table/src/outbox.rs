//! The outbox: a mail is an item of the transaction that has the effect it tells of, which is event, claim and status
//! in one. A change that committed can't lose its mail, one that failed sends none, and a mail that fails can't fail
//! the change.

use domain::{
    clock::Clock,
    mail::{MailId, MailStatus},
};
use dynamo::{Expression, Updated, from_item, number, rfc3339, text};

use crate::{
    Error, Table,
    records::{MailRecord, MailStatusOf},
    scope::keys,
};

/// The lease of a claimed mail, in seconds. If the mailer crashes between sending a mail and marking it, the mail is
/// sent again after the lease. This is the only way for a mail to be sent twice.
pub const LEASE_SECONDS: u64 = 60;
/// The age in seconds from which an unsent mail has failed.
const MAX_PENDING_SECONDS: u64 = 6 * HOUR_SECONDS;
const HOUR_SECONDS: u64 = 60 * 60;
const DAY_SECONDS: u64 = 24 * HOUR_SECONDS;
/// Days that a sweep looks through.
const SWEPT_DAYS: u64 = 7;

/// The outcome of claiming a mail.
pub enum Claim {
    /// This call holds the mail until the lease ends.
    Ours(Box<MailRecord>, Lease),
    /// The mail was sent, failed for good, or is gone.
    Done,
    /// Another call holds a lease on the mail that hasn't ended.
    Leased,
}

/// The proof that a mail was claimed.
pub struct Lease {
    id: MailId,
    until: u64,
    /// Seconds since the mail was put.
    age: u64,
}

impl Lease {
    /// Seconds since the mail was put.
    #[must_use]
    pub fn age(&self) -> u64 {
        self.age
    }

    /// Whether the mail is so old that it has failed.
    #[must_use]
    pub fn is_overdue(&self) -> bool {
        self.age > MAX_PENDING_SECONDS
    }
}

/// The mails that wait to be sent.
#[derive(Clone, Debug)]
pub struct Outbox {
    table: Table,
    clock: Clock,
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
        Ok(mails.into_iter().map(|mail| (mail.id, mail.status)).collect())
    }
}

impl Outbox {
    /// Claims a mail for a minute, if it is pending and no other call holds a lease on it.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn claim(&self, id: &MailId) -> Result<Claim, Error> {
        let now = self.clock.now();
        let until = now + LEASE_SECONDS;
        let claim = Expression::update("SET lease_until = :until")
            .and_condition("#status = :pending AND lease_until < :now")
            .name("#status", "status")
            .value(":until", number(until))
            .value(":now", number(now))
            .value(":pending", text("pending"));
        match self.table.try_to_update(keys::mail(id), &claim).await? {
            Updated::Done(item) => {
                let mail: MailRecord = from_item(item)?;
                let lease = Lease { id: id.clone(), until, age: now.saturating_sub(mail.created_at) };
                Ok(Claim::Ours(Box::new(mail), lease))
            }
            Updated::Refused(Some(item)) if from_item::<MailRecord>(item.clone())?.status == MailStatus::Pending => {
                Ok(Claim::Leased)
            }
            Updated::Refused(_) => Ok(Claim::Done),
        }
    }

    /// Marks a claimed mail as sent. Where the lease was lost meanwhile, nothing changes.
    ///
    /// # Errors
    /// The table is out of reach: once the lease ends, the mail is sent again.
    pub async fn mark_sent(&self, lease: &Lease) -> Result<(), Error> {
        let sent = Expression::update("SET #status = :status, sent_at = :now").value(":status", text("sent"));
        self.settle(lease, sent.value(":now", text(&rfc3339(self.clock.now()))).name("#status", "status")).await
    }

    /// Marks a claimed mail as failed for good, for this reason. Where the lease was lost meanwhile, nothing changes.
    ///
    /// # Errors
    /// The table is out of reach. Once the lease ends, the mail is claimed again.
    pub async fn mark_failed(&self, lease: Lease, reason: &str) -> Result<(), Error> {
        let failed =
            Expression::update("SET #status = :status, failed_because = :reason").value(":status", text("failed"));
        self.settle(&lease, failed.value(":reason", text(reason)).name("#status", "status")).await
    }

    /// Gives a claimed mail back: whoever claims it after so many seconds may try again.
    ///
    /// # Errors
    /// The table is out of reach. Once the lease ends, the mail can be claimed again.
    pub async fn release(&self, lease: Lease, seconds: u64) -> Result<(), Error> {
        let released = Expression::update("SET lease_until = :later");
        self.settle(&lease, released.value(":later", number(self.clock.now() + seconds))).await
    }

    async fn settle(&self, lease: &Lease, expression: Expression) -> Result<(), Error> {
        let expression = expression.and_condition("lease_until = :until").value(":until", number(lease.until));
        self.table.update(keys::mail(&lease.id), &expression).await?;
        Ok(())
    }

    /// The mails of the last days that are pending and past their lease, for a sweep.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn unsent(&self) -> Result<Vec<MailId>, Error> {
        let now = self.clock.now();
        let mut unsent = Vec::new();
        for days in (0..=SWEPT_DAYS).rev() {
            unsent.extend(self.unsent_of(&MailRecord::day(now.saturating_sub(days * DAY_SECONDS)), now).await?);
        }
        Ok(unsent)
    }

    async fn unsent_of(&self, day: &str, now: u64) -> Result<Vec<MailId>, Error> {
        let waiting = Expression::condition("#status = :pending AND lease_until < :now")
            .name("#status", "status")
            .value(":pending", text("pending"))
            .value(":now", number(now));
        let ids = self.table.sort_keys_where(&keys::mails(day), &waiting).await?;
        Ok(ids.into_iter().map(|id| MailId { day: day.to_owned(), id }).collect())
    }
}
