//! Requests that take effect once however often they are sent: their record is an item of the effect's own transaction, so that
//! there is no moment with the one and without the other.

use domain::{clock::now, digest::sha256_hex};
use dynamo::{Expression, Item, Key, Transaction, from_item, number};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{Error, Table, keys};

/// How long a record is kept, in seconds.
const KEPT: u64 = 24 * 60 * 60;

/// A request that takes effect once, by its caller, its route and the key that the caller gave it.
pub struct Once {
    key: Key,
    fingerprint: String,
}

#[derive(Serialize, Deserialize)]
struct OnceRecord {
    /// Of the body, without its passwords.
    fingerprint: String,
    /// What the effect was, in JSON.
    result: String,
    expires_at: u64,
}

/// What came of a request: now, or when it was first sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect<T> {
    /// The effect.
    pub result: T,
    /// Whether it is an earlier request's.
    pub replayed: bool,
}

impl<T> Effect<T> {
    pub(super) fn new(result: T) -> Self {
        Self { result, replayed: false }
    }

    pub(super) fn replayed(result: T) -> Self {
        Self { result, replayed: true }
    }
}

impl Once {
    /// A request by `caller` on `route` with this key and body.
    #[must_use]
    pub fn new(caller: &str, route: &str, key: &str, body: &str) -> Self {
        Self { key: keys::once(&sha256_hex(&[caller, route, key])), fingerprint: sha256_hex(&[body]) }
    }

    /// The earlier effect, where there was one: one read.
    pub(super) async fn earlier<T: DeserializeOwned>(once: Option<&Self>, table: &Table) -> Result<Option<T>, Error> {
        let Some(once) = once else { return Ok(None) };
        let record: Option<OnceRecord> = table.get(once.key.clone()).await?;
        record.map(|record| once.result_of(&record)).transpose()
    }

    /// The earlier effect, out of the item that the record's condition failed on.
    pub(super) fn replay<T: DeserializeOwned>(&self, item: Option<Item>) -> Result<Effect<T>, Error> {
        let item = item.ok_or_else(|| Error::Internal("a failed condition came without its item".into()))?;
        Ok(Effect::replayed(self.result_of(&from_item(item)?)?))
    }

    fn result_of<T: DeserializeOwned>(&self, record: &OnceRecord) -> Result<T, Error> {
        if record.fingerprint != self.fingerprint {
            return Err(Error::KeyReused);
        }
        serde_json::from_str(&record.result).map_err(|error| Error::Internal(error.into()))
    }

    /// Adds the record to the transaction of the effect; `refusal` stands for an earlier one.
    pub(super) fn put<'t, R, T: Serialize>(
        once: Option<&Self>,
        transaction: Transaction<'t, R>,
        result: &T,
        refusal: R,
    ) -> Result<Transaction<'t, R>, Error> {
        let Some(once) = once else { return Ok(transaction) };
        let result = serde_json::to_string(result).map_err(|error| Error::Internal(error.into()))?;
        let now = now();
        let record = OnceRecord { fingerprint: once.fingerprint.clone(), result, expires_at: now + KEPT };
        let unless_kept =
            Expression::condition("attribute_not_exists(pk) OR expires_at <= :now").value(":now", number(now));
        Ok(transaction.put_on(once.key.clone(), "idempotency record", &record, &unless_kept, refusal)?)
    }
}
