use claims::Role;
use domain::{
    clock::now,
    ids::{InvitationId, UserId, random_id},
    text::{CustomerNumber, EmailAddress, PersonName, PhoneNumber},
};
use dynamo::{Expression, number, text};
use serde::{Deserialize, Serialize};

use super::LinkKind;
use crate::scope::Record;

const DAY_SECONDS: u64 = 24 * 60 * 60;

/// Whether an invitation is open, as it is stored. Its age isn't part of that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum InvitationState {
    Pending,
    Accepted,
    Withdrawn,
}

/// An organization's invitation of a person, by address.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InvitationRecord {
    /// Its id.
    pub id: InvitationId,
    /// The address, as the inviter wrote it.
    pub email: EmailAddress,
    /// The person's first name, if the inviter says it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub first_name: Option<PersonName>,
    /// The person's last name, if the inviter says it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_name: Option<PersonName>,
    /// The phone number of an account that the acceptance makes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) phone_number: Option<PhoneNumber>,
    /// Whether the person is to be an admin.
    pub(crate) as_admin: bool,
    /// The customer that the person is to buy for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub customer_number: Option<CustomerNumber>,
    /// The user or the machine that invites.
    pub invited_by: String,
    /// The names of the user who invites. A machine has none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub inviter_name: Option<String>,
    /// The id of the account that the acceptance makes, where the address has none.
    pub(crate) user_id: UserId,
    pub(crate) state: InvitationState,
    /// When it was made, in milliseconds, so that a list has an order.
    pub(crate) made_at_milliseconds: u64,
    /// When the last link was put into the outbox.
    pub(crate) mailed_at: u64,
    /// The revision, which each change replaces.
    pub(crate) revision: String,
    /// When the item of an invitation that is open no more is deleted. The mailer deletes an open one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) expires_at: Option<u64>,
}

impl Record for InvitationRecord {
    const ENTITY: &'static str = "invitation";
}

/// What has become of an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvitationStatus {
    /// The invitation can be accepted.
    Pending,
    /// The invitation was accepted.
    Accepted,
    /// The invitation was taken back.
    Withdrawn,
    /// Its last link has expired. It can be sent again.
    Expired,
}

impl InvitationRecord {
    /// How long an invitation is remembered after its last mail, in seconds.
    const MEMORY_SECONDS: u64 = 30 * DAY_SECONDS;

    /// The roles that it promises.
    #[must_use]
    pub fn roles(&self) -> Vec<Role> {
        let customer = self.customer_number.as_ref().map(|_| Role::Customer);
        self.as_admin.then_some(Role::Admin).into_iter().chain(customer).collect()
    }

    /// What has become of it by now.
    #[must_use]
    pub fn status(&self) -> InvitationStatus {
        match self.state {
            InvitationState::Pending if self.link_expires_at() <= now() => InvitationStatus::Expired,
            InvitationState::Pending => InvitationStatus::Pending,
            InvitationState::Accepted => InvitationStatus::Accepted,
            InvitationState::Withdrawn => InvitationStatus::Withdrawn,
        }
    }

    /// When the last link expires, in seconds since 1970.
    #[must_use]
    pub fn link_expires_at(&self) -> u64 {
        self.mailed_at + LinkKind::OrganizationInvitation.lifetime_seconds()
    }

    /// Whether it can still be sent again, accepted or withdrawn.
    pub(crate) fn is_open(&self) -> bool {
        self.state == InvitationState::Pending
    }

    /// When it is forgotten, in seconds since 1970.
    pub(crate) fn forgotten_at(&self) -> u64 {
        self.mailed_at + Self::MEMORY_SECONDS
    }

    /// Returns the condition that it is open, and as it was read.
    pub(crate) fn unchanged(&self) -> Expression {
        Expression::condition("#state = :open AND revision = :seen_invitation")
            .name("#state", "state")
            .value(":open", text("pending"))
            .value(":seen_invitation", text(&self.revision))
    }

    /// Returns it as it is once another link is mailed.
    pub(crate) fn sent_again(&self) -> Self {
        Self { mailed_at: now(), revision: random_id(16), ..self.clone() }
    }

    /// Returns the change that makes it `sent`.
    pub(crate) fn becomes_sent(&self, sent: &Self) -> Expression {
        Expression::update("SET mailed_at = :mailed_at, revision = :revision")
            .value(":mailed_at", number(sent.mailed_at))
            .value(":revision", text(&sent.revision))
            .and(self.unchanged())
    }

    /// Returns the change that closes it.
    pub(crate) fn closed(&self, state: InvitationState) -> Expression {
        let state = if state == InvitationState::Accepted { "accepted" } else { "withdrawn" };
        Expression::update("SET #state = :state, revision = :revision, expires_at = :forgotten_at")
            .value(":state", text(state))
            .value(":revision", text(&random_id(16)))
            .value(":forgotten_at", number(self.forgotten_at()))
            .and(self.unchanged())
    }
}

/// Makes the open invitation of an address unique in its organization.
#[derive(Serialize, Deserialize)]
pub(crate) struct OpenInvitationRecord {
    pub(crate) invitation_id: InvitationId,
}

impl Record for OpenInvitationRecord {
    const ENTITY: &'static str = "open invitation";
}

/// The id of the account that an invited address will have, whoever invites it. Nobody is kept from the address.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct ExpectedAccountRecord {
    pub(crate) user_id: UserId,
    pub(crate) expires_at: u64,
}

impl Record for ExpectedAccountRecord {
    const ENTITY: &'static str = "expected account";
}
