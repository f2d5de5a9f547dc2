use domain::{
    ids::OrganizationId,
    subscription::{SubscriptionId, SubscriptionStatus},
};
use dynamo::{Backoff, Expression, SortKeys, from_item, number, text, text_set};

use crate::{
    Error, SubscriptionError, Table,
    records::{OrganizationRecord, SubscriptionRecord},
    scope::{Authority, Committed, Write, keys},
};

/// The right by which subscriptions are changed: the caller is the operator or the payment provider.
const BY: Authority = Authority::Billing;

/// What becomes of a subscription.
pub(super) enum Change {
    /// The subscription stays as it is.
    Keep,
    /// The subscription is this one from now on.
    Put(SubscriptionRecord),
    /// Nothing is left of it.
    Delete,
}

/// An organization, and its subscriptions by their ids.
pub(super) struct Subscriptions {
    organization: OrganizationRecord,
    subscriptions: Vec<SubscriptionRecord>,
}

impl Table {
    /// Sets a subscription as the operator says it: one Query, and one transaction where that changes anything.
    ///
    /// # Errors
    /// [`SubscriptionError::OrganizationNotFound`], or the table is out of reach.
    pub async fn set_subscription(
        &self,
        organization: &OrganizationId,
        subscription: &SubscriptionRecord,
    ) -> Result<(), SubscriptionError> {
        self.change_subscription(organization, &subscription.id, |present| {
            let last_event = present.and_then(|present| present.last_event.clone());
            Ok(Change::Put(SubscriptionRecord { last_event, ..subscription.clone() }))
        })
        .await?;
        Ok(())
    }

    /// Ends a subscription as the operator says it, and returns it: one Query and one transaction. One that a payment
    /// provider has sold is kept as canceled, since an earlier event that comes late would bring it back.
    ///
    /// # Errors
    /// [`SubscriptionError::OrganizationNotFound`], [`SubscriptionError::NotFound`], or the table is out of reach.
    pub async fn end_subscription(
        &self,
        organization: &OrganizationId,
        id: &SubscriptionId,
    ) -> Result<SubscriptionRecord, SubscriptionError> {
        let canceled = |present: &SubscriptionRecord| {
            let status = SubscriptionStatus::Canceled.as_str().to_owned();
            SubscriptionRecord { status, ..present.clone() }
        };
        let ended = self
            .change_subscription(organization, id.as_str(), |present| {
                let present = present.ok_or(SubscriptionError::NotFound)?;
                Ok(if present.last_event.is_some() { Change::Put(canceled(present)) } else { Change::Delete })
            })
            .await?;
        ended.as_ref().map(canceled).ok_or(SubscriptionError::NotFound)
    }

    /// Changes a subscription as `decide` says by what it is at present, and notes the plans that are active then.
    /// Returns what it was before.
    pub(super) async fn change_subscription(
        &self,
        organization: &OrganizationId,
        id: &str,
        decide: impl Fn(Option<&SubscriptionRecord>) -> Result<Change, SubscriptionError>,
    ) -> Result<Option<SubscriptionRecord>, SubscriptionError> {
        let mut backoff = Backoff::default();
        loop {
            let mut read = self.subscriptions(organization).await?.ok_or(SubscriptionError::OrganizationNotFound)?;
            let present = read.subscriptions.iter().find(|subscription| subscription.id == id).cloned();
            let change = match decide(present.as_ref())? {
                Change::Put(new) if present.as_ref() == Some(&new) => Change::Keep,
                change => change,
            };
            read.subscriptions.retain(|subscription| subscription.id != id);
            match &change {
                Change::Keep => return Ok(present),
                Change::Put(new) => read.subscriptions.push(new.clone()),
                Change::Delete => {}
            }
            let write = self.note_plans(&read);
            let key = keys::subscription(organization, id).by(BY);
            let write = match (&change, &present) {
                (Change::Put(new), None) => write.put_new(key, new, ()),
                (Change::Put(new), Some(_)) => write.update(key, &replacement(new), ()),
                _ => write.delete(key, &Expression::default(), ()),
            };
            if let Committed::Done(_) = write.commit(()).await? {
                return Ok(present);
            }
            // The next attempt reads them again.
            backoff.wait_or_give_up("the subscriptions are being changed by others").await.map_err(Error::from)?;
        }
    }

    /// Reads an organization and its subscriptions, or `None` if the organization is gone.
    pub(super) async fn subscriptions(&self, organization: &OrganizationId) -> Result<Option<Subscriptions>, Error> {
        // `#` and all that follows it: the organization's own item, then its subscriptions.
        let partition = keys::organization_partition(organization);
        let items = self.reads_by(BY).items(partition, SortKeys::Prefix("#")).await?;
        let mut items = items.into_iter();
        let own = items.next().filter(|item| item.get("sk") == Some(&text(keys::ORGANIZATION)));
        let Some(organization) = own.map(from_item).transpose()? else { return Ok(None) };
        let subscriptions = items.map(from_item).collect::<Result<_, _>>()?;
        Ok(Some(Subscriptions { organization, subscriptions }))
    }

    /// Begins a transaction that notes the plans of the active ones of these subscriptions, on condition that no
    /// subscription has changed since they were read.
    pub(super) fn note_plans(&self, read: &Subscriptions) -> Write<'_, (), ()> {
        let Subscriptions { organization, subscriptions } = read;
        let active = subscriptions.iter().filter(|subscription| subscription.is_active());
        let mut plans: Vec<_> = active.map(|subscription| subscription.plan.clone()).collect();
        plans.sort_unstable();
        plans.dedup();
        let seen = organization.subscriptions_version;
        let update = Expression::update("SET subscriptions_version = :next")
            .value(":next", number(seen.unwrap_or_default() + 1));
        let update = if plans.is_empty() {
            update.and_update(" REMOVE plans")
        } else {
            update.and_update(", plans = :plans").value(":plans", text_set(plans))
        };
        let unchanged = match seen {
            Some(seen) => Expression::condition("subscriptions_version = :seen").value(":seen", number(seen)),
            None => Expression::condition("attribute_not_exists(subscriptions_version)"),
        };
        let update = update.and(unchanged).and(organization.end_unchanged());
        self.write().update(keys::organization(&organization.id).by(BY), &update, ())
    }
}

impl Subscriptions {
    /// Returns whether the organization's item has the plans of its subscriptions.
    pub(super) fn are_noted(&self) -> bool {
        self.organization.subscriptions_version.is_some() || self.subscriptions.is_empty()
    }
}

/// Returns the update that makes a subscription this one. Earlier versions stored entitlements beside the plan.
fn replacement(new: &SubscriptionRecord) -> Expression {
    let update = Expression::update("SET #plan = :plan, #status = :status")
        .name("#plan", "plan")
        .name("#status", "status")
        .value(":plan", text(&new.plan))
        .value(":status", text(&new.status));
    let optional = [("current_period_end", &new.current_period_end), ("last_event", &new.last_event)];
    let set = optional.iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
    let update = set.fold(update, |update, (name, value)| {
        update.and_update(&format!(", {name} = :{name}")).value(format!(":{name}"), text(value))
    });
    let gone = optional.iter().filter(|(_, value)| value.is_none());
    gone.fold(update.and_update(" REMOVE entitlements"), |update, (name, _)| update.and_update(&format!(", {name}")))
}
