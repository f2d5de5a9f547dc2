use counted_index::IndexChanges;
use domain::{
    clock::{now, now_milliseconds},
    ids::{InvitationId, UserId, random_id},
    text::{CustomerNumber, EmailAddress, PersonName, PhoneNumber},
};
use dynamo::{Backoff, Expression, number, text};
use serde::{Serialize, de::DeserializeOwned};

use super::{InvitationRefusal, address_hash, mail, rows};
use crate::{
    CreatedAccount, Error, IdempotencyKey, InvitationError, NewAccount, OrganizationScope, QueueEntry, QueuedMessage,
    Replayable,
    mail_budgets::MailBudget,
    members::SeenMember,
    records::{
        AccountRecord, CredentialRecord, ExpectedAccountRecord, InvitationRecord, InvitationState,
        OpenInvitationRecord, OrganizationRecord, QueuedInvitationRecord,
    },
    scope::{Committed, Refusals, RoleHeld, Write, keys},
};

/// How long the id of an account to come is kept after the last invitation of its address, in seconds.
const EXPECTED_SECONDS: u64 = 60 * 24 * 60 * 60;

/// A person to be invited, and what the organization promises.
pub struct NewInvitation {
    /// The address.
    pub email: EmailAddress,
    /// The first name, if the inviter says it.
    pub first_name: Option<PersonName>,
    /// The last name, if the inviter says it.
    pub last_name: Option<PersonName>,
    /// The phone number of an account that the acceptance makes.
    pub phone_number: Option<PhoneNumber>,
    /// Whether the person is to be an admin.
    pub as_admin: bool,
    /// The customer that the person is to buy for.
    pub customer_number: Option<CustomerNumber>,
}

/// How an invitation is answered.
struct Manner<A> {
    /// Whether one that is open already is mailed again although no hour has passed since its last mail.
    mails_again_at_once: bool,
    /// Whether the account of the address is told, so that it has to be read.
    tells_account: bool,
    answer: A,
}

/// The mail of an attempt to invite.
enum Mailing {
    None,
    /// The invitation's first.
    First,
    /// Another one of an open invitation, as it is then.
    Again(Box<InvitationRecord>),
}

/// What an attempt to invite reads.
struct Found<T> {
    organization: OrganizationRecord,
    replay: Option<Replayable<T>>,
    budget: MailBudget,
    open: Option<OpenInvitationRecord>,
    expected: Option<ExpectedAccountRecord>,
    inviter: Option<AccountRecord>,
    account: Option<CredentialRecord>,
    member: SeenMember,
}

impl OrganizationScope<'_> {
    /// Invites a person, and mails a link that accepts. Where an invitation of the address is open, returns that one,
    /// and mails another link if an hour has passed since the last. Two round trips, one more for an open one, and for
    /// an address that another organization has invited.
    ///
    /// # Errors
    /// [`InvitationError::AlreadyMember`], [`InvitationError::TooManyMails`], [`Error::LimitReached`] of the
    /// organization, the scope's own, [`Error::KeyReused`], or the table is out of reach.
    pub async fn invite(
        &self,
        new: &NewInvitation,
        key: Option<&IdempotencyKey>,
    ) -> Result<Replayable<InvitationRecord>, InvitationError> {
        let answer = |invitation: &InvitationRecord, _: Option<&CredentialRecord>| invitation.clone();
        self.invite_in(&Manner { mails_again_at_once: false, tells_account: false, answer }, new, key).await
    }

    /// Invites a person without any role, and returns the account of the address, or the one to come. An invitation
    /// that is open is mailed again at once. As many round trips as [`Self::invite`].
    ///
    /// # Errors
    /// Those of [`Self::invite`].
    pub async fn invite_user(
        &self,
        user: &NewAccount,
        key: Option<&IdempotencyKey>,
    ) -> Result<Replayable<CreatedAccount>, InvitationError> {
        let new = NewInvitation {
            email: user.email.clone(),
            first_name: Some(user.first_name.clone()),
            last_name: Some(user.last_name.clone()),
            phone_number: user.phone_number.clone(),
            as_admin: false,
            customer_number: None,
        };
        // The names are those that the caller sent: an account's own are not told.
        let answer = |invitation: &InvitationRecord, account: Option<&CredentialRecord>| {
            let user_id = account.map_or(&invitation.user_id, |account| &account.user_id);
            CreatedAccount { user_id: user_id.clone(), ..user.created() }
        };
        self.invite_in(&Manner { mails_again_at_once: true, tells_account: true, answer }, &new, key).await
    }

    async fn invite_in<T, A>(
        &self,
        manner: &Manner<A>,
        new: &NewInvitation,
        key: Option<&IdempotencyKey>,
    ) -> Result<Replayable<T>, InvitationError>
    where
        T: Serialize + DeserializeOwned,
        A: Fn(&InvitationRecord, Option<&CredentialRecord>) -> T,
    {
        let mut backoff = Backoff::default();
        loop {
            // On the heap: what is read side by side takes more than a stack has where the build isn't optimized.
            if let Some(invited) = Box::pin(self.try_to_invite(manner, new, key)).await? {
                return Ok(invited);
            }
            // Another request invites the address, or mails the mailbox. The next attempt reads what it did.
            backoff.wait_or_give_up("an invitation is being changed by others").await.map_err(Error::from)?;
        }
    }

    async fn try_to_invite<T, A>(
        &self,
        manner: &Manner<A>,
        new: &NewInvitation,
        key: Option<&IdempotencyKey>,
    ) -> Result<Option<Replayable<T>>, InvitationError>
    where
        T: Serialize + DeserializeOwned,
        A: Fn(&InvitationRecord, Option<&CredentialRecord>) -> T,
    {
        let candidate = UserId::random();
        let (found, held): (Found<T>, _) = Box::pin(self.find(new, manner.tells_account, &candidate, key)).await?;
        if let Some(replay) = found.replay {
            return Ok(Some(replay));
        }
        self.require_verified(&found.organization)?;
        if rows::is_member(&found.member) {
            return Err(InvitationError::AlreadyMember);
        }
        let (invitation, is_open) = match &found.open {
            None => (new.record(self, &found, &candidate), false),
            Some(open) => {
                let key = keys::invitation(self.id(), &open.invitation_id);
                let known = self.checked(|reads| async move { reads.get(key).await }).await?;
                // One that was closed since the first read leaves the address to another.
                let Some(known) = known.filter(InvitationRecord::is_open) else { return Ok(None) };
                (known, true)
            }
        };
        let waits = !manner.mails_again_at_once && invitation.seconds_to_next_mail().is_some();
        let mailing = match (is_open, found.budget.seconds_to_wait()) {
            (true, _) if waits => Mailing::None,
            // A link that was mailed within the hour is good. Nobody is mailed, so nothing is counted.
            (true, Some(_)) if found.budget.has_mailed() => Mailing::None,
            (_, Some(seconds)) => return Err(InvitationError::TooManyMails(seconds)),
            (true, None) => Mailing::Again(Box::new(invitation.sent_again())),
            (false, None) => Mailing::First,
        };
        let told = if let Mailing::Again(sent) = &mailing { sent } else { &invitation };
        let value = (manner.answer)(told, found.account.as_ref());
        let (write, organization, budget) = (self.write().idempotent(key, &value), &found.organization, &found.budget);
        let write = match &mailing {
            // The role was checked by the reads, and there is nothing to write.
            Mailing::None if key.is_none() => return Ok(Some(Replayable::new(value))),
            Mailing::None => write,
            Mailing::Again(sent) => mail::put_again(write, (&invitation, sent), organization, *self, budget),
            Mailing::First => {
                let changes = rows::invite(&found.member, *held.indexes(), &invitation).await?;
                let write = self.put_new_invitation(write, &invitation, &found, changes);
                mail::put(write, &invitation, organization, *self, budget)
            }
        };
        match write.commit(value).await? {
            Committed::Done(invited) => Ok(Some(invited)),
            Committed::Refused(refusals) => refused(refusals),
        }
    }

    async fn find<T: DeserializeOwned>(
        &self,
        new: &NewInvitation,
        tells_account: bool,
        candidate: &UserId,
        key: Option<&IdempotencyKey>,
    ) -> Result<(Found<T>, RoleHeld<'_>), Error> {
        let (table, address) = (self.table(), new.email.folded());
        let inviter = async {
            match self.caller_id() {
                Some(caller) => table.account(caller).await,
                None => Ok(None),
            }
        };
        let account = async { if tells_account { table.credential(&new.email).await } else { Ok(None) } };
        let ((mut found, replay), held) = self
            .checked_with_organization_to_write(|reads| async move {
                let open = reads.get(keys::open_invitation(self.id(), &address_hash(&address)));
                let (organization, replay, budget, open, expected, inviter, account, member) = tokio::join!(
                    Box::pin(reads.get(keys::organization(self.id()))),
                    Box::pin(table.replay_of(key)),
                    Box::pin(self.mail_budget(reads, &new.email)),
                    Box::pin(open),
                    Box::pin(table.get(keys::expected_account(&address))),
                    Box::pin(inviter),
                    Box::pin(account),
                    Box::pin(SeenMember::read(reads, self.id(), Some(candidate), Some(&address))),
                );
                let (budget, open, expected) = (budget?, open?, expected?);
                let (inviter, account, member) = (inviter?, account?, member?);
                let found = organization?.map(|organization| Found {
                    organization,
                    replay: None,
                    budget,
                    open,
                    expected,
                    inviter,
                    account,
                    member,
                });
                Ok(found.map(|found| (found, replay)))
            })
            .await?;
        found.replay = replay?;
        Ok((found, held))
    }

    /// Adds an invitation that makes its address's one open one, and the entry by which the mailer forgets it.
    fn put_new_invitation<'t, T>(
        &self,
        write: Write<'t, OrganizationScope<'t>, InvitationRefusal>,
        invitation: &InvitationRecord,
        found: &Found<T>,
        changes: IndexChanges,
    ) -> Write<'t, OrganizationScope<'t>, InvitationRefusal> {
        let address = invitation.email.folded();
        let open = OpenInvitationRecord { invitation_id: invitation.id.clone() };
        let message = QueuedMessage::ForgottenInvitation(self.id().clone(), invitation.id.clone());
        let entry = QueueEntry { due_at: invitation.forgotten_at(), message };
        let write = write
            .put_new(keys::invitation(self.id(), &invitation.id), invitation, InvitationRefusal::IdTaken)
            .put_new(keys::open_invitation(self.id(), &address_hash(&address)), &open, InvitationRefusal::Changed)
            .put_new(keys::queued_invitation(&entry), &QueuedInvitationRecord {}, InvitationRefusal::IdTaken);
        let (expected_key, expires_at) = (keys::expected_account(&address), now() + EXPECTED_SECONDS);
        let write = write.change_indexes(changes, || InvitationRefusal::Changed);
        if let Some(expected) = &found.expected {
            let later = Expression::update("SET expires_at = :later")
                .and_condition("user_id = :expected")
                .value(":later", number(expires_at))
                .value(":expected", text(expected.user_id.as_str()));
            write.update(expected_key, &later, InvitationRefusal::Changed)
        } else {
            let expected = ExpectedAccountRecord { user_id: invitation.user_id.clone(), expires_at };
            write.put_new_or_over_expired(expected_key, &expected, InvitationRefusal::Changed)
        }
    }
}

/// What a failed condition of an invitation or of its mail means. `None` asks for another attempt.
pub(super) fn refused<T>(refusals: Refusals<InvitationRefusal>) -> Result<Option<T>, InvitationError> {
    match refusals.into_iter().next() {
        Some((InvitationRefusal::LimitReached(error), _)) => Err(error.into()),
        Some((InvitationRefusal::IdTaken, _)) => Err(Error::id_taken().into()),
        Some((InvitationRefusal::Changed, _)) | None => Ok(None),
    }
}

impl NewInvitation {
    /// The invitation to be stored. Whoever invites the address, the account to come has one id.
    fn record<T>(&self, scope: &OrganizationScope<'_>, found: &Found<T>, candidate: &UserId) -> InvitationRecord {
        let user_id = found.expected.as_ref().map_or(candidate, |expected| &expected.user_id);
        InvitationRecord {
            id: InvitationId::random(),
            email: self.email.clone(),
            first_name: self.first_name.clone(),
            last_name: self.last_name.clone(),
            phone_number: self.phone_number.clone(),
            as_admin: self.as_admin,
            customer_number: self.customer_number.clone(),
            invited_by: scope.caller().id().to_owned(),
            inviter_name: found.inviter.as_ref().map(|inviter| format!("{} {}", inviter.first_name, inviter.last_name)),
            user_id: user_id.clone(),
            state: InvitationState::Pending,
            made_at_milliseconds: now_milliseconds(),
            mailed_at: now(),
            revision: random_id(16),
            expires_at: None,
        }
    }
}
