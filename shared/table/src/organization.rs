//! Organizations: created whole or not at all, and read together with what they subscribed to.

use claims::Role;
use domain::{
    clock::now,
    ids::{OrganizationCode, OrganizationId},
    mail::MailKind,
    organization::{OrganizationDetails, OrganizationPatch},
    text::{OrganizationName, fold},
};
use dynamo::{Backoff, Expression, Item, Refused, SortKeys, Transaction, from_item, number, rfc3339, text};
use serde::{Deserialize, Serialize};

use crate::{
    Error, OrganizationTable, Table,
    account::{Credential, NewAccount, changed_meanwhile},
    admin::AdminRecord,
    association, keys,
    mail::Mail,
    membership::MembershipRecord,
    once::{Effect, Once},
    tries::Tries,
};

/// An organization.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Organization {
    /// Its id.
    pub id: OrganizationId,
    /// Its code, made of its first name and never changed.
    pub code: OrganizationCode,
    /// What it says of itself.
    #[serde(flatten)]
    pub details: OrganizationDetails,
    /// When it was created, RFC 3339 UTC.
    pub created_at: String,
    /// When its details last changed, RFC 3339 UTC.
    pub updated_at: String,
    /// Counts the changes of its details, from 1.
    pub version: u64,
    /// How many admins it has; never 0.
    admin_count: u64,
}

impl Organization {
    /// A new organization, with its ids and times, which stay the same however often its creation is tried.
    #[must_use]
    pub fn new(details: OrganizationDetails) -> Self {
        let created_at = rfc3339(now());
        Self {
            id: OrganizationId::random(),
            code: OrganizationCode::random(details.name.as_str()),
            details,
            updated_at: created_at.clone(),
            created_at,
            version: 1,
            admin_count: 1,
        }
    }
}

/// Who becomes the first admin of a new organization.
pub enum Founder<'a> {
    /// Somebody without an account, which is made with the organization.
    New(&'a NewAccount),
    /// The owner of an account, whose password was verified in a try that falls under these limits.
    Known(&'a Credential, Tries<'a>),
}

/// An organization that was created.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatedOrganization {
    /// Its id.
    pub id: OrganizationId,
    /// Its code.
    pub code: OrganizationCode,
    /// Its name.
    pub name: OrganizationName,
}

/// What came of creating an organization.
pub enum Creation {
    /// It is there, or was made when the request was first sent.
    Done(Effect<CreatedOrganization>),
    /// Nothing was done.
    Refused {
        /// Another organization has the name.
        name_taken: bool,
        /// The account that has the founder's address already.
        account: Option<Box<Credential>>,
    },
}

/// Why one condition of a creation failed.
#[derive(Clone)]
enum CreationRefusal {
    /// The request was sent before.
    Earlier,
    AddressTaken,
    /// The account isn't as it was when the password was verified.
    AccountChanged,
    TooManyTries,
    NameTaken,
    IdTaken,
}

#[derive(Serialize)]
struct Reference<'a> {
    organization_id: &'a OrganizationId,
}

/// What an organization subscribed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// Its id.
    pub id: String,
    /// The plan's name.
    pub plan: String,
    /// Where it stands; `active` while it is in force.
    pub status: String,
    /// When the paid period ends, RFC 3339 UTC.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub current_period_end: Option<String>,
    /// What the plan allows.
    #[serde(default)]
    pub entitlements: Vec<Entitlement>,
}

/// Something that a plan allows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entitlement {
    /// What a program calls it.
    pub key: String,
    /// What a person calls it.
    pub name: String,
    /// How much of it.
    pub value: String,
}

/// An organization and what it subscribed to.
#[derive(Clone, Debug)]
pub struct OrganizationOverview {
    /// The organization.
    pub organization: Organization,
    /// Every subscription, in force or not, by its id.
    pub subscriptions: Vec<Subscription>,
}

impl Table {
    /// Creates an organization, its name, its code and its first admin (and the admin's account, where there is none yet)
    /// in one transaction, which also puts the founder's welcome mail.
    ///
    /// # Errors
    /// [`Error::TooManyTries`], [`Error::KeyReused`], or the table is out of reach.
    pub async fn create_organization(
        &self,
        organization: &Organization,
        founder: &Founder<'_>,
        once: Option<&Once>,
    ) -> Result<Creation, Error> {
        use CreationRefusal::{AccountChanged, AddressTaken, Earlier, IdTaken, NameTaken, TooManyTries};

        let id = &organization.id;
        let reference = Reference { organization_id: id };
        let created = CreatedOrganization {
            id: id.clone(),
            code: organization.code.clone(),
            name: organization.details.name.clone(),
        };
        let transaction = Once::put(once, Transaction::new(&self.engine), &created, Earlier)?;
        let founder_of = founder;
        let (transaction, founder) = match founder {
            Founder::New(account) => account.put(transaction, self.proof_link().as_ref(), AddressTaken, || IdTaken)?,
            Founder::Known(credential, tries) => {
                let (key, expression) = tries.condition();
                let transaction = transaction.check_any(key, &expression, TooManyTries)?;
                let key = keys::credential(&fold(&credential.email));
                (transaction.check(key, &credential.as_read(), AccountChanged)?, (*credential).clone())
            }
        };
        let membership = MembershipRecord {
            organization_id: id.clone(),
            organization_code: organization.code.clone(),
            role: Role::Admin,
            customer_number: None,
        };
        let name = organization.details.name.as_str();
        let mail = Mail::new(MailKind::WelcomeFounder, &founder, name);
        let admin = AdminRecord::of(&founder, &mail);
        let transaction = transaction
            .put_new(keys::organization_name(&fold(name)), "organization name", &reference, NameTaken)?
            .put_new(keys::organization_code(&organization.code), "organization code", &reference, IdTaken)?
            .put_new(keys::organization(id), "organization", organization, IdTaken)?
            .put_new(keys::admin(id, &founder.user_id), "admin", &admin, IdTaken)?
            .put_new(keys::membership(&founder.user_id, id, Role::Admin), "membership", &membership, IdTaken)?;
        let transaction = association::create_indexes(id, transaction, &IdTaken)?;
        match mail.put(transaction, IdTaken)?.commit().await {
            Ok(()) => Ok(Creation::Done(Effect::new(created))),
            Err(Refused::Failed(error)) => Err(error.into()),
            Err(Refused::Conditions(failed)) => {
                let (mut name_taken, mut account) = (false, None);
                for (refusal, item) in failed {
                    match refusal {
                        Earlier => {
                            let once =
                                once.ok_or_else(|| Error::Internal("an unknown request was sent before".into()))?;
                            return Ok(Creation::Done(once.replay(item)?));
                        }
                        NameTaken => name_taken = true,
                        AddressTaken => account = item.map(from_item).transpose()?.map(Box::new),
                        AccountChanged => return Err(changed_meanwhile()),
                        TooManyTries => {
                            if let Founder::Known(_, tries) = founder_of {
                                tries.check().await?;
                            }
                            return Err(Error::TooManyTries(1));
                        }
                        IdTaken => return Err(Error::Internal("a random id was taken".into())),
                    }
                }
                Ok(Creation::Refused { name_taken, account })
            }
        }
    }
}

impl Table {
    /// The code of an organization, for operators: one read.
    ///
    /// # Errors
    /// [`Error::OrganizationGone`], or the table is out of reach.
    pub async fn code_of(&self, organization: &OrganizationId) -> Result<OrganizationCode, Error> {
        let organization: Option<Organization> = self.get(keys::organization(organization)).await?;
        Ok(organization.ok_or(Error::OrganizationGone)?.code)
    }
}

impl OrganizationTable<'_> {
    /// The organization and its subscriptions: one Query, the caller's role read beside it.
    ///
    /// # Errors
    /// [`Error::OrganizationGone`], [`Error::NotAdmin`], or the table is out of reach.
    pub async fn overview(&self) -> Result<OrganizationOverview, Error> {
        let partition = keys::organization_partition(self.id);
        // `#` and all that follows it: the organization's own item, then its subscriptions.
        let items = self.table.query(&partition, SortKeys::Prefix("#"));
        let (items, is_admin) = tokio::try_join!(items, self.is_admin())?;
        let mut items = items.into_iter();
        let organization = items
            .next()
            .filter(|item| item.get("sk").is_some_and(|sk| sk.as_s().is_ok_and(|sk| sk == keys::ORGANIZATION)));
        let organization = organization.ok_or_else(|| self.organization_gone())?;
        if !is_admin {
            return Err(self.not_admin());
        }
        Ok(OrganizationOverview {
            organization: from_item(organization)?,
            subscriptions: items.map(from_item).collect::<Result<_, _>>()?,
        })
    }

    /// Changes the organization's settings, where `accepts` takes the present version: a read, then one transaction, in
    /// which a new name frees the old one.
    ///
    /// # Errors
    /// [`Error::OrganizationGone`], [`Error::NotAdmin`], [`Error::StaleVersion`], [`Error::OrganizationNameTaken`], or the
    /// table is out of reach.
    pub async fn update(&self, patch: &OrganizationPatch, accepts: &dyn VersionCheck) -> Result<Organization, Error> {
        let mut backoff = Backoff::default();
        loop {
            let present = self.table.get::<Organization>(keys::organization(self.id));
            let (present, is_admin) = tokio::try_join!(present, self.is_admin())?;
            let present = present.ok_or_else(|| self.organization_gone())?;
            if !is_admin {
                return Err(self.not_admin());
            }
            if !accepts.accepts(present.version) {
                return Err(Error::StaleVersion);
            }
            let details = patch.clone().apply(present.details.clone());
            if details == present.details {
                return Ok(present);
            }
            let updated =
                Organization { details, updated_at: rfc3339(now()), version: present.version + 1, ..present.clone() };
            match self.replacing(&present, &updated)?.commit().await {
                Ok(()) => return Ok(updated),
                Err(Refused::Failed(error)) => return Err(error.into()),
                Err(Refused::Conditions(failed)) => match failed.into_iter().next() {
                    Some((UpdateRefusal::Failure(error), _)) => return Err(error),
                    // The next try sees what became of it.
                    _ => backoff.wait_or_give_up("the organization is being changed by others").await?,
                },
            }
        }
    }

    fn replacing(
        &self,
        present: &Organization,
        updated: &Organization,
    ) -> Result<Transaction<'_, UpdateRefusal>, Error> {
        use UpdateRefusal::{Changed, Failure};

        let transaction = self.check_role(Transaction::new(&self.table.engine), Failure(self.not_admin()))?.update(
            keys::organization(self.id),
            &details_change(present, updated)?,
            Changed,
        )?;
        let name = |organization: &Organization| keys::organization_name(&fold(organization.details.name.as_str()));
        let (old, new) = (name(present), name(updated));
        if old == new {
            return Ok(transaction);
        }
        let reference = Reference { organization_id: self.id };
        let taken = Failure(Error::OrganizationNameTaken);
        let transaction = transaction.put_new(new, "organization name", &reference, taken)?;
        Ok(transaction.delete(old, &Expression::default(), Changed)?)
    }
}

/// Which versions of an organization a caller takes, as `If-Match` says.
pub trait VersionCheck: Send + Sync {
    /// Whether this one is among them.
    fn accepts(&self, version: u64) -> bool;
}

/// Which condition of an update failed.
enum UpdateRefusal {
    Failure(Error),
    /// The organization is no longer as it was read.
    Changed,
}

/// Sets and removes the details alone: the counts beside them belong to other writes.
fn details_change(present: &Organization, updated: &Organization) -> Result<Expression, Error> {
    let mut details: Item = serde_dynamo::to_item(&updated.details).map_err(|error| Error::Internal(error.into()))?;
    let mut expression = Expression::default();
    let (mut set, mut remove) = (vec!["version = :version".to_owned(), "updated_at = :now".to_owned()], Vec::new());
    for (place, field) in OrganizationDetails::FIELDS.iter().enumerate() {
        expression = expression.name(format!("#f{place}"), *field);
        if let Some(value) = details.remove(*field) {
            set.push(format!("#f{place} = :f{place}"));
            expression = expression.value(format!(":f{place}"), value);
        } else {
            remove.push(format!("#f{place}"));
        }
    }
    let removal = if remove.is_empty() { String::new() } else { format!(" REMOVE {}", remove.join(", ")) };
    let expression = expression.set_update(format!("SET {}{removal}", set.join(", "))).and_condition("version = :seen");
    let expression = expression.value(":seen", number(present.version)).value(":version", number(updated.version));
    Ok(expression.value(":now", text(&updated.updated_at)))
}
