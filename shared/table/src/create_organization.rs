//! Creates an organization together with its first admin, in one transaction.

use claims::Role;
use domain::{
    clock::now,
    ids::{OrganizationCode, OrganizationId, random_id},
    mail::MailKind,
    source::Source,
    text::{FoldedAddress, OrganizationName, fold},
};
use dynamo::{Expression, from_item, number, text};
use serde::{Deserialize, Serialize};

use crate::{
    AllowedAttempt, CustomerOrder, Error, IdempotencyKey, LinkKind, LoginAttemptsError, NewAccount, Replayable, Table,
    accounts::UNVERIFIED_SECONDS,
    associations::AssociationOrder,
    links::NewLink,
    members::MemberOrder,
    records::{
        AdminRecord, CredentialRecord, MailRecord, MemberRecord, MembershipRecord, OrganizationCodeRecord,
        OrganizationNameRecord, OrganizationRecord,
    },
    scope::{Authority, Committed, Refusals, Write, keys},
};

/// The user who becomes the first admin of a new organization.
pub enum Founder<'a> {
    /// A user without an account, which is created with the organization.
    New(&'a NewAccount),
    /// The owner of an account, whose password was verified in this attempt.
    Known(&'a CredentialRecord, AllowedAttempt<'a>),
}

/// An organization that was created.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatedOrganization {
    /// The organization's id.
    pub id: OrganizationId,
    /// The organization's code.
    pub code: OrganizationCode,
    /// The organization's name.
    pub name: OrganizationName,
    /// Whether the founder had an account before. Such a request was let in by the account's password, and so is a
    /// replay of it.
    #[serde(default)]
    pub founder_had_account: bool,
}

/// The outcome of creating an organization.
pub enum Creation {
    /// The organization was created, now or when the request was first sent.
    Done(Replayable<CreatedOrganization>),
    /// Nothing was written.
    Refused {
        /// Another organization has the name.
        name_taken: bool,
        /// The account that has the founder's address already.
        account: Option<Box<CredentialRecord>>,
    },
}

/// The condition of a creation that failed.
enum CreationRefusal {
    LimitReached(Error),
    AddressTaken,
    /// The account has changed since the password was verified.
    AccountChanged,
    TooManyAttempts,
    NameTaken,
    IdTaken,
}

impl Table {
    /// Creates an organization, its name, its code and its first admin (and the admin's account, where there is none
    /// yet) in one transaction, which also puts the founder's welcome mail.
    ///
    /// # Errors
    /// [`LoginAttemptsError::TooMany`], [`Error::KeyReused`], [`Error::LimitReached`] of the source, or the table is
    /// out of reach.
    pub async fn create_organization(
        &self,
        organization: &OrganizationRecord,
        founder: &Founder<'_>,
        source: &Source,
        key: Option<&IdempotencyKey>,
    ) -> Result<Creation, LoginAttemptsError> {
        let created = CreatedOrganization {
            id: organization.id.clone(),
            code: organization.code.clone(),
            name: organization.details.name.clone(),
            founder_had_account: matches!(founder, Founder::Known(..)),
        };
        let limit = self.creation_limit(source);
        let write = self.write().idempotent(key, &created).counted(limit, CreationRefusal::LimitReached);
        let mailed = match founder {
            Founder::New(account) => self.may_mail_sign_up(&account.email).await?,
            Founder::Known(..) => true,
        };
        let expires_at = self.end_of_founder(founder);
        let (write, credential) = self.put_founder(write, founder, mailed, expires_at);
        let organization =
            &OrganizationRecord { unverified: !credential.email_verified, expires_at, ..organization.clone() };
        let welcome = mailed.then(|| MailRecord::welcome(MailKind::WelcomeFounder, &credential, organization));
        match put_organization(write, organization, &credential, welcome.as_ref()).commit(created).await? {
            Committed::Done(created) => Ok(Creation::Done(created)),
            Committed::Refused(refusals) => read_refusals(refusals, founder).await,
        }
    }

    /// The end of a founder whose address isn't verified, and of what the founder creates. Otherwise somebody could
    /// take names that aren't his for good. An account that has no end, from before accounts had one, creates for good.
    fn end_of_founder(&self, founder: &Founder<'_>) -> Option<u64> {
        let ends = match founder {
            Founder::New(_) => self.requires_verified_email(),
            Founder::Known(credential, _) => credential.expires_at.is_some(),
        };
        ends.then(|| now() + UNVERIFIED_SECONDS)
    }

    /// Adds the founder's account, or the conditions under which a known account may found an organization.
    fn put_founder<'t>(
        &self,
        write: Write<'t, (), CreationRefusal>,
        founder: &Founder<'_>,
        mailed: bool,
        expires_at: Option<u64>,
    ) -> (Write<'t, (), CreationRefusal>, CredentialRecord) {
        match founder {
            Founder::New(account) => {
                let link = (mailed && self.requires_verified_email()).then(|| NewLink::new(LinkKind::Verification));
                let credential = account.credential(expires_at);
                let (taken, id_taken) = (CreationRefusal::AddressTaken, || CreationRefusal::IdTaken);
                (account.put(write, &credential, link.as_ref(), taken, id_taken), credential)
            }
            Founder::Known(credential, attempt) => {
                let credential_key = keys::credential(&FoldedAddress::of(&credential.email));
                let still_allowed = attempt.still_allowed(credential.password_hash.as_deref()).into_iter();
                let write = still_allowed.fold(write, |write, (key, condition)| {
                    write.check_any(key, &condition, CreationRefusal::TooManyAttempts)
                });
                let unchanged = credential.unchanged();
                let write = if let Some(end) = expires_at {
                    // The account must not end before its organization. A verification that is under way meanwhile
                    // finds another revision, and looks for the account's organizations again.
                    let later = Expression::update("SET revision = :revision, expires_at = :end")
                        .value(":revision", text(&random_id(16)))
                        .value(":end", number(end));
                    let account_later = Expression::update("SET expires_at = :end").value(":end", number(end));
                    write.update(credential_key, &later.and(unchanged), CreationRefusal::AccountChanged).update(
                        keys::account(&credential.user_id),
                        &account_later,
                        CreationRefusal::AccountChanged,
                    )
                } else {
                    write.check(credential_key, &unchanged, CreationRefusal::AccountChanged)
                };
                (write, (*credential).clone())
            }
        }
    }

    /// The code of an organization, where there is one, for operators: one read.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn code_of(&self, organization: &OrganizationId) -> Result<Option<OrganizationCode>, Error> {
        let organization = self.get(keys::organization(organization).by(Authority::Operator)).await?;
        Ok(organization.map(|organization| organization.code))
    }
}

fn put_organization<'t>(
    write: Write<'t, (), CreationRefusal>,
    organization: &OrganizationRecord,
    founder: &CredentialRecord,
    welcome: Option<&MailRecord>,
) -> Write<'t, (), CreationRefusal> {
    let (id, user) = (&organization.id, &founder.user_id);
    let name = organization.details.name.as_str();
    let expires_at = organization.expires_at;
    let name_record = OrganizationNameRecord { organization_id: id.clone(), expires_at };
    let code_record = OrganizationCodeRecord { organization_id: id.clone(), expires_at };
    let membership = MembershipRecord::admin(organization);
    let write = write
        .put_new_or_over_expired(keys::organization_name(&fold(name)), &name_record, CreationRefusal::NameTaken)
        .put_new(keys::organization_code(&organization.code), &code_record, CreationRefusal::IdTaken)
        .put_new(keys::organization(id).by(Authority::Founder), organization, CreationRefusal::IdTaken)
        .put_new(
            keys::admin(id, user).by(Authority::Founder),
            &AdminRecord::new(founder, welcome),
            CreationRefusal::IdTaken,
        )
        .put_new(keys::membership(user, id, Role::Admin), &membership, CreationRefusal::IdTaken);
    let orders = AssociationOrder::BOTH.map(|order| order.index(id));
    let orders = orders.into_iter().chain(CustomerOrder::BOTH.map(|order| order.index(id)));
    let write = orders.fold(write, |write, order| write.with_index(&order, CreationRefusal::IdTaken));
    let member = MemberRecord::joining(user, &founder.email).with_admin().revised();
    let write = MemberOrder::BOTH.into_iter().fold(write, |write, order| {
        write.with_index_of(&order.index(id), &order.key(&member), &member, || CreationRefusal::IdTaken)
    });
    match welcome {
        Some(mail) => mail.put(write, || CreationRefusal::IdTaken),
        None => write,
    }
}

/// Names every field that is taken, so that the caller can fix both in one go.
async fn read_refusals(
    refusals: Refusals<CreationRefusal>,
    founder: &Founder<'_>,
) -> Result<Creation, LoginAttemptsError> {
    let (mut name_taken, mut account) = (false, None);
    for (refusal, item) in refusals {
        match refusal {
            CreationRefusal::LimitReached(error) => return Err(error.into()),
            CreationRefusal::NameTaken => name_taken = true,
            CreationRefusal::AddressTaken => {
                account = item.map(from_item).transpose().map_err(Error::from)?.map(Box::new);
            }
            CreationRefusal::AccountChanged => return Err(Error::account_changed().into()),
            CreationRefusal::TooManyAttempts => {
                if let Founder::Known(_, attempt) = founder {
                    attempt.check_again().await?;
                }
                return Err(LoginAttemptsError::TooMany(1));
            }
            CreationRefusal::IdTaken => return Err(Error::id_taken().into()),
        }
    }
    Ok(Creation::Refused { name_taken, account })
}
