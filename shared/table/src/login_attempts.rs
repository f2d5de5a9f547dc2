//! Login attempts: failures are counted for each address and source.
//!
//! An attempt is judged by the failures that were counted before it. A wrong password is judged when it is counted
//! itself; a right one by a read after the password was verified, or by a condition of the transaction that it leads
//! to. Example: of fifty guesses that are sent at once, the right one is verified before the others are counted; the
//! read afterwards finds their failures, so that it gets no further than the last of fifty guesses in a row.

use domain::{clock::now, source::Source, text::EmailAddress};
use dynamo::{Counted, Expression, Limit};

use crate::{
    LoginAttemptsError, Table,
    records::{AttemptsRecord, AttemptsWindow},
    scope::{Key, keys},
};

/// Failures for one address from one source in a window.
const MAX_FAILURES_FROM_SOURCE: u64 = 10;
/// Failures for one address in a window, from anywhere.
const MAX_FAILURES_FOR_ADDRESS: u64 = 100;
/// The window's length in seconds.
const WINDOW_SECONDS: u64 = 60;

/// The limits on attempts for an address from a source.
#[derive(Clone, Copy)]
pub struct LoginAttempts<'a> {
    table: &'a Table,
    address: &'a EmailAddress,
    source: &'a Source,
}

/// What a source has left of its attempts for an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttemptsLeft {
    /// Failures that may still be made in this window.
    pub remaining: u64,
    /// Seconds until the next window begins.
    pub reset: u64,
}

impl AttemptsLeft {
    /// Failures in a window.
    pub const LIMIT: u64 = MAX_FAILURES_FROM_SOURCE;
    /// The window's length in seconds.
    pub const WINDOW_SECONDS: u64 = WINDOW_SECONDS;
}

impl Table {
    /// The limits on attempts for this address from this source.
    #[must_use]
    pub fn login_attempts<'a>(&'a self, address: &'a EmailAddress, source: &'a Source) -> LoginAttempts<'a> {
        LoginAttempts { table: self, address, source }
    }
}

impl LoginAttempts<'_> {
    fn source_key(&self) -> Key<AttemptsRecord> {
        keys::attempts_from_source(&self.address.folded(), self.source)
    }

    fn source_limit(&self) -> Limit {
        Limit {
            key: self.source_key().into_raw(),
            entity: "failed tries of a source",
            max_events: MAX_FAILURES_FROM_SOURCE,
            seconds: WINDOW_SECONDS,
        }
    }

    fn address_limit(&self) -> Limit {
        Limit {
            key: keys::attempts_for_address(&self.address.folded()).into_raw(),
            entity: "failed tries for an address",
            max_events: MAX_FAILURES_FOR_ADDRESS,
            seconds: WINDOW_SECONDS,
        }
    }

    /// Refuses a source after 10 failures in a minute. Once an address has 100 failures from anywhere, each source gets
    /// one. So the right password from a source without failures always gets in. One read.
    ///
    /// # Errors
    /// [`LoginAttemptsError::TooMany`], or the table is out of reach.
    pub async fn check(&self) -> Result<(), LoginAttemptsError> {
        let (source_limit, address_limit) = (self.source_limit(), self.address_limit());
        let keys = [self.source_key(), keys::attempts_for_address(&self.address.folded())];
        let windows: Vec<AttemptsWindow> = self.table.batch_get(keys, &["sk", "started_at", "counted"]).await?;
        let window =
            |limit: &Limit| windows.iter().find(|window| window.sk == limit.key.sk).map(|window| window.window);
        let now = now();
        let source = window(&source_limit);
        let failures = source_limit.counted(source, now);
        let exhausted = address_limit.counted(window(&address_limit), now) >= MAX_FAILURES_FOR_ADDRESS;
        if failures >= MAX_FAILURES_FROM_SOURCE || (exhausted && failures > 0) {
            return Err(LoginAttemptsError::TooMany(source_limit.seconds_left(source, now)));
        }
        Ok(())
    }

    /// Counts a failure.
    ///
    /// # Errors
    /// [`LoginAttemptsError::TooMany`]: it was one too many. Or the table is out of reach.
    pub async fn record_failure(&self) -> Result<AttemptsLeft, LoginAttemptsError> {
        let (source_limit, address_limit) = (self.source_limit(), self.address_limit());
        let now = now();
        // A source that is over its own limit doesn't use up the address's. The seconds are always the source's, so
        // that a wrong password and a right one are told the same.
        match self.table.count(&source_limit, now).await? {
            Counted::Full(seconds) => Err(LoginAttemptsError::TooMany(seconds)),
            Counted::Within(failures, reset) => match self.table.count(&address_limit, now).await? {
                Counted::Full(_) => Err(LoginAttemptsError::TooMany(reset)),
                Counted::Within(..) => {
                    Ok(AttemptsLeft { remaining: MAX_FAILURES_FROM_SOURCE.saturating_sub(failures), reset })
                }
            },
        }
    }

    /// The condition of a transaction that the source has failures left.
    pub(crate) fn not_exhausted(&self) -> (Key<AttemptsRecord>, Expression) {
        (self.source_key(), self.source_limit().not_reached(now()))
    }
}
