//! Admins: an item whose existence is the role.

use claims::Role;
use domain::{
    ids::UserId,
    mail::{MailId, MailKind, MailStatus},
    text::EmailAddress,
};
use dynamo::{Expression, Item, Refused, SortKeys, Transaction, from_item, number, text};
use serde::{Deserialize, Serialize};

use crate::{
    Error, OrganizationTable,
    account::{Credential, changed_meanwhile},
    keys,
    mail::Mail,
    membership::MembershipRecord,
    once::{Effect, Once},
    organization::Organization,
};

/// What an admin's item says.
#[derive(Serialize, Deserialize)]
pub(super) struct AdminRecord {
    user_id: UserId,
    email: String,
    first_name: String,
    last_name: String,
    /// Whether the address was proven when the role was given, or since.
    #[serde(skip_serializing_if = "is_false", default)]
    proven: bool,
    /// The mail that welcomes the admin.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    welcome_mail: Option<MailId>,
}

impl AdminRecord {
    pub(super) fn of(credential: &Credential, welcome: &Mail) -> Self {
        Self {
            user_id: credential.user_id.clone(),
            email: credential.email.clone(),
            first_name: credential.first_name.clone(),
            last_name: credential.last_name.clone(),
            proven: credential.proven,
            welcome_mail: Some(welcome.id.clone()),
        }
    }
}

/// The live role check asks whether the attribute is there.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_false(truth: &bool) -> bool {
    !truth
}

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
    /// How far the welcome mail is, where that was asked for and it is still kept.
    pub welcome: Option<MailStatus>,
}

/// Which condition of a promotion failed.
enum PromotionRefusal {
    Failure(Error),
    /// The request was sent before.
    Earlier,
    AlreadyAdmin,
}

/// Which condition of a demotion failed.
enum DemotionRefusal {
    /// The organization is gone, or it has no other admin.
    Organization,
    NotAdmin,
    UserNotAdmin,
    Membership,
}

impl OrganizationTable<'_> {
    /// Every admin, by user id: one Query, which also finds the organization, the caller's role read beside it; `with_mail`, one more round trip
    /// for how far each one's welcome mail is.
    ///
    /// # Errors
    /// [`Error::OrganizationGone`], [`Error::NotAdmin`], or the table is out of reach.
    pub async fn admins(&self, with_mail: bool) -> Result<Vec<AdminUser>, Error> {
        let partition = keys::organization_partition(self.id);
        // The organization's item, its subscriptions and its admins are neighbours.
        let last = format!("{}~", keys::ADMIN_PREFIX);
        let items = self.table.query(&partition, SortKeys::Between(keys::ORGANIZATION, &last));
        let (items, is_admin) = tokio::try_join!(items, self.is_admin())?;
        let (mut exists, mut admins) = (false, Vec::new());
        for item in items {
            match item.get("sk").and_then(|sk| sk.as_s().ok()) {
                Some(sk) if sk == keys::ORGANIZATION => exists = true,
                Some(sk) if sk.starts_with(keys::ADMIN_PREFIX) => admins.push(from_item::<AdminRecord>(item)?),
                _ => {}
            }
        }
        if !exists {
            return Err(self.organization_gone());
        }
        if !is_admin {
            return Err(self.not_admin());
        }
        let mails: Vec<_> =
            admins.iter().filter(|_| with_mail).filter_map(|admin| admin.welcome_mail.clone()).collect();
        let statuses = self.table.mail_statuses(&mails).await?;
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
    /// [`Error::OrganizationGone`], [`Error::NotAdmin`], [`Error::NoAccount`], [`Error::AddressUnproven`], or the table is out
    /// of reach.
    pub async fn promote(&self, email: &EmailAddress, once: Option<&Once>) -> Result<Effect<()>, Error> {
        use PromotionRefusal::{AlreadyAdmin, Earlier, Failure};

        let organization = self.table.get::<Organization>(keys::organization(self.id));
        let (user, earlier) = (self.table.credential_of_mailbox(email), Once::earlier::<()>(once, self.table));
        let (organization, is_admin, user, earlier) = tokio::join!(organization, self.is_admin(), user, earlier);
        let (organization, is_admin, user) = (organization?, is_admin?, user?);
        let organization = organization.ok_or_else(|| self.organization_gone())?;
        if !is_admin {
            return Err(self.not_admin());
        }
        if earlier?.is_some() {
            return Ok(Effect::replayed(()));
        }
        let user = user.ok_or(Error::NoAccount)?;
        if self.is_caller(&user.user_id) {
            return self.welcome_again(&user, &organization, once).await;
        }

        if self.table.requires_proof && !user.proven {
            // A founder is an admin before the address is proven.
            return if self.table.exists(keys::admin(self.id, &user.user_id)).await? {
                self.welcome_again(&user, &organization, once).await
            } else {
                Err(Error::AddressUnproven("Email"))
            };
        }

        let membership = MembershipRecord {
            organization_id: self.id.clone(),
            organization_code: organization.code.clone(),
            role: Role::Admin,
            customer_number: None,
        };
        let mail = Mail::new(MailKind::WelcomeAdmin, &user, organization.details.name.as_str());
        let admin = AdminRecord::of(&user, &mail);
        let one_more = Expression::update("ADD admin_count :one").value(":one", number(1));
        let transaction = Transaction::new(&self.table.engine).update(
            keys::organization(self.id),
            &one_more,
            Failure(self.organization_gone()),
        )?;
        let transaction = self.check_role(transaction, Failure(self.not_admin()))?;
        let transaction = Once::put(once, transaction, &(), Earlier)?
            .put_new(keys::admin(self.id, &user.user_id), "admin", &admin, AlreadyAdmin)?
            .put_new(keys::membership(&user.user_id, self.id, Role::Admin), "membership", &membership, AlreadyAdmin)?
            .check(keys::credential(&email.folded()), &user.as_read(), Failure(changed_meanwhile()))?;
        let id_taken = Failure(Error::Internal("a random mail id was taken".into()));
        match mail.put(transaction, id_taken)?.commit().await {
            Ok(()) => Ok(Effect::new(())),
            Err(Refused::Failed(error)) => Err(error.into()),
            Err(Refused::Conditions(failed)) => match failed.into_iter().next() {
                Some((Failure(error), _)) => Err(error),
                Some((Earlier, item)) => replay(once, item),
                Some((AlreadyAdmin, _)) => self.welcome_again(&user, &organization, once).await,
                None => Err(Error::Internal("a promotion was cancelled without a reason".into())),
            },
        }
    }

    /// Puts another welcome mail for an admin whose last one failed; nothing for every other.
    async fn welcome_again(
        &self,
        user: &Credential,
        organization: &Organization,
        once: Option<&Once>,
    ) -> Result<Effect<()>, Error> {
        use PromotionRefusal::{AlreadyAdmin, Earlier, Failure};

        let key = keys::admin(self.id, &user.user_id);
        let admin: Option<AdminRecord> = self.table.get(key.clone()).await?;
        let mut failed = admin.and_then(|admin| admin.welcome_mail);
        if let Some(mail) = &failed {
            let statuses = self.table.mail_statuses(std::slice::from_ref(mail)).await?;
            failed = failed.filter(|_| statuses.iter().any(|(_, status)| *status == MailStatus::Failed));
        }
        if failed.is_none() && once.is_none() {
            return Ok(Effect::new(()));
        }
        let gone = Failure(self.organization_gone());
        let mut transaction = Transaction::new(&self.table.engine).check_exists(keys::organization(self.id), gone)?;
        if failed.is_none() || !self.is_caller(&user.user_id) {
            transaction = self.check_role(transaction, Failure(self.not_admin()))?;
        }
        transaction = Once::put(once, transaction, &(), Earlier)?;
        if let Some(failed) = failed {
            let mail = Mail::new(MailKind::WelcomeAdmin, user, organization.details.name.as_str());
            let new = serde_dynamo::to_attribute_value(&mail.id).map_err(|error| Error::Internal(error.into()))?;
            let replaced = Expression::update("SET welcome_mail = :new").and_condition("welcome_mail.id = :failed");
            let replaced = replaced.value(":new", new).value(":failed", text(&failed.id));
            // Where somebody else was quicker, the new mail is his.
            transaction = mail.put(transaction.update(key, &replaced, AlreadyAdmin)?, AlreadyAdmin)?;
        }
        match transaction.commit().await {
            Ok(()) => Ok(Effect::new(())),
            Err(Refused::Failed(error)) => Err(error.into()),
            Err(Refused::Conditions(failed)) => match failed.into_iter().next() {
                Some((Failure(error), _)) => Err(error),
                Some((Earlier, item)) => replay(once, item),
                Some((AlreadyAdmin, _)) | None => Ok(Effect::new(())),
            },
        }
    }

    /// Takes the role from an admin, in one transaction and one round trip. The last admin keeps it.
    ///
    /// # Errors
    /// [`Error::OrganizationGone`], [`Error::NotAdmin`], [`Error::UserNotAdmin`], [`Error::LastAdmin`], or the table is out
    /// of reach.
    pub async fn demote(&self, user: &UserId) -> Result<(), Error> {
        use DemotionRefusal::{Membership, NotAdmin, Organization, UserNotAdmin};

        let one_less = Expression::update("ADD admin_count :less").and_condition("admin_count > :one");
        let one_less = one_less.value(":less", number(-1)).value(":one", number(1));
        let mut transaction =
            Transaction::new(&self.table.engine).update(keys::organization(self.id), &one_less, Organization)?;
        transaction = if self.is_caller(user) {
            // One item, one action: the caller's condition is the deletion's own.
            transaction.delete(keys::admin(self.id, user), &self.role_terms(), NotAdmin)?
        } else {
            self.check_role(transaction, NotAdmin)?.delete(
                keys::admin(self.id, user),
                &Expression::default(),
                UserNotAdmin,
            )?
        };
        let membership = keys::membership(user, self.id, Role::Admin);
        let transaction = transaction.delete(membership, &Expression::default(), Membership)?;
        let failed = match transaction.commit().await {
            Ok(()) => return Ok(()),
            Err(Refused::Failed(error)) => return Err(error.into()),
            Err(Refused::Conditions(failed)) => failed,
        };
        let failed = |wanted: fn(&DemotionRefusal, bool) -> bool| {
            failed.iter().any(|(refusal, item)| wanted(refusal, item.as_ref().is_some_and(|item| !item.is_empty())))
        };
        Err(if failed(|refusal, there| matches!(refusal, Organization) && !there) {
            self.organization_gone()
        } else if failed(|refusal, _| matches!(refusal, NotAdmin)) {
            self.not_admin()
        } else if failed(|refusal, _| matches!(refusal, UserNotAdmin)) {
            Error::UserNotAdmin
        } else if failed(|refusal, _| matches!(refusal, Organization)) {
            Error::LastAdmin
        } else {
            Error::Internal("an admin has no membership".into())
        })
    }
}

fn replay(once: Option<&Once>, item: Option<Item>) -> Result<Effect<()>, Error> {
    let once = once.ok_or_else(|| Error::Internal("an unknown request was sent before".into()))?;
    once.replay(item)
}
