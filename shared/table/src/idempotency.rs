//! Idempotent requests: the record of a request is an item of the effect's own transaction, so that there is no moment
//! with the one and without the other.

use domain::{clock::now, digest::sha256_hex};
use dynamo::{Expression, Item, absent_or_expired, from_item};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    Error, Table,
    records::IdempotencyRecord,
    scope::{Key, keys},
};

/// How long a record is kept, in seconds.
const RETENTION_SECONDS: u64 = 24 * 60 * 60;

/// Identifies a request by its caller, its route and the caller's key, so that it takes effect only once, even if it is
/// sent again.
pub struct IdempotencyKey {
    address: Key<IdempotencyRecord>,
    /// The hash of the body without its passwords.
    fingerprint: String,
}

/// The result of a request, from now or from when the request was first sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replayable<T> {
    /// The result.
    pub value: T,
    /// Whether the result is that of an earlier request.
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
    /// Creates the key of a request by `caller` to `route` with this body.
    #[must_use]
    pub fn new(caller: &str, route: &str, key: &str, body: &str) -> Self {
        Self { address: keys::idempotency(&sha256_hex(&[caller, route, key])), fingerprint: sha256_hex(&[body]) }
    }

    pub(crate) fn address(&self) -> Key<IdempotencyRecord> {
        self.address.clone()
    }

    /// Returns the record of this request, whose result is `value`.
    pub(crate) fn record(&self, value: &impl Serialize) -> Result<IdempotencyRecord, Error> {
        let result = serde_json::to_string(value).map_err(|error| Error::Internal(error.into()))?;
        let expires_at = now() + RETENTION_SECONDS;
        Ok(IdempotencyRecord { fingerprint: self.fingerprint.clone(), result, expires_at })
    }

    /// Returns the condition that there is no record of the request. An expired record may still be in the table, and
    /// does not count.
    pub(crate) fn unless_kept() -> Expression {
        absent_or_expired()
    }

    /// Returns the result of the earlier request, from the item that the condition [`Self::unless_kept`] failed on.
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
    /// Returns the result of this request if it was sent before. One read.
    pub(crate) async fn replay_of<T: DeserializeOwned>(
        &self,
        key: Option<&IdempotencyKey>,
    ) -> Result<Option<Replayable<T>>, Error> {
        let Some(key) = key else { return Ok(None) };
        let record = self.get(key.address()).await?;
        record.map(|record| Ok(Replayable::replayed(key.value_of(&record)?))).transpose()
    }
}
