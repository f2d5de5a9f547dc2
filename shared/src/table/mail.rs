//! The outbox: a mail is an item of the transaction that has the effect it tells of.

use aws_sdk_dynamodb::{
    operation::update_item::UpdateItemError,
    types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure},
};
use serde::{Deserialize, Serialize};

use super::{
    Error, Table,
    account::Credential,
    item::{from_item, rfc3339},
    keys,
    transaction::{Transaction, number},
};
use crate::{claims::now, ids};

/// How long a mail that was claimed is left to its claimant, in seconds.
const LEASE_SECONDS: u64 = 60;

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
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum MailStatus {
    Pending,
    Sent,
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
    /// The organization that it is about.
    pub organization_name: String,
    #[serde(flatten)]
    id: MailId,
    status: MailStatus,
    created_at: String,
    lease_until: u64,
}

impl Mail {
    /// A mail to the owner of an account about an organization.
    pub(super) fn new(kind: MailKind, to: &Credential, organization_name: &str) -> Self {
        let created_at = rfc3339(now());
        Self {
            kind,
            to: to.email.clone(),
            first_name: to.first_name.clone(),
            organization_name: organization_name.to_owned(),
            id: MailId { day: created_at.get(..10).unwrap_or_default().to_owned(), id: ids::random_id(24) },
            status: MailStatus::Pending,
            created_at,
            lease_until: 0,
        }
    }

    /// Adds it to the transaction that has the effect.
    pub(super) fn put<'t, R>(&self, transaction: Transaction<'t, R>, id_taken: R) -> Result<Transaction<'t, R>, Error> {
        transaction.put_new(keys::mail(&self.id), "mail", self, id_taken)
    }
}

/// The mails that wait to be sent.
#[derive(Clone, Debug)]
pub struct Outbox(Table);

/// What came of claiming a mail.
pub enum Claim {
    /// It is ours until the lease ends.
    Ours(Box<Mail>, Lease),
    /// It was sent before, or is gone.
    Sent,
    /// Somebody else claimed it less than a minute ago.
    Leased,
}

/// Proof of a claim.
pub struct Lease {
    id: MailId,
    until: u64,
}

impl Table {
    /// The mails that wait to be sent.
    #[must_use]
    pub fn outbox(&self) -> Outbox {
        Outbox(self.clone())
    }
}

impl Outbox {
    /// Claims a mail for a minute, where it is neither sent nor claimed by somebody else.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn claim(&self, id: &MailId) -> Result<Claim, Error> {
        let now = now();
        let until = now + LEASE_SECONDS;
        let Self(table) = self;
        let call = table.client.update_item().table_name(&*table.name).set_key(Some(keys::mail(id).attributes()));
        let claimed = call
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
                Ok(Claim::Ours(Box::new(mail), Lease { id: id.clone(), until }))
            }
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => Ok(match failed.item() {
                    Some(item) if from_item::<Mail>(item.clone())?.status == MailStatus::Pending => Claim::Leased,
                    _ => Claim::Sent,
                }),
                _ => Err(error.into()),
            },
        }
    }

    /// Marks a claimed mail as sent. Where the lease was lost meanwhile, nothing changes.
    ///
    /// # Errors
    /// The table is out of reach: once the lease ends, the mail may be sent again.
    pub async fn mark_sent(&self, lease: Lease) -> Result<(), Error> {
        let Self(table) = self;
        let call =
            table.client.update_item().table_name(&*table.name).set_key(Some(keys::mail(&lease.id).attributes()));
        let marked = call
            .update_expression("SET #status = :sent, sent_at = :now")
            .condition_expression("attribute_exists(pk) AND lease_until = :until")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":sent", AttributeValue::S("sent".to_owned()))
            .expression_attribute_values(":now", AttributeValue::S(rfc3339(now())))
            .expression_attribute_values(":until", number(lease.until))
            .send()
            .await;
        match marked {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(error.into()),
            },
        }
    }
}
