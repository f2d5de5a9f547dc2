//! Admins: an item whose existence is the role.

use claims::Role;
use domain::{
    ids::UserId,
    mail::{MailId, MailKind, MailStatus},
    text::EmailAddress,
};
use dynamo::{Expression, Item, SortKeys, from_item, number, text};

use crate::{
    AdminError, Error, IdempotencyKey, OrganizationScope, Replayable,
    records::{AdminRecord, CredentialRecord, MailRecord, MembershipRecord, OrganizationRecord},
    scope::{Committed, keys},
};

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

/// The condition of a promotion that failed.
enum PromotionRefusal {
    AlreadyAdmin,
    /// The organization has made as many strangers admins as it may today.
    LimitReached(Error),
    Failed(AdminError),
}

/// The condition of a demotion that failed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum DemotionRefusal {
    LastAdmin,
    NotAnAdmin,
    NoMembership,
}

impl OrganizationScope<'_> {
    /// Returns every admin by user id, with one Query, which also finds the organization. With `with_mail`, a second
    /// round trip reads the status of each welcome mail.
    ///
    /// # Errors
    /// The scope's own, or the table is out of reach.
    pub async fn admins(&self, with_mail: bool) -> Result<Vec<AdminUser>, Error> {
        let items = self
            .checked_with_organization(|reads| async move {
                // The organization's item, its subscriptions and its admins are neighbors.
                let last = format!("{}~", keys::ADMIN_PREFIX);
                let sort_keys = SortKeys::Between(keys::ORGANIZATION, &last);
                let items = reads.items(keys::organization_partition(self.id()), sort_keys).await?;
                Ok(Some(items).filter(|items| items.iter().any(|item| sort_key(item) == keys::ORGANIZATION)))
            })
            .await?;
        let admins = items.into_iter().filter(|item| sort_key(item).starts_with(keys::ADMIN_PREFIX));
        let admins: Vec<AdminRecord> = admins.map(from_item).collect::<Result<_, _>>()?;
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

    /// Makes the owner of an address an admin, and puts the welcome mail, in one transaction. Two round trips.
    ///
    /// # Errors
    /// [`AdminError::NoAccount`], [`AdminError::EmailNotVerified`], [`Error::LimitReached`] of the organization, the scope's
    /// own, or the table is out of reach.
    pub async fn promote(
        &self,
        email: &EmailAddress,
        key: Option<&IdempotencyKey>,
    ) -> Result<Replayable<()>, AdminError> {
        let table = self.table();
        let (organization, user, replay) = self
            .checked_with_organization(|reads| async move {
                let organization = reads.get(keys::organization(self.id()));
                let (organization, user, replay) =
                    tokio::join!(organization, table.credential(email), table.replay_of(key));
                let (organization, user) = (organization?, user?);
                Ok(organization.map(|organization| (organization, user, replay)))
            })
            .await?;
        if let Some(replay) = replay? {
            return Ok(replay);
        }
        let user = user.ok_or(AdminError::NoAccount)?;
        if self.is_caller(&user.user_id) {
            return self.welcome_again(&user, &organization, key).await;
        }
        // An account that has an end can't be an admin: the role would outlive it.
        if (table.requires_verified_email() || user.expires_at.is_some()) && !user.email_verified {
            // A founder is an admin before the address is verified.
            return if self.admin_record(&user.user_id).await?.is_some() {
                self.welcome_again(&user, &organization, key).await
            } else {
                Err(AdminError::EmailNotVerified)
            };
        }

        let mut committed = self.try_to_promote(email, &user, &organization, key, true).await?;
        if let Committed::Refused(refusals) = &committed
            && let Some((PromotionRefusal::LimitReached(_), _)) = refusals.first()
        {
            // Strangers are limited. Whoever buys for a customer of the organization already is none.
            committed = self.try_to_promote(email, &user, &organization, key, false).await?;
        }
        match committed {
            Committed::Done(done) => Ok(done),
            Committed::Refused(refusals) => match refusals.into_iter().next() {
                Some((PromotionRefusal::Failed(error), _)) => Err(error),
                Some((PromotionRefusal::LimitReached(error), _)) => Err(error.into()),
                Some((PromotionRefusal::AlreadyAdmin, _)) | None => self.welcome_again(&user, &organization, key).await,
            },
        }
    }

    /// Promotes a user, whom the organization's limit on strangers counts, or who has to buy for a customer of the
    /// organization already.
    async fn try_to_promote(
        &self,
        email: &EmailAddress,
        user: &CredentialRecord,
        organization: &OrganizationRecord,
        key: Option<&IdempotencyKey>,
        as_stranger: bool,
    ) -> Result<Committed<(), PromotionRefusal>, Error> {
        let mail = MailRecord::new(MailKind::WelcomeAdmin, user, organization.details.name.as_str());
        let one_more = Expression::update("ADD admin_count :one").value(":one", number(1));
        let failed = |error: Error| PromotionRefusal::Failed(error.into());
        let write = self
            .write_changing_organization(&one_more, failed(Error::id_taken()))
            .idempotent(key, &())
            .put_new(
                keys::admin(self.id(), &user.user_id),
                &AdminRecord::new(user, &mail),
                PromotionRefusal::AlreadyAdmin,
            )
            .put_new(
                keys::membership(&user.user_id, self.id(), Role::Admin),
                &MembershipRecord::admin(organization),
                PromotionRefusal::AlreadyAdmin,
            )
            .check(keys::credential(&email.folded()), &user.unchanged(), failed(Error::account_changed()))
            .put_new(keys::mail(&mail.id), &mail, failed(Error::id_taken()));
        let limit = self.table().invitation_limit(self.id());
        let write = match limit {
            Some(limit) if !as_stranger => {
                let association = keys::membership(&user.user_id, self.id(), Role::Customer);
                write.check(association, &Expression::default(), PromotionRefusal::LimitReached(limit.reached()))
            }
            limit => write.counted(limit, PromotionRefusal::LimitReached),
        };
        write.commit(()).await
    }

    /// Puts a new welcome mail if the admin's last one failed, and otherwise nothing.
    async fn welcome_again(
        &self,
        user: &CredentialRecord,
        organization: &OrganizationRecord,
        key: Option<&IdempotencyKey>,
    ) -> Result<Replayable<()>, AdminError> {
        let admin = self.admin_record(&user.user_id).await?;
        let mut failed = admin.and_then(|admin| admin.welcome_mail);
        if let Some(mail) = &failed {
            let statuses = self.table().mail_statuses(std::slice::from_ref(mail)).await?;
            failed = failed.filter(|_| statuses.iter().any(|(_, status)| *status == MailStatus::Failed));
        }
        if failed.is_none() && key.is_none() {
            return Ok(Replayable::new(()));
        }
        let mut write = self.write().idempotent(key, &());
        if let Some(failed) = failed {
            let mail = MailRecord::new(MailKind::WelcomeAdmin, user, organization.details.name.as_str());
            let new = serde_dynamo::to_attribute_value(&mail.id).map_err(|error| Error::Internal(error.into()))?;
            let replaced = Expression::update("SET welcome_mail = :new")
                .and_condition("welcome_mail.id = :failed")
                .value(":new", new)
                .value(":failed", text(&failed.id));
            write = write.update_admin(&user.user_id, replaced, ()).put_new(keys::mail(&mail.id), &mail, ());
        }
        // A refusal means that another request has put a new mail meanwhile.
        match write.commit(()).await? {
            Committed::Done(done) => Ok(done),
            Committed::Refused(_) => Ok(Replayable::new(())),
        }
    }

    async fn admin_record(&self, user: &UserId) -> Result<Option<AdminRecord>, Error> {
        self.checked(|reads| async move { reads.get(keys::admin(self.id(), user)).await }).await
    }

    /// Takes the role from an admin, in one transaction and one round trip. The last admin keeps it.
    ///
    /// # Errors
    /// [`AdminError::NotAnAdmin`], [`AdminError::LastAdmin`], the scope's own, or the table is out of reach.
    pub async fn demote(&self, user: &UserId) -> Result<(), AdminError> {
        let one_less = Expression::update("ADD admin_count :less")
            .and_condition("admin_count > :one")
            .value(":less", number(-1))
            .value(":one", number(1));
        let membership = keys::membership(user, self.id(), Role::Admin);
        let committed = self
            .write_changing_organization(&one_less, DemotionRefusal::LastAdmin)
            .delete_admin(user, DemotionRefusal::NotAnAdmin)
            .delete(membership, &Expression::default(), DemotionRefusal::NoMembership)
            .commit(())
            .await?;
        let Committed::Refused(refusals) = committed else { return Ok(()) };
        let failed = |wanted| refusals.iter().any(|(refusal, _)| *refusal == wanted);
        Err(if failed(DemotionRefusal::NotAnAdmin) {
            AdminError::NotAnAdmin
        } else if failed(DemotionRefusal::LastAdmin) {
            AdminError::LastAdmin
        } else {
            Error::Internal("an admin has no membership".into()).into()
        })
    }
}

fn sort_key(item: &Item) -> &str {
    item.get("sk").and_then(|sk| sk.as_s().ok()).map_or("", String::as_str)
}
