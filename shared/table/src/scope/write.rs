use counted_index::{CountedIndex, IndexChanges};
use domain::{clock::now, ids::UserId};
use dynamo::{Expression, Item, Refused, Transaction, absent_or_expired, is_live, number};
use serde::{Serialize, de::DeserializeOwned};

use super::{Authority, Key, OrganizationKey, OrganizationScope, Record, RoleHeld, Table, keys};
use crate::{Error, IdempotencyKey, Replayable, records::IdempotencyRecord};

/// How a transaction's access to an organization's records is checked: not at all for `()`, which reaches none.
pub(crate) trait WriteScope: Copy {
    /// Returns the scope whose conditions the transaction carries, if it carries any.
    fn checked_in_commit(&self) -> Option<OrganizationScope<'_>> {
        None
    }
}

impl WriteScope for () {}

impl WriteScope for RoleHeld<'_> {}

impl WriteScope for OrganizationScope<'_> {
    fn checked_in_commit(&self) -> Option<OrganizationScope<'_>> {
        Some(*self)
    }
}

/// Marks the scopes whose transactions may touch an organization's records.
pub(crate) trait OrganizationAccess {}

impl OrganizationAccess for RoleHeld<'_> {}

impl OrganizationAccess for OrganizationScope<'_> {}

/// Restricts [`WriteKey::into_raw`] to this module: it takes a value that no other module can create.
pub(crate) struct Private(());

/// A key that a transaction of the scope `S` may touch.
pub(crate) trait WriteKey<S> {
    /// The record that is stored under the key.
    type Record;

    /// Returns the untyped key, as the engine takes it.
    fn into_raw(self, _: Private) -> dynamo::Key;
}

impl<S, R> WriteKey<S> for Key<R> {
    type Record = R;

    fn into_raw(self, _: Private) -> dynamo::Key {
        Self::into_raw(self)
    }
}

impl<S: OrganizationAccess, R> WriteKey<S> for OrganizationKey<R> {
    type Record = R;

    fn into_raw(self, _: Private) -> dynamo::Key {
        self.into_key().into_raw()
    }
}

/// The meaning of a condition of a transaction, should it fail.
enum Condition<R> {
    /// The condition on the organization's own item. If the item does not exist, the organization is gone. Otherwise
    /// the use case's refusal applies, if there is one.
    Organization(Option<R>),
    /// The condition that the sign-in which the caller's token came from goes on.
    Session,
    /// The condition that the caller's role holds.
    Role,
    /// The condition on the caller's own role item, which includes one of the use case.
    OwnRole(R),
    /// The condition that the request was not sent before.
    Replay,
    UseCase(R),
}

/// The outcome of a transaction.
pub(crate) enum Committed<T, R> {
    /// The transaction committed, now or when the request was first sent.
    Done(Replayable<T>),
    /// Nothing was written.
    Refused(Refusals<R>),
}

/// The use case's conditions that failed, in the order in which they were added. Each comes with the item that it was
/// checked on.
pub(crate) type Refusals<R> = Vec<(R, Option<Item>)>;

/// A transaction. A failed condition of the scope (the organization is gone, the role is lost) wins over every other,
/// and the record of the same request, sent before, wins over the use case's own.
pub(crate) struct Write<'t, S, R> {
    transaction: Transaction<'t, Condition<R>>,
    scope: S,
    /// Whether [`Self::commit`] must still add the role check. A transaction allows one action for each item, so the
    /// check is left out if another action on the caller's own role item carries the condition.
    role_pending: bool,
    idempotency_key: Option<&'t IdempotencyKey>,
    /// Changes of counted indexes, and what they say where an entry or a bucket isn't as it was read.
    index_changes: Option<(IndexChanges, fn() -> R)>,
    index: CountedIndex<'t>,
    defect: Option<Error>,
}

impl<'t, S: WriteScope, R> Write<'t, S, R> {
    pub(super) fn new(table: &'t Table, scope: S) -> Self {
        Self {
            transaction: Transaction::new(table.engine()),
            role_pending: scope.checked_in_commit().is_some(),
            scope,
            idempotency_key: None,
            index_changes: None,
            index: CountedIndex::new(table.engine()),
            defect: None,
        }
    }

    fn map(self, add: impl FnOnce(Transaction<'t, Condition<R>>) -> Transaction<'t, Condition<R>>) -> Self {
        Self { transaction: add(self.transaction), ..self }
    }

    /// Marks the transaction as one that no caller asked for: whether it was made changes no answer.
    pub(crate) fn unasked(self) -> Self {
        self.map(Transaction::unasked)
    }

    /// Puts a record that must not exist yet.
    pub(crate) fn put_new<K: WriteKey<S>>(self, key: K, record: &K::Record, refusal: R) -> Self
    where
        K::Record: Record,
    {
        let key = key.into_raw(Private(()));
        self.map(|transaction| transaction.put_new(key, K::Record::ENTITY, record, Condition::UseCase(refusal)))
    }

    /// Puts a record that must not exist yet, over one that has expired: that one is gone, even if it isn't deleted
    /// yet.
    pub(crate) fn put_new_or_over_expired<K: WriteKey<S>>(self, key: K, record: &K::Record, refusal: R) -> Self
    where
        K::Record: Record,
    {
        let (key, refusal, condition) = (key.into_raw(Private(())), Condition::UseCase(refusal), absent_or_expired());
        self.map(|transaction| transaction.put_on(key, K::Record::ENTITY, record, &condition, refusal))
    }

    /// Checks that a record exists and meets the condition.
    pub(crate) fn check<K: WriteKey<S>>(self, key: K, condition: &Expression, refusal: R) -> Self {
        let key = key.into_raw(Private(()));
        self.map(|transaction| transaction.check(key, condition, Condition::UseCase(refusal)))
    }

    /// Checks the condition on a record that may not exist.
    pub(crate) fn check_any<K: WriteKey<S>>(self, key: K, condition: &Expression, refusal: R) -> Self {
        let key = key.into_raw(Private(()));
        self.map(|transaction| transaction.check_any(key, condition, Condition::UseCase(refusal)))
    }

    /// Updates a record, which must exist.
    pub(crate) fn update<K: WriteKey<S>>(self, key: K, change: &Expression, refusal: R) -> Self {
        let key = key.into_raw(Private(()));
        self.map(|transaction| transaction.update(key, change, Condition::UseCase(refusal)))
    }

    /// Updates a record that may not exist, on the expression's condition alone. Only for what limits keep: an item
    /// whose existence is a role or an account would come back by a late update.
    pub(crate) fn update_or_create<K: WriteKey<S>>(self, key: K, change: &Expression, refusal: R) -> Self {
        let key = key.into_raw(Private(()));
        self.map(|transaction| transaction.update_or_create(key, change, Condition::UseCase(refusal)))
    }

    /// Deletes a record, which must exist and meet the condition.
    pub(crate) fn delete<K: WriteKey<S>>(self, key: K, condition: &Expression, refusal: R) -> Self {
        let key = key.into_raw(Private(()));
        self.map(|transaction| transaction.delete(key, condition, Condition::UseCase(refusal)))
    }

    /// Deletes a record, if there is one.
    pub(crate) fn delete_any<K: WriteKey<S>>(self, key: K, refusal: R) -> Self {
        let key = key.into_raw(Private(()));
        self.map(|transaction| transaction.delete_any(key, Condition::UseCase(refusal)))
    }

    /// Adds the first bucket of an order of a counted index.
    pub(crate) fn with_index(self, order: &counted_index::Order, refusal: R) -> Self {
        self.map(|transaction| order.create(transaction, Condition::UseCase(refusal)))
    }

    /// Adds the first bucket of an order of a counted index, and its first entry.
    pub(crate) fn with_index_of(
        self,
        order: &counted_index::Order,
        key: &str,
        record: &impl Serialize,
        refusal: fn() -> R,
    ) -> Self {
        self.map(|transaction| order.create_with(transaction, key, record, || Condition::UseCase(refusal())))
    }

    /// Changes counted indexes in the same transaction. `refusal` says that an entry or a bucket isn't as it was read.
    pub(crate) fn change_indexes(self, changes: IndexChanges, refusal: fn() -> R) -> Self
    where
        S: OrganizationAccess,
    {
        Self { index_changes: Some((changes, refusal)), ..self }
    }

    /// Changes counted indexes like [`Self::change_indexes`], by an authority that is named, but not checked.
    pub(crate) fn change_indexes_by(self, changes: IndexChanges, refusal: fn() -> R, _: Authority) -> Self {
        Self { index_changes: Some((changes, refusal)), ..self }
    }

    /// Makes the transaction take effect only once, even if the request is sent again. A replay answers `value`.
    pub(crate) fn idempotent<T: Serialize>(mut self, key: Option<&'t IdempotencyKey>, value: &T) -> Self {
        let Some(key) = key else { return self };
        self.idempotency_key = Some(key);
        match key.record(value) {
            Ok(record) => self.map(|transaction| {
                let (address, unless_kept) = (key.address().into_raw(), IdempotencyKey::unless_kept());
                transaction.put_on(address, IdempotencyRecord::ENTITY, &record, &unless_kept, Condition::Replay)
            }),
            Err(error) => Self { defect: Some(error), ..self },
        }
    }

    /// Commits every action or none. After a commit, the outcome is `value`.
    ///
    /// # Errors
    /// [`Error::SessionEnded`], [`Error::OrganizationGone`], [`Error::NotAdmin`], [`Error::InvalidKey`],
    /// [`Error::KeyReused`], or the table is out of reach.
    pub(crate) async fn commit<T: DeserializeOwned>(mut self, value: T) -> Result<Committed<T, R>, Error> {
        if let Some(defect) = self.defect.take() {
            return Err(defect);
        }
        let mut index_changes = self.index_changes.take();
        if let Some((changes, refusal)) = &mut index_changes {
            if changes.are_fenced() {
                return Ok(Committed::Refused(vec![(refusal(), None)]));
            }
            self = self.map(|transaction| changes.add_to(transaction, || Condition::UseCase(refusal())));
        }
        let session = self.scope.checked_in_commit().and_then(|scope| scope.session_condition());
        if let Some((key, condition)) = session {
            self = self.map(|transaction| transaction.check(key, &condition, Condition::Session));
        }
        if let Some(scope) = self.scope.checked_in_commit().filter(|_| self.role_pending) {
            let (key, condition) = (scope.role_key(), scope.role_condition());
            self = self.map(|transaction| transaction.check(key, &condition, Condition::Role));
        }
        let Self { transaction, scope, idempotency_key, index, .. } = self;
        let failed = match transaction.commit().await {
            Ok(()) => {
                if let Some((changes, _)) = index_changes {
                    Box::pin(index.rebalance(changes)).await;
                }
                return Ok(Committed::Done(Replayable::new(value)));
            }
            Err(Refused::Failed(error)) => return Err(error.into()),
            Err(Refused::Conditions(failed)) => failed,
        };
        if let Some(scope) = scope.checked_in_commit() {
            if failed.iter().any(|(condition, _)| matches!(condition, Condition::Session)) {
                return Err(Error::SessionEnded);
            }
            if failed
                .iter()
                .any(|(condition, item)| matches!(condition, Condition::Organization(_)) && is_gone(item.as_ref()))
            {
                return Err(scope.organization_gone());
            }
            for (condition, item) in &failed {
                if matches!(condition, Condition::Role | Condition::OwnRole(_)) {
                    scope.require_role(item.clone())?;
                }
            }
        }
        let mut refusals = Vec::new();
        for (condition, item) in failed {
            match (condition, idempotency_key) {
                (Condition::Replay, Some(key)) => return Ok(Committed::Done(key.replay(item)?)),
                (
                    Condition::Organization(Some(refusal)) | Condition::OwnRole(refusal) | Condition::UseCase(refusal),
                    _,
                ) => refusals.push((refusal, item)),
                (Condition::Replay, None)
                | (Condition::Organization(None) | Condition::Session | Condition::Role, _) => {}
            }
        }
        Ok(Committed::Refused(refusals))
    }

    /// Commits like [`Self::commit`], and maps the first refusal to the error of the use case.
    ///
    /// # Errors
    /// Those of [`Self::commit`], and what `refused` makes of the first condition that failed.
    pub(crate) async fn commit_or<T: DeserializeOwned, E: From<Error>>(
        self,
        value: T,
        refused: impl FnOnce(R) -> Result<Replayable<T>, E>,
    ) -> Result<Replayable<T>, E> {
        match self.commit(value).await? {
            Committed::Done(done) => Ok(done),
            Committed::Refused(refusals) => match refusals.into_iter().next() {
                Some((refusal, _)) => refused(refusal),
                None => Err(Error::Internal("a transaction was cancelled without a reason".into()).into()),
            },
        }
    }
}

impl<'t, R> Write<'t, OrganizationScope<'t>, R> {
    pub(super) fn check_organization(self) -> Self {
        let key = self.organization_key();
        self.map(|transaction| transaction.check(key, &organization_lives(), Condition::Organization(None)))
    }

    pub(super) fn change_organization(self, change: &Expression, refusal: R) -> Self {
        let key = self.organization_key();
        let change = change.clone().and(organization_lives());
        self.map(|transaction| transaction.update(key, &change, Condition::Organization(Some(refusal))))
    }

    fn organization_key(&self) -> dynamo::Key {
        keys::organization(self.scope.id()).into_key().into_raw()
    }

    /// Updates a user's admin item. If the user is the caller, the update also carries the role's condition.
    pub(crate) fn update_admin(self, user: &UserId, change: Expression, refusal: R) -> Self {
        if !self.scope.is_caller(user) {
            let key = keys::admin(self.scope.id(), user);
            return self.update(key, &change, refusal);
        }
        let (key, change) = (self.scope.role_key(), change.and(self.scope.role_condition()));
        Self { role_pending: false, ..self.map(|write| write.update(key, &change, Condition::OwnRole(refusal))) }
    }

    /// Deletes a user's admin item. If the user is the caller, the deletion carries the role's condition.
    pub(crate) fn delete_admin(self, user: &UserId, refusal: R) -> Self {
        if !self.scope.is_caller(user) {
            let key = keys::admin(self.scope.id(), user);
            return self.delete(key, &Expression::default(), refusal);
        }
        let (key, condition) = (self.scope.role_key(), self.scope.role_condition());
        Self { role_pending: false, ..self.map(|write| write.delete(key, &condition, Condition::Role)) }
    }
}

/// Returns the condition that an organization has not expired. An expired one may still be in the table.
fn organization_lives() -> Expression {
    Expression::condition("attribute_not_exists(expires_at) OR expires_at > :organization_at")
        .value(":organization_at", number(now()))
}

/// Returns whether a condition failed because there is no item, or an expired one. Where there is none, the local
/// engine returns an empty item, and AWS none.
fn is_gone(item: Option<&Item>) -> bool {
    item.is_none_or(|item| item.is_empty() || !is_live(item))
}
