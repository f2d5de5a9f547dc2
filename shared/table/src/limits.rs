//! Limits on what strangers can make: accounts, organizations, mails, and invitations of people who never heard of the
//! organization. Each is off where its maximum is 0.
//!
//! An event is counted by the transaction that has the effect, so that what is refused or replayed counts nothing. For
//! that one update has to do: the windows are those of the clock, and each has an item of its own.

use domain::{clock::now, ids::OrganizationId, source::Source};
use dynamo::{Expression, number, text};

use crate::{
    Error, Table,
    records::LimitRecord,
    scope::{Key, OrganizationKey, Write, WriteKey, WriteScope, keys},
};

const HOUR_SECONDS: u64 = 60 * 60;
const DAY_SECONDS: u64 = 24 * HOUR_SECONDS;

/// What strangers may make only so often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limited {
    /// Accounts and organizations, from one source in an hour.
    Creations,
    /// Mails that one source asks for, in an hour.
    MailsAskedFor,
    /// Invitations and promotions of people who have no relation to the organization yet, in a day.
    Invitations,
}

impl Limited {
    /// The name of what is counted, as an operator sees it in the table.
    fn entity(self) -> &'static str {
        match self {
            Self::Creations => "accounts and organizations from a source",
            Self::MailsAskedFor => "mails asked for by a source",
            Self::Invitations => "invitations of an organization",
        }
    }

    fn window_seconds(self) -> u64 {
        if self == Self::Invitations { DAY_SECONDS } else { HOUR_SECONDS }
    }
}

/// A limit in its present window.
pub(crate) struct MakingLimit<K> {
    limited: Limited,
    max_events: u64,
    key: K,
    /// The end of the window, in seconds since 1970.
    ends_at: u64,
}

impl<K> MakingLimit<K> {
    /// Returns the limit, or `None` where it is off. `key` makes the window's key of its number.
    fn new(limited: Limited, max_events: u64, key: impl FnOnce(u64) -> K) -> Option<Self> {
        let window = now() / limited.window_seconds();
        let ends_at = (window + 1) * limited.window_seconds();
        (max_events > 0).then(|| Self { limited, max_events, key: key(window), ends_at })
    }

    fn one_more(&self) -> Expression {
        Expression::update("SET expires_at = :end, entity = :entity ADD counted :one")
            .and_condition("attribute_not_exists(counted) OR counted < :most")
            .value(":end", number(self.ends_at))
            .value(":entity", text(self.limited.entity()))
            .value(":one", number(1))
            .value(":most", number(self.max_events))
    }

    /// Returns the refusal that the limit is reached.
    pub(crate) fn reached(&self) -> Error {
        Error::LimitReached { limited: self.limited, seconds: self.ends_at.saturating_sub(now()).max(1) }
    }
}

impl<S: WriteScope, R> Write<'_, S, R> {
    /// Counts an event toward a limit, where that is on. `refusal` is what it means that the limit is reached.
    pub(crate) fn counted<K: WriteKey<S>>(
        self,
        limit: Option<MakingLimit<K>>,
        refusal: impl FnOnce(Error) -> R,
    ) -> Self {
        let Some(limit) = limit else { return self };
        let (one_more, refusal) = (limit.one_more(), refusal(limit.reached()));
        self.update_or_create(limit.key, &one_more, refusal)
    }
}

impl Table {
    /// The limit on accounts and organizations from this source.
    pub(crate) fn creation_limit(&self, source: &Source) -> Option<MakingLimit<Key<LimitRecord>>> {
        let max = self.limits().creations_per_source;
        MakingLimit::new(Limited::Creations, max, |window| keys::creations_of_source(source, window))
    }

    /// The limit on an organization's invitations and promotions of strangers.
    pub(crate) fn invitation_limit(
        &self,
        organization: &OrganizationId,
    ) -> Option<MakingLimit<OrganizationKey<LimitRecord>>> {
        let max = self.limits().invitations_per_day;
        MakingLimit::new(Limited::Invitations, max, |window| keys::invitations_of(organization, window))
    }

    /// The limit on mails that this source asks for.
    pub(crate) fn mail_limit(&self, source: &Source) -> Option<MakingLimit<Key<LimitRecord>>> {
        let max = self.limits().mails_per_source;
        MakingLimit::new(Limited::MailsAskedFor, max, |window| keys::mails_asked_for(source, window))
    }
}
