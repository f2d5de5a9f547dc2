//! Fixed-window rate limits. A window starts at its first event. Events are counted in the table, so that the limit is
//! exact even if many functions count concurrently.

use serde::Deserialize;

use crate::{
    Error, Key, Table,
    backoff::Backoff,
    expression::{Expression, number, text},
    item::{Item, from_item},
    write::Updated,
};

/// A limit on how often something may happen.
pub struct Limit<K = Key> {
    /// The key of the item that counts: one for each party that is limited, such as an account or an IP address.
    pub key: K,
    /// The name of what is counted, as an operator sees it in the table.
    pub entity: &'static str,
    /// Events that a window allows.
    pub max_events: u64,
    /// The window's length in seconds.
    pub seconds: u64,
}

/// A window as it is stored. One that is absent has ended long ago.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Window {
    started_at: u64,
    counted: u64,
}

/// The outcome of counting an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// The event was counted: its number in the window, from 1, and the seconds until the window ends.
    Within(u64, u64),
    /// The window is full: the seconds until it ends.
    Full(u64),
}

impl<K> Limit<K> {
    /// Returns the events in the window at `now`, or 0 if the window has ended.
    #[must_use]
    pub fn counted(&self, window: Option<Window>, now: u64) -> u64 {
        window.filter(|window| window.started_at + self.seconds > now).map_or(0, |window| window.counted)
    }

    fn is_full(&self, item: &Item, now: u64) -> Result<bool, Error> {
        Ok(self.counted(Some(from_item(item.clone())?), now) >= self.max_events)
    }

    /// Returns the seconds until the window ends, at least 1.
    #[must_use]
    pub fn seconds_left(&self, window: Option<Window>, now: u64) -> u64 {
        let started_at = window.map_or(now, |window| window.started_at);
        (started_at + self.seconds).saturating_sub(now).max(1)
    }

    /// Returns the condition that the limit is not reached, on an item that may not exist.
    #[must_use]
    pub fn not_reached(&self, now: u64) -> Expression {
        Expression::condition("attribute_not_exists(pk) OR started_at <= :past OR counted < :most")
            .value(":past", number(now.saturating_sub(self.seconds)))
            .value(":most", number(self.max_events))
    }

    /// Returns the update that begins a window with its first event. Its condition fails if a window is under way.
    #[must_use]
    pub fn begin(&self, now: u64) -> Expression {
        Expression::update("SET started_at = :now, counted = :one, expires_at = :end, entity = :entity")
            .and_condition("attribute_not_exists(pk) OR started_at <= :past")
            .value(":now", number(now))
            .value(":one", number(1))
            .value(":end", number(now + self.seconds))
            .value(":entity", text(self.entity))
            .value(":past", number(now.saturating_sub(self.seconds)))
    }

    /// Returns the update that counts a further event of the window under way. Its condition fails if there is none, or
    /// if the window is full.
    #[must_use]
    pub fn count_one(&self, now: u64) -> Expression {
        Expression::update("ADD counted :one")
            .and_condition("started_at > :past AND counted < :most")
            .value(":one", number(1))
            .value(":most", number(self.max_events))
            .value(":past", number(now.saturating_sub(self.seconds)))
    }
}

impl Table {
    /// Counts an event at `now`, unless the window is full. The first event of a window takes one round trip, and every
    /// other takes two.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn count(&self, limit: &Limit, now: u64) -> Result<Counted, Error> {
        let (begun, counted) = (limit.begin(now), limit.count_one(now));
        let mut backoff = Backoff::default();
        loop {
            let first = self.try_to_update(limit.key.clone(), &begun, begun.condition_alone().to_owned());
            let updated = match first.await? {
                Updated::Refused(Some(full)) if limit.is_full(&full, now)? => Updated::Refused(Some(full)),
                Updated::Refused(_) => {
                    self.try_to_update(limit.key.clone(), &counted, counted.condition_on_existing()).await?
                }
                begun @ Updated::Done(_) => begun,
            };
            match updated {
                Updated::Done(item) => {
                    let window: Window = from_item(item)?;
                    return Ok(Counted::Within(window.counted, limit.seconds_left(Some(window), now)));
                }
                Updated::Refused(Some(item)) if limit.is_full(&item, now)? => {
                    return Ok(Counted::Full(limit.seconds_left(Some(from_item(item)?), now)));
                }
                Updated::Refused(_) => backoff.wait_or_give_up("a limit is being counted by others").await?,
            }
        }
    }
}
