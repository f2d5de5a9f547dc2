use claims::Role;
use counted_index::{Bucket, IndexChanges};
use domain::{
    clock::now,
    ids::{OrganizationCode, UserId, random_id},
    language::Language,
    mail::MailKind,
    text::{FoldedAddress, PersonName},
};
use dynamo::{Backoff, Expression, bool_value, number, text};
use plans::PlanLimit;
use serde::{Deserialize, Serialize};

use super::{OpenInvitation, address_hash, rows};
use crate::{
    AcceptError, Error, IdempotencyKey, LinkError, NewAccount, Replayable, Table,
    admins::COUNTER,
    associations::AssociationOrder,
    members::{Before, SeenMember},
    records::{AdminRecord, AssociationRecord, CredentialRecord, InvitationState, MailRecord, MembershipRecord},
    scope::{Authority, Committed, Write, keys},
    subscriptions::{below_limit, limit_reached},
};

/// What the invited person adds. Who has an account adds nothing.
#[derive(Clone, Debug, Default)]
pub struct Acceptance {
    /// The first name of an account that is made.
    pub first_name: Option<PersonName>,
    /// The last name of an account that is made.
    pub last_name: Option<PersonName>,
    /// The language of the mails about an account that is made.
    pub language: Language,
    /// The hash of the password of an account that is made, or of one whose address nobody had verified.
    pub password_hash: Option<String>,
}

/// What an acceptance has made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// The account.
    pub user_id: UserId,
    /// Whether the acceptance made the account.
    pub account_created: bool,
    /// The organization's code.
    pub organization_code: OrganizationCode,
    /// The organization's name.
    pub organization_name: String,
    /// The roles that were promised.
    pub roles: Vec<Role>,
}

/// The condition of an acceptance that failed.
enum AcceptRefusal {
    /// The link was used or has expired meanwhile.
    Used,
    /// Something else has changed since it was read.
    Changed,
    /// The organization has as many admins as its plans allow, or is gone.
    PlanFull,
    /// An account has the id that was expected.
    AccountIdTaken,
    IdTaken,
}

type AcceptWrite<'t> = Write<'t, (), AcceptRefusal>;

/// The right by which an acceptance writes: whoever has the link is invited.
const BY: Authority = Authority::Invited;

/// The account that belongs to the organization from now on, as it is then.
struct Person {
    credential: CredentialRecord,
    /// The account to be made, where there is none.
    new: Option<NewAccount>,
}

/// What the person is in the organization by now, and where the entries of the indexes belong.
struct Present {
    roles: Vec<Role>,
    association: Option<(Bucket, Bucket)>,
    member: SeenMember,
    before: Before,
}

impl Table {
    /// Accepts an invitation, in one transaction: the account, if there is none, its verified address, the roles, the
    /// association, the row among the organization's users, and the end of the invitation and of this link.
    ///
    /// An account's password stays, and so does its session. Only the first proof of an address ends what was there
    /// before: the sessions, and where addresses have to be verified also the password. Two round trips beyond the
    /// opening of the link; more for founders, whose organizations are kept by the proof.
    ///
    /// # Errors
    /// [`AcceptError::AccountNeeded`], [`AcceptError::PlanLimit`], [`LinkError::Dead`], [`Error::KeyReused`], or the
    /// table is out of reach.
    pub async fn accept(
        &self,
        opened: OpenInvitation,
        acceptance: &Acceptance,
        key: Option<&IdempotencyKey>,
    ) -> Result<Replayable<Accepted>, AcceptError> {
        let mut backoff = Backoff::default();
        let (mut open, mut new_id) = (opened, None);
        loop {
            let person = Self::person(&open, acceptance, new_id.as_ref())?;
            if open.account.as_ref().is_some_and(|account| !account.email_verified) {
                // The link proves the address already. An organization that is founded after this changes the account,
                // so that the transaction fails and its turn comes in the next round.
                self.keep_organizations(&person.credential.user_id).await?;
            }
            if open.invitation.as_admin && open.organization.expires_at.is_some() {
                self.keep_organization(&open.organization.id).await?;
            }
            match Box::pin(self.try_to_accept(&open, &person, key)).await? {
                Committed::Done(accepted) => {
                    tracing::info!("an invitation was accepted");
                    return Ok(accepted);
                }
                // Who is an admin by now needs no room, so that a limit is told where nothing else is wrong.
                Committed::Refused(refusals) => {
                    match refusals.into_iter().min_by_key(|(refusal, _)| matches!(refusal, AcceptRefusal::PlanFull)) {
                        Some((AcceptRefusal::Used, _)) | None => return Err(LinkError::Dead.into()),
                        Some((AcceptRefusal::IdTaken, _)) => return Err(Error::id_taken().into()),
                        // The account that had the id has another address by now.
                        Some((AcceptRefusal::AccountIdTaken, _)) => new_id = Some(UserId::random()),
                        Some((AcceptRefusal::PlanFull, organization)) => {
                            if let Some(reached) = limit_reached(PlanLimit::Admins, COUNTER, organization.as_ref()) {
                                return Err(AcceptError::PlanLimit(reached));
                            }
                        }
                        Some((AcceptRefusal::Changed, _)) => {}
                    }
                }
            }
            backoff.wait_or_give_up("an invited person is being changed by others").await.map_err(Error::from)?;
            open = self.open_invitation(&open.link).await?;
        }
    }

    /// Returns the earlier answer to an acceptance that is sent again. One read.
    ///
    /// # Errors
    /// [`Error::KeyReused`], or the table is out of reach.
    pub async fn replayed_acceptance(
        &self,
        key: Option<&IdempotencyKey>,
    ) -> Result<Option<Replayable<Accepted>>, Error> {
        self.replay_of(key).await
    }

    fn person(open: &OpenInvitation, acceptance: &Acceptance, new_id: Option<&UserId>) -> Result<Person, AcceptError> {
        if let Some(account) = &open.account {
            let mut credential = account.clone();
            if !account.email_verified {
                credential.email_verified = true;
                credential.session_id = random_id(16);
                credential.expires_at = None;
            }
            if open.ends_password() {
                credential.password_hash.clone_from(&acceptance.password_hash);
                credential.password_generation = random_id(16);
                credential.link_id = None;
            }
            credential.revision = random_id(16);
            return Ok(Person { credential, new: None });
        }
        let invitation = &open.invitation;
        let first_name = acceptance.first_name.as_ref().or(invitation.first_name.as_ref());
        let last_name = acceptance.last_name.as_ref().or(invitation.last_name.as_ref());
        let (Some(first_name), Some(last_name), Some(hash)) = (first_name, last_name, &acceptance.password_hash) else {
            return Err(AcceptError::AccountNeeded);
        };
        let new = NewAccount {
            user_id: new_id.unwrap_or(&invitation.user_id).clone(),
            first_name: first_name.clone(),
            last_name: last_name.clone(),
            email: invitation.email.clone(),
            phone_number: invitation.phone_number.clone(),
            language: acceptance.language,
            password_hash: Some(hash.clone()),
        };
        let credential = CredentialRecord { email_verified: true, proven_at: Some(now()), ..new.credential(None) };
        Ok(Person { credential, new: Some(new) })
    }

    async fn try_to_accept(
        &self,
        open: &OpenInvitation,
        person: &Person,
        key: Option<&IdempotencyKey>,
    ) -> Result<Committed<Accepted, AcceptRefusal>, Error> {
        let (invitation, organization) = (&open.invitation, &open.organization);
        let present = Box::pin(self.present(open, person)).await?;
        let accepted = Accepted {
            user_id: person.credential.user_id.clone(),
            account_created: person.new.is_some(),
            organization_code: organization.code.clone(),
            organization_name: organization.details.name.as_str().to_owned(),
            roles: invitation.roles(),
        };
        let alive = Expression::condition("expires_at > :now").value(":now", number(now()));
        let invitation_key = keys::invitation(&organization.id, &invitation.id).by(BY);
        let open_key = keys::open_invitation(&organization.id, &address_hash(&invitation.email.folded())).by(BY);
        let write = self
            .write()
            .idempotent(key, &accepted)
            .delete(keys::link(&open.link), &alive, AcceptRefusal::Used)
            .update(invitation_key, &invitation.closed(InvitationState::Accepted), AcceptRefusal::Changed)
            .delete(open_key, &Expression::default(), AcceptRefusal::Changed);
        let write = put_person(write, open, person);
        let given: Vec<Role> = invitation.roles().into_iter().filter(|role| !present.roles.contains(role)).collect();
        let row = present.before.or_joining(&person.credential.user_id, &person.credential.email);
        let index = self.reads_by(BY).indexes();
        let changes = rows::accept(&present.member, index, row, &given, invitation).await?;
        let (write, changes) = put_roles(write, open, person, &present, changes);
        write.change_indexes_by(changes, || AcceptRefusal::Changed, BY).commit(accepted).await
    }

    async fn present(&self, open: &OpenInvitation, person: &Person) -> Result<Present, Error> {
        let (id, user) = (&open.organization.id, &person.credential.user_id);
        let (reads, address) = (self.reads_by(BY), FoldedAddress::of(&person.credential.email));
        let roles = async {
            match person.new {
                Some(_) => Ok(Vec::new()),
                None => self.memberships_in(user, id).await,
            }
        };
        let association = async {
            let Some(number) = &open.invitation.customer_number else { return Ok(None) };
            let association = AssociationRecord { user_id: user.clone(), customer_number: number.clone() };
            let locate = async |order: AssociationOrder| {
                reads.indexes().locate(&order.index(id), &order.key(&association)).await.map_err(Error::from)
            };
            let found = tokio::try_join!(locate(AssociationOrder::UserId), locate(AssociationOrder::CustomerNumber))?;
            Ok::<_, Error>(Some(found))
        };
        let member = SeenMember::read(reads, id, Some(user), Some(&address));
        let (roles, association, member) = tokio::try_join!(roles, association, member)?;
        let before = member.before(self, id, user, open.organization.members_indexed).await?;
        let roles = roles.into_iter().map(|membership| membership.role).collect();
        Ok(Present { roles, association, member, before })
    }
}

/// Adds the account with its verified address, or the proof of the address of one that exists.
fn put_person<'t>(write: AcceptWrite<'t>, open: &OpenInvitation, person: &Person) -> AcceptWrite<'t> {
    let credential = &person.credential;
    let key = keys::credential(&FoldedAddress::of(&credential.email));
    let Some(before) = &open.account else {
        let Some(new) = &person.new else { return write };
        let write = new.put(write, credential, None, AcceptRefusal::Changed, || AcceptRefusal::AccountIdTaken);
        return write.delete_any(keys::expected_account(&new.email.folded()), AcceptRefusal::Changed);
    };
    if before.email_verified {
        return write.check(key, &before.unchanged(), AcceptRefusal::Changed);
    }
    let password = match (open.ends_password(), &credential.password_hash) {
        (false, _) => ("", " REMOVE expires_at"),
        (true, Some(_)) => {
            (", password_hash = :hash, password_generation = :generation", " REMOVE expires_at, link_id")
        }
        (true, None) => (", password_generation = :generation", " REMOVE expires_at, link_id, password_hash"),
    };
    let mut proven =
        Expression::update("SET proven = :true, proven_at = :proven_at, session_id = :session, revision = :revision")
            .and_update(password.0)
            .and_update(password.1)
            .value(":true", bool_value(true))
            .value(":proven_at", number(now()))
            .value(":session", text(&credential.session_id))
            .value(":revision", text(&credential.revision))
            .and(before.unchanged());
    if open.ends_password() {
        proven = proven.value(":generation", text(&credential.password_generation));
        if let Some(hash) = &credential.password_hash {
            proven = proven.value(":hash", text(hash));
        }
    }
    let account_proven = Expression::update("SET proven = :true, session_id = :session REMOVE expires_at")
        .value(":true", bool_value(true))
        .value(":session", text(&credential.session_id));
    let write = write.update(key, &proven, AcceptRefusal::Changed).update(
        keys::account(&credential.user_id),
        &account_proven,
        AcceptRefusal::Changed,
    );
    if open.ends_password() && before.password_hash.is_some() {
        MailRecord::new(MailKind::PasswordChanged, credential).put(write, || AcceptRefusal::IdTaken)
    } else {
        write
    }
}

/// Adds the promised roles that the person doesn't have yet. A customer that somebody chose since the invitation stays.
fn put_roles<'t>(
    write: AcceptWrite<'t>,
    open: &OpenInvitation,
    person: &Person,
    present: &Present,
    mut changes: IndexChanges,
) -> (AcceptWrite<'t>, IndexChanges) {
    let (organization, user) = (&open.organization, &person.credential.user_id);
    let (id, promised) = (&organization.id, open.invitation.roles());
    let is_new = |role| !present.roles.contains(&role);
    let keeps = |write: AcceptWrite<'t>, role| {
        write.check(keys::membership(user, id, role), &Expression::default(), AcceptRefusal::Changed)
    };
    let lives = Expression::condition("attribute_not_exists(expires_at) OR expires_at > :organization_at")
        .value(":organization_at", number(now()));
    let write = match open.invitation.as_admin {
        true if is_new(Role::Admin) => {
            let one_more = Expression::update("ADD admin_count :one REMOVE unproven").value(":one", number(1));
            let one_more = one_more.and(below_limit(PlanLimit::Admins, COUNTER)).and(lives);
            write
                .update(keys::organization(id).by(BY), &one_more, AcceptRefusal::PlanFull)
                .put_new(
                    keys::admin(id, user).by(BY),
                    &AdminRecord::new(&person.credential, None),
                    AcceptRefusal::Changed,
                )
                .put_new(
                    keys::membership(user, id, Role::Admin),
                    &MembershipRecord::admin(organization),
                    AcceptRefusal::Changed,
                )
        }
        is_admin => {
            let write = write.check(keys::organization(id).by(BY), &lives, AcceptRefusal::Changed);
            if is_admin { keeps(write, Role::Admin) } else { write }
        }
    };
    let write = match (&open.invitation.customer_number, &present.association) {
        (Some(number), Some((user_bucket, customer_bucket))) if is_new(Role::Customer) => {
            let association = AssociationRecord { user_id: user.clone(), customer_number: number.clone() };
            for (order, bucket) in
                [(AssociationOrder::UserId, user_bucket), (AssociationOrder::CustomerNumber, customer_bucket)]
            {
                changes.insert(&order.index(id), bucket, &order.key(&association), &association);
            }
            let membership = MembershipRecord::customer(id, &organization.code, number);
            write.put_new(keys::membership(user, id, Role::Customer), &membership, AcceptRefusal::Changed)
        }
        (Some(_), _) => keeps(write, Role::Customer),
        (None, _) => write,
    };
    // A row that is made of roles, where the index is being built, has the roles that are there at this moment.
    let beside = [(Role::Admin, Role::Customer), (Role::Customer, Role::Admin)].into_iter();
    let beside =
        beside.filter(|(role, other)| !promised.contains(role) && present.before.role_beside(*other) == Some(*role));
    (beside.fold(write, |write, (role, _)| keeps(write, role)), changes)
}
