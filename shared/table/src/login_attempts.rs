//! Login attempts: failures are counted for each address and source.
//!
//! An attempt is judged by the failures that were counted before it. A wrong password is judged when it is counted
//! itself; a right one by a read after the password was verified, or by conditions of the transaction that it leads to.
//! Example: of fifty guesses that are sent at once, the right one is verified before the others are counted; the read
//! afterwards finds their failures, so that it gets no further than the last of fifty guesses in a row.
//!
//! A source that an address has signed in from within 30 days is *known*: strangers can't use up its attempts, so the
//! right password from there gets in while others guess. A source that isn't known may not try at all once the address
//! has 100 failures since its last success (NIST SP 800-63B, 5.2.2). A new password begins another count.
//!
//! An address without an account has the same counters and the same refusals, at the same calls. A refusal comes before
//! the password is hashed, for either kind of address.

use domain::{clock::now, digest::sha256_hex, error_chain::chain, source::Source, text::EmailAddress};
use dynamo::{Backoff, Counted, Expression, Limit, Updated, Window, from_item, number, text};

use crate::{
    Error, LoginAttemptsError, Table,
    records::{AttemptsItem, AttemptsRecord},
    scope::{Key, keys},
};

/// Failures for one address from one source in a window.
const MAX_FAILURES_FROM_SOURCE: u64 = 10;
/// Failures for one address in a window, from anywhere.
const MAX_FAILURES_FOR_ADDRESS: u64 = 100;
/// The length of those windows in seconds.
const WINDOW_SECONDS: u64 = 60;
/// The window of a source's failures, whatever the addresses, in seconds.
const SOURCE_WINDOW_SECONDS: u64 = 10 * 60;
/// Failures for one address since its last success, before only known sources may try.
const MAX_FAILURES_SINCE_SUCCESS: u64 = 100;
/// How long failures since the last success are kept after the latest one, in seconds. Without an end, whoever guesses
/// at addresses that nobody has would fill the table for good.
const FAILURES_KEPT_SECONDS: u64 = 365 * DAY_SECONDS;
/// How long a source stays known after a success, in seconds.
const KNOWN_SECONDS: u64 = 30 * DAY_SECONDS;
const DAY_SECONDS: u64 = 24 * 60 * 60;

/// The limits on attempts for an address from a source.
#[derive(Clone, Copy)]
pub struct LoginAttempts<'a> {
    table: &'a Table,
    address: &'a EmailAddress,
    source: &'a Source,
}

/// An attempt that may be made.
#[derive(Clone, Copy)]
pub struct AllowedAttempt<'a> {
    attempts: LoginAttempts<'a>,
    /// Whether the address has signed in from this source within 30 days.
    from_known_source: bool,
    /// Whether that was noted within a day, so that a success needn't be noted again.
    noted_today: bool,
    /// Whether the address has failures since its last success.
    after_failures: bool,
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

impl<'a> LoginAttempts<'a> {
    fn source_key(&self) -> Key<AttemptsRecord> {
        keys::attempts_from_source(&self.address.folded(), self.source)
    }

    fn failures_key(&self) -> Key<AttemptsRecord> {
        keys::failures_since_success(&self.address.folded())
    }

    fn known_key(&self) -> Key<AttemptsRecord> {
        keys::known_source(&self.address.folded(), self.source)
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

    /// The limit on the source's failures, whatever the addresses, or `None` where it is off.
    fn spraying_limit(&self) -> Option<Limit> {
        let max_events = self.table.limits().wrong_passwords_per_source;
        (max_events > 0).then(|| Limit {
            key: keys::attempts_of_source(self.source).into_raw(),
            entity: "failed tries of a source for all addresses",
            max_events,
            seconds: SOURCE_WINDOW_SECONDS,
        })
    }

    /// Allows the attempt, or refuses a source
    /// - after 10 failures for the address in a minute;
    /// - that isn't known, if it has failed itself, once the address has 100 failures in a minute from anywhere;
    /// - that isn't known, after so many failures for all addresses in ten minutes as the limit says;
    /// - that isn't known, once the address has 100 failures since its last success.
    ///
    /// One read; in the last case another one, which asks whether the password is still the one that was guessed at.
    ///
    /// # Errors
    /// [`LoginAttemptsError`].
    pub async fn check(&self) -> Result<AllowedAttempt<'a>, LoginAttemptsError> {
        let (source_limit, address_limit) = (self.source_limit(), self.address_limit());
        let (failures_key, known_key) = (self.failures_key().into_raw(), self.known_key().into_raw());
        let folded = self.address.folded();
        let spraying_limit = self.spraying_limit();
        let keys = [self.source_key(), keys::attempts_for_address(&folded), self.failures_key(), self.known_key()];
        let keys = keys.into_iter().chain(spraying_limit.iter().map(|_| keys::attempts_of_source(self.source)));
        let items: Vec<AttemptsItem> = self.table.batch_get(keys, &AttemptsItem::ATTRIBUTES).await?;
        let item = |sk: &str| items.iter().find(|item| item.sk == sk);
        let window = |limit: &Limit| -> Option<Window> { item(&limit.key.sk).map(|item| item.window) };

        let now = now();
        let source = window(&source_limit);
        let own_failures = source_limit.counted(source, now);
        let failures = item(&failures_key.sk);
        let noted_at = item(&known_key.sk).map(|known| known.signed_in_at);
        let allowed = AllowedAttempt {
            attempts: *self,
            from_known_source: noted_at.is_some(),
            noted_today: noted_at.is_some_and(|noted_at| noted_at + DAY_SECONDS > now),
            after_failures: failures.is_some_and(|failures| failures.failures > 0),
        };
        if own_failures >= MAX_FAILURES_FROM_SOURCE {
            return Err(LoginAttemptsError::TooMany(source_limit.seconds_left(source, now)));
        }
        if allowed.from_known_source {
            return Ok(allowed);
        }
        if own_failures > 0 && address_limit.counted(window(&address_limit), now) >= MAX_FAILURES_FOR_ADDRESS {
            return Err(LoginAttemptsError::TooMany(source_limit.seconds_left(source, now)));
        }
        if let Some(limit) = spraying_limit {
            let window = window(&limit);
            if limit.counted(window, now) >= limit.max_events {
                return Err(LoginAttemptsError::TooManyFromSource(limit.seconds_left(window, now)));
            }
        }
        if let Some(failures) = failures.filter(|failures| failures.failures >= MAX_FAILURES_SINCE_SUCCESS) {
            let credential = self.table.credential(self.address).await?;
            let password_hash = credential.and_then(|credential| credential.password_hash);
            if failures.password_id == password_id(password_hash.as_deref()) {
                return Err(LoginAttemptsError::OnlyFromKnownSources);
            }
        }
        Ok(allowed)
    }

    /// Makes the source known, as after a sign-in, for whoever has just proven to own the address by a mailed link. One
    /// write. A failure is logged and no more: the link is used by then.
    pub async fn note_proof(&self) {
        if let Err(error) = self.remember_source().await {
            tracing::warn!(cause = chain(&error), "a source wasn't remembered");
        }
    }

    async fn remember_source(&self) -> Result<(), Error> {
        let now = now();
        let noted = Expression::update("SET signed_in_at = :now, expires_at = :end, entity = :entity")
            .and_condition("attribute_not_exists(pk) OR signed_in_at < :now OR expires_at <= :now")
            .value(":now", number(now))
            .value(":end", number(now + KNOWN_SECONDS))
            .value(":entity", text("known source"));
        self.table.update_or_create(self.known_key(), &noted).await.map(drop)
    }

    async fn forget_failures(&self) -> Result<(), Error> {
        let forgotten = Expression::update("SET failures = :none").value(":none", number(0));
        self.table.update(self.failures_key(), &forgotten).await.map(drop)
    }

    /// Counts a failure since the last success. Returns false, and counts nothing, where there are 100 already.
    async fn count_since_success(&self, password_hash: Option<&str>) -> Result<bool, Error> {
        let (now, password_id) = (now(), password_id(password_hash));
        let end = number(now + FAILURES_KEPT_SECONDS);
        let another = Expression::update("SET expires_at = :end ADD failures :one")
            .and_condition("password_id = :password AND expires_at > :now AND failures < :most")
            .value(":end", end.clone())
            .value(":one", number(1))
            .value(":password", text(&password_id))
            .value(":now", number(now))
            .value(":most", number(MAX_FAILURES_SINCE_SUCCESS));
        let first =
            Expression::update("SET failures = :one, password_id = :password, expires_at = :end, entity = :entity")
                .and_condition("attribute_not_exists(pk) OR password_id <> :password OR expires_at <= :now")
                .value(":end", end)
                .value(":one", number(1))
                .value(":password", text(&password_id))
                .value(":now", number(now))
                .value(":entity", text("failed tries since the last success"));
        let mut backoff = Backoff::default();
        loop {
            if let Updated::Done(_) = self.table.try_to_update(self.failures_key(), &another).await? {
                return Ok(true);
            }
            match self.table.update_or_create(self.failures_key(), &first).await? {
                Updated::Done(_) => return Ok(true),
                Updated::Refused(Some(item)) => {
                    if from_item::<AttemptsItem>(item)?.failures >= MAX_FAILURES_SINCE_SUCCESS {
                        return Ok(false);
                    }
                }
                Updated::Refused(None) => {}
            }
            backoff.wait_or_give_up("failed tries are being counted by others").await?;
        }
    }
}

impl AllowedAttempt<'_> {
    /// Judges the attempt again, by the failures that were counted while its password was verified. A known source is
    /// judged by its own failures for the address alone, which saves reading what can't refuse it.
    ///
    /// # Errors
    /// [`LoginAttemptsError`].
    pub async fn check_again(&self) -> Result<Self, LoginAttemptsError> {
        if !self.from_known_source {
            return self.attempts.check().await;
        }
        let (limit, now) = (self.attempts.source_limit(), now());
        let own = self.attempts.table.batch_get([self.attempts.source_key()], &AttemptsItem::ATTRIBUTES).await?;
        let window = own.first().map(|item: &AttemptsItem| item.window);
        if limit.counted(window, now) >= limit.max_events {
            return Err(LoginAttemptsError::TooMany(limit.seconds_left(window, now)));
        }
        Ok(*self)
    }

    /// Counts a failure. `password_hash` is what the password was compared with.
    ///
    /// # Errors
    /// [`LoginAttemptsError`]: it was one too many. Or the table is out of reach.
    pub async fn record_failure(&self, password_hash: Option<&str>) -> Result<AttemptsLeft, LoginAttemptsError> {
        let LoginAttempts { table, .. } = self.attempts;
        let (source_limit, address_limit) = (self.attempts.source_limit(), self.attempts.address_limit());
        let now = now();
        let spraying = async {
            match self.attempts.spraying_limit() {
                Some(limit) => table.count(&limit, now).await,
                None => Ok(Counted::Within(0, 0)),
            }
        };
        // A source that is over a limit of its own doesn't use up the address's. The seconds are always the source's, so
        // that a wrong password and a right one are told the same.
        let (own, spraying) = tokio::try_join!(table.count(&source_limit, now), spraying)?;
        let (failures, reset) = match (own, spraying) {
            (Counted::Full(seconds), _) => return Err(LoginAttemptsError::TooMany(seconds)),
            (_, Counted::Full(seconds)) if !self.from_known_source => {
                return Err(LoginAttemptsError::TooManyFromSource(seconds));
            }
            (Counted::Within(failures, reset), _) => (failures, reset),
        };
        // One after the other: an attempt that the minute's limit refuses doesn't use up what outlasts the minute.
        if let Counted::Full(_) = table.count(&address_limit, now).await?
            && !self.from_known_source
        {
            return Err(LoginAttemptsError::TooMany(reset));
        }
        if !self.attempts.count_since_success(password_hash).await? && !self.from_known_source {
            return Err(LoginAttemptsError::OnlyFromKnownSources);
        }
        Ok(AttemptsLeft { remaining: MAX_FAILURES_FROM_SOURCE.saturating_sub(failures), reset })
    }

    /// Notes that the right password was sent: the address has no failures since then, and the source is known. Writes
    /// nothing where that is so already, which is the usual case.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn record_success(&self) -> Result<(), Error> {
        let forgotten = async { if self.after_failures { self.attempts.forget_failures().await } else { Ok(()) } };
        let known = async { if self.noted_today { Ok(()) } else { self.attempts.remember_source().await } };
        tokio::try_join!(forgotten, known).map(drop)
    }

    /// The conditions of a transaction that the attempt is still allowed, each with the item that it is checked on.
    /// `password_hash` is what the password was compared with.
    pub(crate) fn still_allowed(&self, password_hash: Option<&str>) -> Vec<(Key<AttemptsRecord>, Expression)> {
        let (attempts, now) = (self.attempts, now());
        let mut conditions = vec![(attempts.source_key(), attempts.source_limit().not_reached(now))];
        if self.from_known_source {
            return conditions;
        }
        if let Some(limit) = attempts.spraying_limit() {
            conditions.push((keys::attempts_of_source(attempts.source), limit.not_reached(now)));
        }
        let few_failures = Expression::condition(
            "attribute_not_exists(pk) OR failures < :most OR password_id <> :password OR expires_at <= :now",
        )
        .value(":most", number(MAX_FAILURES_SINCE_SUCCESS))
        .value(":password", text(&password_id(password_hash)))
        .value(":now", number(now));
        conditions.push((attempts.failures_key(), few_failures));
        conditions
    }
}

/// Says which password was tried, so that a new one has no failures yet. Empty where there is none.
fn password_id(password_hash: Option<&str>) -> String {
    password_hash.map_or_else(String::new, |hash| sha256_hex(&[hash]))
}
