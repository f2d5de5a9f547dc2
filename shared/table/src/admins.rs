//! Admins: an item whose existence is the role.

use claims::Role;
use counted_index::IndexChanges;
use domain::{
    ids::UserId,
    mail::{MailId, MailKind, MailStatus},
    text::{EmailAddress, FoldedAddress},
};
use dynamo::{Backoff, Expression, Item, SortKeys, from_item, number, text};
use plans::PlanLimit;

use crate::{
    AdminError, Error, IdempotencyKey, OrganizationScope, Replayable,
    mail_budgets::MailBudget,
    members::{Before, SeenMember, one_admin_less},
    records::{AdminRecord, CredentialRecord, MailRecord, MembershipRecord, OrganizationRecord},
    scope::{Committed, Refusals, keys},
    subscriptions::{below_limit, limit_reached},
};

/// The attribute of the organization that counts its admins.
pub(crate) const COUNTER: &str = "admin_count";

/// An admin, as the list shows one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminUser {
    /// The account.
    pub user_id: UserId,
    /// The account's e-mail address.
    pub email: String,
    /// The first name.
    pub first_name: String,
    /// The last name.
    pub last_name: String,
    /// The status of the welcome mail, if it was asked for and the mail is still stored.
    pub welcome: Option<MailStatus>,
}

/// What a promotion is about, as it was read.
struct Promotion<'a> {
    user: &'a CredentialRecord,
    welcome: &'a Welcome<'a>,
    /// The user's row among the members.
    before: &'a Before,
}

/// What the mail that welcomes an admin is made of.
struct Welcome<'a> {
    organization: &'a OrganizationRecord,
    budget: &'a MailBudget,
    /// The name of the admin who promotes somebody else. A machine has none.
    actor: Option<&'a str>,
}

impl Welcome<'_> {
    /// Returns the mail: at once, or when the organization may mail the mailbox again.
    fn mail(&self, user: &CredentialRecord) -> MailRecord {
        let mail = MailRecord::welcome(MailKind::WelcomeAdmin, user, self.organization).by(self.actor);
        match self.budget.seconds_to_wait() {
            Some(seconds) => mail.delayed(seconds),
            None => mail,
        }
    }
}

/// The condition of a promotion that failed.
enum PromotionRefusal {
    AlreadyAdmin,
    /// The organization has as many admins as its plans allow.
    PlanFull,
    /// The organization has made as many strangers admins as it may today.
    LimitReached(Error),
    /// The budget of mails or the user's row among the members has changed since it was read.
    Changed,
    Failed(AdminError),
}

/// The condition of another welcome mail that failed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum WelcomeRefusal {
    /// Another request has put a new mail meanwhile.
    Replaced,
    /// The budget of mails has changed since it was read.
    BudgetChanged,
}

/// The condition of a demotion that failed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum DemotionRefusal {
    LastAdmin,
    NotAnAdmin,
    /// The user's row among the members, or its bucket, has changed since it was read.
    RowChanged,
    NoMembership,
}

impl OrganizationScope<'_> {
    /// Returns every admin by user id, with one Query, which also finds the organization. With `with_mail`, a second
    /// round trip reads the status of each welcome mail.
    ///
    /// # Errors
    /// The scope's own, or the table is out of reach.
    pub async fn admins(&self, with_mail: bool) -> Result<Vec<AdminUser>, Error> {
        let (_, admins) = self.organization_and_admins().await?;
        let mails: Vec<_> =
            admins.iter().filter(|_| with_mail).filter_map(|admin| admin.welcome_mail.clone()).collect();
        let statuses = self.table().mail_statuses(&mails).await?;
        let status = |mail: MailId| statuses.iter().find(|(id, _)| *id == mail).map(|(_, status)| *status);
        let admins = admins.into_iter().map(|admin| AdminUser {
            user_id: admin.user_id,
            email: admin.email,
            first_name: admin.first_name,
            last_name: admin.last_name,
            welcome: admin.welcome_mail.and_then(status),
        });
        Ok(admins.collect())
    }

    /// Reads the organization and its admins by user id, with one Query.
    pub(crate) async fn organization_and_admins(&self) -> Result<(OrganizationRecord, Vec<AdminRecord>), Error> {
        let (organization, items) = self.organization_until(&format!("{}~", keys::ADMIN_PREFIX)).await?;
        let admins = items.into_iter().filter(|item| sort_key(item).starts_with(keys::ADMIN_PREFIX));
        Ok((organization, admins.map(from_item).collect::<Result<_, _>>()?))
    }

    /// Reads the organization and its neighbors up to the sort key `last`, with one Query: its subscriptions, its admins
    /// and its machine credentials, in this order.
    pub(crate) async fn organization_until(&self, last: &str) -> Result<(OrganizationRecord, Vec<Item>), Error> {
        let (organization, items) = self
            .checked_with_organization(|reads| async move {
                let sort_keys = SortKeys::Between(keys::ORGANIZATION, last);
                let items = reads.items(keys::organization_partition(self.id()), sort_keys).await?;
                let organization = items.iter().find(|item| sort_key(item) == keys::ORGANIZATION).cloned();
                Ok(organization.map(|organization| (organization, items)))
            })
            .await?;
        Ok((from_item(organization)?, items))
    }

    /// Makes the owner of an address an admin, and puts the welcome mail, in one transaction. The mail waits where the
    /// organization has mailed the mailbox often enough. Two round trips.
    ///
    /// # Errors
    /// [`AdminError::NoAccount`], [`AdminError::EmailNotVerified`], [`AdminError::PlanLimit`],
    /// [`Error::CallerUnverified`], [`Error::LimitReached`] of the organization, the scope's own, or the table is out of
    /// reach.
    pub async fn promote(
        &self,
        email: &EmailAddress,
        key: Option<&IdempotencyKey>,
    ) -> Result<Replayable<()>, AdminError> {
        let mut backoff = Backoff::default();
        loop {
            // On the heap, since a debug build has the whole future on its stack.
            if let Some(promoted) = Box::pin(self.try_to_promote(email, key)).await? {
                return Ok(promoted);
            }
            // Another request mails the same mailbox or changes the members at the same time. The next attempt reads
            // what is there by then.
            backoff
                .wait_or_give_up("a budget of mails or the members are being changed by others")
                .await
                .map_err(Error::from)?;
        }
    }

    async fn try_to_promote(
        &self,
        email: &EmailAddress,
        key: Option<&IdempotencyKey>,
    ) -> Result<Option<Replayable<()>>, AdminError> {
        let table = self.table();
        let address = &email.folded();
        let ((organization, user, budget, member, replay), actor, held) = self
            .checked_with_organization_and_name_to_write(|reads| async move {
                let (organization, user, budget, member, replay) = tokio::join!(
                    reads.get(keys::organization(self.id())),
                    table.credential(email),
                    self.mail_budget(reads, email),
                    SeenMember::read(reads, self.id(), None, Some(address)),
                    table.replay_of(key)
                );
                let (organization, user, budget, member) = (organization?, user?, budget?, member?);
                Ok(organization.map(|organization| (organization, user, budget, member, replay)))
            })
            .await?;
        if let Some(replay) = replay? {
            return Ok(Some(replay));
        }
        let caller = user.as_ref().filter(|user| self.is_caller(&user.user_id));
        let actor = actor.as_deref().filter(|_| caller.is_none());
        let welcome = Welcome { organization: &organization, budget: &budget, actor };
        if let Some(user) = caller {
            return self.welcome_again(user, &welcome, key).await;
        }
        self.require_verified(&organization)?;
        let user = user.ok_or(AdminError::NoAccount)?;
        // An account that has an end can't be an admin: the role would outlive it.
        if (table.requires_verified_email() || user.expires_at.is_some()) && !user.email_verified {
            // A founder is an admin before the address is verified.
            return if self.admin_record(&user.user_id).await?.is_some() {
                self.welcome_again(&user, &welcome, key).await
            } else {
                Err(AdminError::EmailNotVerified)
            };
        }

        if organization.expires_at.is_some() && user.email_verified {
            self.table().keep_organization(self.id()).await?;
        }
        let before = member.before(table, self.id(), &user.user_id, organization.members_indexed).await?;
        let row = before.or_joining(&user.user_id, &user.email).with_admin();
        let promotion = Promotion { user: &user, welcome: &welcome, before: &before };
        let changes = member.change(*held.indexes(), Some(row.clone())).await?;
        let mut committed = self.commit_promotion(&promotion, changes, key, true).await?;
        if let Committed::Refused(refusals) = &committed
            && let Some((PromotionRefusal::LimitReached(_), _)) = refusals.first()
        {
            // Strangers are limited. Whoever buys for a customer of the organization already is none.
            let changes = member.change(*held.indexes(), Some(row)).await?;
            committed = self.commit_promotion(&promotion, changes, key, false).await?;
        }
        match committed {
            Committed::Done(done) => Ok(Some(done)),
            Committed::Refused(refusals) => match refusals.into_iter().next() {
                Some((PromotionRefusal::Failed(error), _)) => Err(error),
                Some((PromotionRefusal::LimitReached(error), _)) => Err(error.into()),
                Some((PromotionRefusal::PlanFull, organization)) => plan_full(organization.as_ref()),
                Some((PromotionRefusal::Changed, _)) => Ok(None),
                Some((PromotionRefusal::AlreadyAdmin, _)) | None => self.welcome_again(&user, &welcome, key).await,
            },
        }
    }

    /// Promotes a user, whom the organization's limit on strangers counts, or who has to buy for a customer of the
    /// organization already.
    async fn commit_promotion(
        &self,
        &Promotion { user, welcome, before }: &Promotion<'_>,
        changes: IndexChanges,
        key: Option<&IdempotencyKey>,
        as_stranger: bool,
    ) -> Result<Committed<(), PromotionRefusal>, Error> {
        let (mail, budget) = (welcome.mail(user), welcome.budget);
        let verified = if user.email_verified { " REMOVE unproven" } else { "" };
        let one_more = Expression::update("ADD admin_count :one")
            .and_update(verified)
            .value(":one", number(1))
            .and(below_limit(PlanLimit::Admins, COUNTER));
        let failed = |error: Error| PromotionRefusal::Failed(error.into());
        let credential = keys::credential(&FoldedAddress::of(&user.email));
        let write = self
            .write_changing_organization(&one_more, PromotionRefusal::PlanFull)
            .idempotent(key, &())
            .put_new(
                keys::admin(self.id(), &user.user_id),
                &AdminRecord::new(user, Some(&mail)),
                PromotionRefusal::AlreadyAdmin,
            )
            .put_new(
                keys::membership(&user.user_id, self.id(), Role::Admin),
                &MembershipRecord::admin(welcome.organization),
                PromotionRefusal::AlreadyAdmin,
            )
            .check(credential, &user.unchanged(), failed(Error::account_changed()));
        let write = mail.put(write, || failed(Error::id_taken()));
        let write = match budget.seconds_to_wait() {
            None => budget.count(write, PromotionRefusal::Changed),
            Some(_) => write,
        };
        let limit = self.table().invitation_limit(self.id());
        let write = match limit {
            Some(limit) if !as_stranger => {
                let association = keys::membership(&user.user_id, self.id(), Role::Customer);
                write.check(association, &Expression::default(), PromotionRefusal::LimitReached(limit.reached()))
            }
            limit => {
                let write = write.counted(limit, PromotionRefusal::LimitReached);
                before.check(write, self.id(), &user.user_id, Role::Admin, PromotionRefusal::Changed)
            }
        };
        let committed = write.change_indexes(changes, || PromotionRefusal::Changed).commit(()).await?;
        Ok(match committed {
            Committed::Refused(refusals) => Committed::Refused(plan_last(refusals)),
            done @ Committed::Done(_) => done,
        })
    }

    /// Puts a new welcome mail if the admin's last one failed, and otherwise nothing. Returns `None` if the budget
    /// isn't as it was read.
    async fn welcome_again(
        &self,
        user: &CredentialRecord,
        welcome: &Welcome<'_>,
        key: Option<&IdempotencyKey>,
    ) -> Result<Option<Replayable<()>>, AdminError> {
        let admin = self.admin_record(&user.user_id).await?;
        let mut failed = admin.and_then(|admin| admin.welcome_mail);
        if let Some(mail) = &failed {
            let statuses = self.table().mail_statuses(std::slice::from_ref(mail)).await?;
            failed = failed.filter(|_| statuses.iter().any(|(_, status)| *status == MailStatus::Failed));
        }
        if failed.is_none() && key.is_none() {
            return Ok(Some(Replayable::new(())));
        }
        let mut write = self.write().idempotent(key, &());
        if let Some(failed) = failed {
            let (mail, budget) = (welcome.mail(user), welcome.budget);
            let new = serde_dynamo::to_attribute_value(&mail.id).map_err(|error| Error::Internal(error.into()))?;
            let replaced = Expression::update("SET welcome_mail = :new")
                .and_condition("welcome_mail.id = :failed")
                .value(":new", new)
                .value(":failed", text(&failed.id));
            write = write.update_admin(&user.user_id, replaced, WelcomeRefusal::Replaced);
            write = mail.put(write, || WelcomeRefusal::Replaced);
            if budget.seconds_to_wait().is_none() {
                write = budget.count(write, WelcomeRefusal::BudgetChanged);
            }
        }
        match write.commit(()).await? {
            Committed::Done(done) => Ok(Some(done)),
            Committed::Refused(refusals) => {
                let replaced = refusals.iter().any(|(refusal, _)| *refusal == WelcomeRefusal::Replaced);
                Ok(replaced.then(|| Replayable::new(())))
            }
        }
    }

    async fn admin_record(&self, user: &UserId) -> Result<Option<AdminRecord>, Error> {
        self.checked(|reads| async move { reads.get(keys::admin(self.id(), user)).await }).await
    }

    /// Takes the role from an admin, in one transaction. The last admin keeps it. Two round trips.
    ///
    /// # Errors
    /// [`AdminError::NotAnAdmin`], [`AdminError::LastAdmin`], the scope's own, or the table is out of reach.
    pub async fn demote(&self, user: &UserId) -> Result<(), AdminError> {
        let mut backoff = Backoff::default();
        while !self.try_to_demote(user).await? {
            backoff.wait_or_give_up("the members are being changed by others").await.map_err(Error::from)?;
        }
        Ok(())
    }

    /// Returns whether the role was taken. Otherwise something isn't as it was read.
    async fn try_to_demote(&self, user: &UserId) -> Result<bool, AdminError> {
        let (member, held) =
            self.checked_to_write(|reads| SeenMember::read(reads, self.id(), Some(user), None)).await?;
        let before = member.before(self.table(), self.id(), user, false).await?;
        let changes = member.change(*held.indexes(), before.without(Role::Admin)).await?;
        let membership = keys::membership(user, self.id(), Role::Admin);
        let write = self
            .write_changing_organization(&one_admin_less(), DemotionRefusal::LastAdmin)
            .delete_admin(user, DemotionRefusal::NotAnAdmin)
            .delete(membership, &Expression::default(), DemotionRefusal::NoMembership);
        let write = before.check(write, self.id(), user, Role::Admin, DemotionRefusal::RowChanged);
        let committed = write.change_indexes(changes, || DemotionRefusal::RowChanged).commit(()).await?;
        let Committed::Refused(refusals) = committed else { return Ok(true) };
        let failed = |wanted| refusals.iter().any(|(refusal, _)| *refusal == wanted);
        Err(if failed(DemotionRefusal::NotAnAdmin) {
            AdminError::NotAnAdmin
        } else if failed(DemotionRefusal::LastAdmin) {
            AdminError::LastAdmin
        } else if failed(DemotionRefusal::RowChanged) {
            return Ok(false);
        } else {
            Error::Internal("an admin has no membership".into()).into()
        })
    }
}

/// Puts the limit by plan behind every other refusal: who is an admin already needs no room.
fn plan_last(mut refusals: Refusals<PromotionRefusal>) -> Refusals<PromotionRefusal> {
    refusals.sort_by_key(|(refusal, _)| matches!(refusal, PromotionRefusal::PlanFull));
    refusals
}

/// Returns the refusal of a promotion that the plans leave no room for, or `None` if they do by now.
fn plan_full<T>(organization: Option<&Item>) -> Result<Option<T>, AdminError> {
    limit_reached(PlanLimit::Admins, COUNTER, organization)
        .map_or(Ok(None), |reached| Err(AdminError::PlanLimit(reached)))
}

pub(crate) fn sort_key(item: &Item) -> &str {
    item.get("sk").and_then(|sk| sk.as_s().ok()).map_or("", String::as_str)
}
