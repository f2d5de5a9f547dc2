//! An organization's settings, which are read together with its subscriptions.

use domain::{
    clock::now,
    conditional::{EntityTag, Preconditions},
    organization::{OrganizationDetails, OrganizationPatch},
    text::fold,
};
use dynamo::{Backoff, Expression, Item, SortKeys, from_item, number, rfc3339, text};
use plans::ActivePlans;

use crate::{
    Error, OrganizationScope, SettingsError,
    records::{OrganizationNameRecord, OrganizationRecord, SubscriptionRecord},
    scope::{Committed, Write, keys},
};

/// An organization and its subscriptions.
#[derive(Clone, Debug)]
pub struct OrganizationOverview {
    /// The organization.
    pub organization: OrganizationRecord,
    /// Every subscription, in force or not, by its id.
    pub subscriptions: Vec<SubscriptionRecord>,
}

/// What stands in a tag between the version of the settings and that of what is shown beside them.
const BESIDE: char = '-';

impl OrganizationRecord {
    /// The tag of all that is shown of the organization: its settings, its subscriptions and what they entitle to. So it
    /// also changes with the catalogue of plans.
    #[must_use]
    pub fn tag(&self) -> EntityTag {
        let entitlements = ActivePlans::of_keys(self.plans.iter().map(String::as_str)).entitlements();
        let beside = EntityTag::of_content(&[&format!("{:?} {entitlements:?}", self.subscriptions_version)]);
        EntityTag::strong(format!("{}{BESIDE}{}", self.version, beside.opaque()))
    }

    /// The tag of the settings alone, which a change of them is conditional on.
    fn settings_tag(&self) -> EntityTag {
        EntityTag::strong(self.version.to_string())
    }
}

/// The conditions on the settings alone: a change of them may name the tag of all that was shown.
fn on_settings(preconditions: &Preconditions) -> Preconditions {
    preconditions.map_opaque(|tag| tag.split(BESIDE).next().unwrap_or_default().to_owned())
}

/// The condition of an update that failed.
enum UpdateRefusal {
    NameTaken,
    /// The organization has changed since it was read.
    Changed,
}

impl OrganizationScope<'_> {
    /// The organization and its subscriptions: one Query, the caller's role read beside it.
    ///
    /// # Errors
    /// The scope's own, or the table is out of reach.
    pub async fn overview(&self) -> Result<OrganizationOverview, Error> {
        let (organization, subscriptions) = self
            .checked_with_organization(|reads| async move {
                // `#` and all that follows it: the organization's own item, then its subscriptions.
                let items = reads.items(keys::organization_partition(self.id()), SortKeys::Prefix("#")).await?;
                let mut items = items.into_iter();
                let organization = items.next().filter(is_organization);
                Ok(organization.map(|organization| (organization, items)))
            })
            .await?;
        Ok(OrganizationOverview {
            organization: from_item(organization)?,
            subscriptions: subscriptions.map(from_item).collect::<Result<_, _>>()?,
        })
    }

    /// Changes the organization's settings, where the preconditions hold of the present version, and `accepts` the rest
    /// of the present record: a read, then one transaction, in which a new name frees the old one.
    ///
    /// # Errors
    /// [`SettingsError::Precondition`], [`SettingsError::NotAccepted`], [`SettingsError::NameTaken`], the
    /// scope's own, or the table is out of reach.
    pub async fn update(
        &self,
        patch: &OrganizationPatch,
        preconditions: &Preconditions,
        accepts: impl Fn(&OrganizationRecord) -> bool,
    ) -> Result<OrganizationRecord, SettingsError> {
        let (preconditions, mut backoff) = (on_settings(preconditions), Backoff::default());
        loop {
            let present = self
                .checked_with_organization(|reads| async move { reads.get(keys::organization(self.id())).await })
                .await?;
            preconditions.check(Some(&present.settings_tag()))?;
            if !accepts(&present) {
                return Err(SettingsError::NotAccepted(Box::new(present)));
            }
            let details = patch.clone().apply(present.details.clone());
            if details == present.details {
                return Ok(present);
            }
            let updated = OrganizationRecord {
                details,
                updated_at: rfc3339(now()),
                version: present.version + 1,
                ..present.clone()
            };
            match self.write_update(&present, &updated)?.commit(()).await? {
                Committed::Done(_) => return Ok(updated),
                Committed::Refused(refusals) => match refusals.into_iter().next() {
                    Some((UpdateRefusal::NameTaken, _)) => return Err(SettingsError::NameTaken),
                    // The next attempt reads the organization again.
                    _ => backoff
                        .wait_or_give_up("the organization is being changed by others")
                        .await
                        .map_err(Error::from)?,
                },
            }
        }
    }

    fn write_update(
        &self,
        present: &OrganizationRecord,
        updated: &OrganizationRecord,
    ) -> Result<Write<'_, OrganizationScope<'_>, UpdateRefusal>, Error> {
        // A new name has the organization's end. If the founder verifies the address meanwhile, there is none any more.
        let update = details_update(present, updated)?.and(present.end_unchanged());
        let write = self.write_changing_organization(&update, UpdateRefusal::Changed);
        let folded = |organization: &OrganizationRecord| fold(organization.details.name.as_str());
        let (old, new) = (folded(present), folded(updated));
        if old == new {
            return Ok(write);
        }
        let name = OrganizationNameRecord { organization_id: self.id().clone(), expires_at: present.expires_at };
        Ok(write.put_new_or_over_expired(keys::organization_name(&new), &name, UpdateRefusal::NameTaken).delete(
            keys::organization_name(&old),
            &Expression::default(),
            UpdateRefusal::Changed,
        ))
    }
}

fn is_organization(item: &Item) -> bool {
    item.get("sk").is_some_and(|sk| sk.as_s().is_ok_and(|sk| sk == keys::ORGANIZATION))
}

/// Sets and removes the details alone. The counts beside them belong to other writes.
fn details_update(present: &OrganizationRecord, updated: &OrganizationRecord) -> Result<Expression, Error> {
    let mut details: Item = serde_dynamo::to_item(&updated.details).map_err(|error| Error::Internal(error.into()))?;
    let mut update = Expression::default();
    let (mut set, mut remove) = (vec!["version = :version".to_owned(), "updated_at = :now".to_owned()], Vec::new());
    for (number, field) in OrganizationDetails::FIELDS.iter().enumerate() {
        update = update.name(format!("#f{number}"), *field);
        if let Some(value) = details.remove(*field) {
            set.push(format!("#f{number} = :f{number}"));
            update = update.value(format!(":f{number}"), value);
        } else {
            remove.push(format!("#f{number}"));
        }
    }
    let removal = if remove.is_empty() { String::new() } else { format!(" REMOVE {}", remove.join(", ")) };
    let update = update.set_update(format!("SET {}{removal}", set.join(", "))).and_condition("version = :seen");
    let update = update.value(":seen", number(present.version)).value(":version", number(updated.version));
    Ok(update.value(":now", text(&updated.updated_at)))
}
