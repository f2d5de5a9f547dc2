//! The outbox: a mail is an item of the transaction that has the effect it tells of, which is event, claim and status in
//! one. A change that committed can't lose its mail, one that failed sends none, and a mail that fails can't fail the change.

use domain::mail::{MailId, MailKind, MailStatus};
use domain::{
    clock::{self, Clock},
    ids::{self, LinkId},
    text::fold,
};
use dynamo::{Counted, Expression, Limit, Transaction, Updated, bool_value, from_item, number, rfc3339, text};
use serde::{Deserialize, Serialize};

use crate::{Error, Table, account::Credential, keys};

/// How long a mail that was claimed is left to its claimant, in seconds. The one window in which a mail may be sent twice: a
/// crash between sending and marking is made good after the lease.
pub const LEASE_SECONDS: u64 = 60;
/// A mail that is unsent for so long, in seconds, has failed.
const LONGEST_PENDING: u64 = 6 * HOUR;
/// Mails to one address in an hour.
const MOST_AN_HOUR: u64 = 5;
const HOUR: u64 = 60 * 60;
/// How long a mail is kept, in seconds.
const KEPT: u64 = 30 * DAY;
const DAY: u64 = 24 * 60 * 60;
/// Days that a sweep looks through.
const SWEPT_DAYS: u64 = 7;

/// A mail in the outbox.
#[derive(Clone, Serialize, Deserialize)]
pub struct Mail {
    /// What it tells.
    pub kind: MailKind,
    /// The recipient's address.
    pub to: String,
    /// The recipient's first name.
    pub first_name: String,
    /// The organization that it is about, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub organization_name: Option<String>,
    /// The link that it brings. Its token is made by the mailer and kept nowhere.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub link: Option<LinkId>,
    /// Where it is.
    #[serde(flatten)]
    pub id: MailId,
    status: MailStatus,
    /// When it was put, in seconds since the epoch.
    created_at: u64,
    lease_until: u64,
    /// Whether it was counted towards its address's limit.
    #[serde(default)]
    counted: bool,
    expires_at: u64,
}

impl Mail {
    /// A mail to the owner of an account about an organization.
    pub(super) fn new(kind: MailKind, to: &Credential, organization_name: &str) -> Self {
        let created_at = clock::now();
        Self {
            kind,
            to: to.email.clone(),
            first_name: to.first_name.clone(),
            organization_name: Some(organization_name.to_owned()),
            link: None,
            id: MailId { day: day(created_at), id: ids::random_id(24) },
            status: MailStatus::Pending,
            created_at,
            lease_until: 0,
            counted: false,
            expires_at: created_at + KEPT,
        }
    }

    /// A mail to the owner of an account with a link.
    pub(super) fn with_link(kind: MailKind, to: &Credential, organization_name: Option<&str>, link: &LinkId) -> Self {
        let organization_name = organization_name.map(str::to_owned);
        Self { organization_name, link: Some(link.clone()), ..Self::new(kind, to, "") }
    }

    /// Adds it to the transaction that has the effect.
    pub(super) fn put<'t, R>(&self, transaction: Transaction<'t, R>, id_taken: R) -> Result<Transaction<'t, R>, Error> {
        Ok(transaction.put_new(keys::mail(&self.id), "mail", self, id_taken)?)
    }
}

fn day(seconds: u64) -> String {
    rfc3339(seconds).get(..10).unwrap_or_default().to_owned()
}

/// What came of claiming a mail.
pub enum Claim {
    /// It is ours until the lease ends.
    Ours(Box<Mail>, Lease),
    /// It was sent or has failed before, or is gone.
    Done,
    /// Somebody else's lease on it hasn't ended.
    Leased,
}

/// Proof of a claim.
pub struct Lease {
    id: MailId,
    until: u64,
    /// Seconds since the mail was put.
    age: u64,
    counted: bool,
}

impl Lease {
    /// Whether an earlier try counted the mail towards its address's limit.
    #[must_use]
    pub fn is_counted(&self) -> bool {
        self.counted
    }

    /// Seconds since the mail was put.
    #[must_use]
    pub fn age(&self) -> u64 {
        self.age
    }

    /// Whether the mail is unsent for so long that it has failed.
    #[must_use]
    pub fn is_overdue(&self) -> bool {
        self.age > LONGEST_PENDING
    }
}

/// The mails that wait to be sent.
#[derive(Clone, Debug)]
pub struct Outbox {
    table: Table,
    clock: Clock,
}

impl Table {
    /// The mails that wait to be sent, by this clock.
    #[must_use]
    pub fn outbox(&self, clock: Clock) -> Outbox {
        Outbox { table: self.clone(), clock }
    }

    /// How far each of these mails is; one that is no longer kept was sent, or its failure is history.
    pub(super) async fn mail_statuses(&self, ids: &[MailId]) -> Result<Vec<(MailId, MailStatus)>, Error> {
        #[derive(Deserialize)]
        struct Status {
            #[serde(flatten)]
            id: MailId,
            status: MailStatus,
        }
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let items = self.batch_get(ids.iter().map(keys::mail).collect(), &["day", "id", "status"]).await?;
        items.into_iter().map(|item| Ok(from_item::<Status>(item).map(|mail| (mail.id, mail.status))?)).collect()
    }
}

impl Outbox {
    /// Claims a mail for a minute, where it is pending and not claimed by somebody else.
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
        let condition = claim.condition_on_existing();
        match self.table.engine.try_to_update(keys::mail(id), &claim, condition).await? {
            Updated::Done(item) => {
                let mail: Mail = from_item(item)?;
                let lease =
                    Lease { id: id.clone(), until, age: now.saturating_sub(mail.created_at), counted: mail.counted };
                Ok(Claim::Ours(Box::new(mail), lease))
            }
            Updated::Refused(Some(item)) if from_item::<Mail>(item.clone())?.status == MailStatus::Pending => {
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
    /// The table is out of reach: once the lease ends, somebody tries again.
    pub async fn mark_failed(&self, lease: Lease, reason: &str) -> Result<(), Error> {
        let failed =
            Expression::update("SET #status = :status, failed_because = :reason").value(":status", text("failed"));
        self.settle(&lease, failed.value(":reason", text(reason)).name("#status", "status")).await
    }

    /// Gives a claimed mail back, `counted` towards its address's limit or not: whoever claims it after so many seconds may try
    /// again.
    ///
    /// # Errors
    /// The table is out of reach: somebody may try again once the lease ends.
    pub async fn release(&self, lease: Lease, seconds: u64, counted: bool) -> Result<(), Error> {
        let expression = Expression::update("SET lease_until = :later, counted = :counted");
        let expression = expression.value(":later", number(self.clock.now() + seconds));
        self.settle(&lease, expression.value(":counted", bool_value(counted))).await
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
            unsent.extend(self.unsent_of(&day(now.saturating_sub(days * DAY)), now).await?);
        }
        Ok(unsent)
    }

    async fn unsent_of(&self, day: &str, now: u64) -> Result<Vec<MailId>, Error> {
        let waiting = Expression::condition("#status = :pending AND lease_until < :now")
            .name("#status", "status")
            .value(":pending", text("pending"))
            .value(":now", number(now));
        let ids = self.table.engine.sort_keys_where(&keys::mail_partition(day), &waiting).await?;
        Ok(ids.into_iter().map(|id| MailId { day: day.to_owned(), id }).collect())
    }

    /// Counts a mail to an address, unless five of its kind were counted in the hour that began with the first of them. Mails with
    /// links have a count of their own: nobody holds up a link by causing other mails. Then how many
    /// seconds of that hour are left.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn count_towards_limit(&self, mail: &Mail) -> Result<Option<u64>, Error> {
        let limit = Limit {
            key: keys::mail_limit(&fold(&mail.to), mail.link.is_some()),
            entity: "mail limit",
            most: MOST_AN_HOUR,
            seconds: HOUR,
        };
        Ok(match self.table.count(&limit, self.clock.now()).await? {
            Counted::Within(..) => None,
            Counted::Full(seconds) => Some(seconds),
        })
    }
}
