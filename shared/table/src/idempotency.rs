//! Idempotent requests: the record of a request is an item of the effect's own transaction, so that there is no moment
//! with the one and without the other.

use domain::{clock::now, digest::sha256_hex};
use dynamo::{Expression, Item, from_item, number};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    Error, Table,
    records::IdempotencyRecord,
    scope::{Key, keys},
};

/// How long a record is kept, in seconds.
const RETENTION_SECONDS: u64 = 24 * 60 * 60;

/// Names a request by its caller, its route and the key that the caller gave it: it takes effect once, however often it
/// is sent.
pub struct IdempotencyKey {
    address: Key<IdempotencyRecord>,
    /// The hash of the body without its passwords.
    fingerprint: String,
}

/// What a request did: now, or when it was first sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replayable<T> {
    /// What it did.
    pub value: T,
    /// Whether that is an earlier request's.
    pub replayed: bool,
}

impl<T> Replayable<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { value, replayed: false }
    }

    pub(crate) fn replayed(value: T) -> Self {
        Self { value, replayed: true }
    }
}

impl IdempotencyKey {
    /// The key of a request by `caller` on `route` with this body.
    #[must_use]
    pub fn new(caller: &str, route: &str, key: &str, body: &str) -> Self {
        Self { address: keys::idempotency(&sha256_hex(&[caller, route, key])), fingerprint: sha256_hex(&[body]) }
    }

    pub(crate) fn address(&self) -> Key<IdempotencyRecord> {
        self.address.clone()
    }

    /// The record of this request, which answers `value`.
    pub(crate) fn record(&self, value: &impl Serialize) -> Result<IdempotencyRecord, Error> {
        let result = serde_json::to_string(value).map_err(|error| Error::Internal(error.into()))?;
        let expires_at = now() + RETENTION_SECONDS;
        Ok(IdempotencyRecord { fingerprint: self.fingerprint.clone(), result, expires_at })
    }

    /// The condition that no record of the request is kept. One that has ended may still be in the table.
    pub(crate) fn unless_kept() -> Expression {
        Expression::condition("attribute_not_exists(pk) OR expires_at <= :now").value(":now", number(now()))
    }

    /// What the earlier request did, by the item that [`Self::unless_kept`] failed on.
    pub(crate) fn replay<T: DeserializeOwned>(&self, item: Option<Item>) -> Result<Replayable<T>, Error> {
        let item = item.ok_or_else(|| Error::Internal("a failed condition came without its item".into()))?;
        Ok(Replayable::replayed(self.value_of(&from_item(item)?)?))
    }

    fn value_of<T: DeserializeOwned>(&self, record: &IdempotencyRecord) -> Result<T, Error> {
        if record.fingerprint != self.fingerprint {
            return Err(Error::KeyReused);
        }
        serde_json::from_str(&record.result).map_err(|error| Error::Internal(error.into()))
    }
}

impl Table {
    /// What the same request did when it was sent before, if it was: one read.
    pub(crate) async fn replay_of<T: DeserializeOwned>(
        &self,
        key: Option<&IdempotencyKey>,
    ) -> Result<Option<Replayable<T>>, Error> {
        let Some(key) = key else { return Ok(None) };
        let record = self.get(key.address()).await?;
        record.map(|record| Ok(Replayable::replayed(key.value_of(&record)?))).transpose()
    }
}
