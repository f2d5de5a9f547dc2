//! The outbox: a mail is an item of the transaction that has the effect it tells of, which is event, claim and status in
//! one. A change that committed can't lose its mail, one that failed sends none, and a mail that fails can't fail the change.

use aws_sdk_dynamodb::{
    operation::update_item::UpdateItemError,
    types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Error, Table,
    account::Credential,
    item::{from_item, rfc3339},
    keys,
    limit::{Counted, Limit},
    transaction::{Terms, Transaction, number, text},
};
use crate::{
    claims,
    clock::Clock,
    ids::{self, LinkId},
    text::fold,
};

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

/// Where a mail is: the day it was put, and its own id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailId {
    /// The day, as `2026-01-31`.
    pub day: String,
    /// The id within the day.
    pub id: String,
}

/// What a mail tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MailKind {
    /// To who created an organization.
    WelcomeFounder,
    /// To who was made an admin.
    WelcomeAdmin,
    /// To who was invited: a link that sets the first password.
    Invitation,
    /// To who forgot a password: a link that sets another.
    PasswordReset,
    /// To who made an account: a link that proves the address.
    AddressProof,
}

impl MailKind {
    /// Its name in events and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WelcomeFounder => "welcome-founder",
            Self::WelcomeAdmin => "welcome-admin",
            Self::Invitation => "invitation",
            Self::PasswordReset => "password-reset",
            Self::AddressProof => "address-proof",
        }
    }
}

/// How far a mail is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum MailStatus {
    /// It will be sent.
    Pending,
    /// It was sent.
    Sent,
    /// It was refused for good, or could not be sent for six hours.
    Failed,
}

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
        let created_at = claims::now();
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
        transaction.put_new(keys::mail(&self.id), "mail", self, id_taken)
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
        items.into_iter().map(|item| from_item::<Status>(item).map(|mail| (mail.id, mail.status))).collect()
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
        let call = self.table.client.update_item().table_name(&*self.table.name);
        let claimed = call
            .set_key(Some(keys::mail(id).attributes()))
            .update_expression("SET lease_until = :until")
            .condition_expression("attribute_exists(pk) AND #status = :pending AND lease_until < :now")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":until", number(until))
            .expression_attribute_values(":now", number(now))
            .expression_attribute_values(":pending", AttributeValue::S("pending".to_owned()))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match claimed {
            Ok(answer) => {
                let mail: Mail = from_item(answer.attributes.unwrap_or_default())?;
                let lease =
                    Lease { id: id.clone(), until, age: now.saturating_sub(mail.created_at), counted: mail.counted };
                Ok(Claim::Ours(Box::new(mail), lease))
            }
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => Ok(match failed.item() {
                    Some(item) if from_item::<Mail>(item.clone())?.status == MailStatus::Pending => Claim::Leased,
                    _ => Claim::Done,
                }),
                _ => Err(error.into()),
            },
        }
    }

    /// Marks a claimed mail as sent. Where the lease was lost meanwhile, nothing changes.
    ///
    /// # Errors
    /// The table is out of reach: once the lease ends, the mail is sent again.
    pub async fn mark_sent(&self, lease: &Lease) -> Result<(), Error> {
        let sent = Terms::change("SET #status = :status, sent_at = :now").value(":status", text("sent"));
        self.settle(lease, sent.value(":now", text(&rfc3339(self.clock.now()))).name("#status", "status")).await
    }

    /// Marks a claimed mail as failed for good, for this reason. Where the lease was lost meanwhile, nothing changes.
    ///
    /// # Errors
    /// The table is out of reach: once the lease ends, somebody tries again.
    pub async fn mark_failed(&self, lease: Lease, reason: &str) -> Result<(), Error> {
        let failed = Terms::change("SET #status = :status, failed_because = :reason").value(":status", text("failed"));
        self.settle(&lease, failed.value(":reason", text(reason)).name("#status", "status")).await
    }

    /// Gives a claimed mail back, `counted` towards its address's limit or not: whoever claims it after so many seconds may try
    /// again.
    ///
    /// # Errors
    /// The table is out of reach: somebody may try again once the lease ends.
    pub async fn release(&self, lease: Lease, seconds: u64, counted: bool) -> Result<(), Error> {
        let terms = Terms::change("SET lease_until = :later, counted = :counted");
        let terms = terms.value(":later", number(self.clock.now() + seconds));
        self.settle(&lease, terms.value(":counted", AttributeValue::Bool(counted))).await
    }

    async fn settle(&self, lease: &Lease, terms: Terms) -> Result<(), Error> {
        let terms = terms.when("lease_until = :until").value(":until", number(lease.until));
        self.table.update(keys::mail(&lease.id), &terms).await?;
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
        let (mut unsent, mut start) = (Vec::new(), None);
        loop {
            let call = self.table.client.query().table_name(&*self.table.name).consistent_read(true);
            let page = call
                .key_condition_expression("pk = :pk")
                .filter_expression("#status = :pending AND lease_until < :now")
                .projection_expression("sk")
                .expression_attribute_names("#status", "status")
                .expression_attribute_values(":pk", AttributeValue::S(keys::mail_partition(day)))
                .expression_attribute_values(":pending", AttributeValue::S("pending".to_owned()))
                .expression_attribute_values(":now", number(now))
                .set_exclusive_start_key(start)
                .send()
                .await?;
            let ids = page.items.unwrap_or_default().into_iter().filter_map(|mut item| match item.remove("sk") {
                Some(AttributeValue::S(id)) => Some(MailId { day: day.to_owned(), id }),
                _ => None,
            });
            unsent.extend(ids);
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(unsent);
            }
        }
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
