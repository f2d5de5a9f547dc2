//! Failed tries of passwords, counted for each address and source. A try is judged by the failures that were counted before
//! it: a wrong one when it is counted itself, a right one by a read after the password was verified, or by a condition of the
//! transaction that it leads to. So guesses sent all at once get no further than the same guesses one by one.

use domain::{clock::now, source::Source, text::EmailAddress};
use dynamo::{Counted, Expression, Key, Limit, Window, from_item};
use serde::Deserialize;

use crate::{Error, Table, keys};

/// Failures for one address from one source in a window.
pub const MOST_FAILURES: u64 = 10;
/// Failures for one address in a window, from wherever.
const MOST_FOR_ADDRESS: u64 = 100;
/// The window's length in seconds.
pub const TRIES_WINDOW: u64 = 60;

/// The limits that a try falls under.
#[derive(Clone, Copy)]
pub struct Tries<'a> {
    table: &'a Table,
    address: &'a EmailAddress,
    source: &'a Source,
}

#[derive(Deserialize)]
struct KeyedWindow {
    sk: String,
    #[serde(flatten)]
    window: Window,
}

/// A failure that was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Failures that the source has left.
    pub remaining: u64,
    /// Seconds until they begin anew.
    pub reset: u64,
}

impl Table {
    /// The limits of tries for this address from this source.
    #[must_use]
    pub fn tries<'a>(&'a self, address: &'a EmailAddress, source: &'a Source) -> Tries<'a> {
        Tries { table: self, address, source }
    }
}

impl Tries<'_> {
    fn of_source(&self) -> Limit {
        Limit {
            key: keys::tries_of_source(&self.address.folded(), self.source),
            entity: "failed tries of a source",
            most: MOST_FAILURES,
            seconds: TRIES_WINDOW,
        }
    }

    fn of_address(&self) -> Limit {
        Limit {
            key: keys::tries_of_address(&self.address.folded()),
            entity: "failed tries for an address",
            most: MOST_FOR_ADDRESS,
            seconds: TRIES_WINDOW,
        }
    }

    /// Whether another try is let through: not past the source's failures; nor, where the address has had more than its share
    /// from everywhere, after any failure of the source. So a right password from elsewhere always gets in. One read.
    ///
    /// # Errors
    /// [`Error::TooManyTries`], or the table is out of reach.
    pub async fn check(&self) -> Result<(), Error> {
        let (of_source, of_address) = (self.of_source(), self.of_address());
        let keys = vec![of_source.key.clone(), of_address.key.clone()];
        let windows = self.table.batch_get(keys, &["sk", "started_at", "counted"]).await?;
        let windows: Vec<KeyedWindow> = windows.into_iter().map(from_item).collect::<Result<_, _>>()?;
        let window =
            |limit: &Limit| windows.iter().find(|window| window.sk == limit.key.sk).map(|window| window.window);
        let now = now();
        let (source, address) = (window(&of_source), window(&of_address));
        let failures = of_source.counted(source, now);
        let exhausted = of_address.counted(address, now) >= MOST_FOR_ADDRESS;
        if failures >= MOST_FAILURES || (exhausted && failures > 0) {
            return Err(Error::TooManyTries(of_source.seconds_left(source, now)));
        }
        Ok(())
    }

    /// Counts a failure.
    ///
    /// # Errors
    /// [`Error::TooManyTries`]: it was one too many. Or the table is out of reach.
    pub async fn failed(&self) -> Result<Failure, Error> {
        let (of_source, of_address) = (self.of_source(), self.of_address());
        let now = now();
        // What one source has too many of doesn't exhaust the address; and a wrong try is told the same seconds as a right one.
        match self.table.count(&of_source, now).await? {
            Counted::Full(seconds) => Err(Error::TooManyTries(seconds)),
            Counted::Within(failures, reset) => match self.table.count(&of_address, now).await? {
                Counted::Full(_) => Err(Error::TooManyTries(reset)),
                Counted::Within(..) => Ok(Failure { remaining: MOST_FAILURES.saturating_sub(failures), reset }),
            },
        }
    }

    /// That the source has failures left, as a condition of a transaction.
    pub(super) fn condition(&self) -> (Key, Expression) {
        let limit = self.of_source();
        let expression = limit.not_reached(now());
        (limit.key, expression)
    }
}
