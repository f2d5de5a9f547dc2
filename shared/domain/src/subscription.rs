//! Subscriptions: their ids and their states.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::field_error::{FieldCode, FieldError};

/// Characters of a subscription's id at most.
const MAX_LENGTH: usize = 255;

/// A subscription's id, as whoever sells it writes it: 1 to 255 characters of `A-Za-z0-9._-`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(pattern = "^[0-9A-Za-z._-]{1,255}$", examples("sub_1Qx2Yz3Aa4Bb5Cc6"))]
pub struct SubscriptionId(String);

impl SubscriptionId {
    /// Parses an id.
    ///
    /// # Errors
    /// The text is empty, too long, or has another character.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if (1..=MAX_LENGTH).contains(&text.len()) && text.bytes().all(is_allowed) {
            return Ok(Self(text.to_owned()));
        }
        Err(FieldCode::InvalidFormat.says("must be 1 to 255 characters of A-Z, a-z, 0-9, '.', '_' and '-'"))
    }

    /// Returns the id as it was parsed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A subscription's state, as Stripe names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SubscriptionStatus {
    /// The first payment is due.
    Incomplete,
    /// In force, before the first payment is due.
    Trialing,
    /// In force.
    Active,
    /// In force, while a payment is late.
    PastDue,
    /// Not in force, since no payment came.
    Unpaid,
    /// Not in force, until the customer adds a means of payment.
    Paused,
    /// Ended before the first payment.
    IncompleteExpired,
    /// Ended.
    Canceled,
}

impl SubscriptionStatus {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::Incomplete,
        Self::Trialing,
        Self::Active,
        Self::PastDue,
        Self::Unpaid,
        Self::Paused,
        Self::IncompleteExpired,
        Self::Canceled,
    ];

    /// Parses what a caller sent.
    ///
    /// # Errors
    /// The text is none of the names.
    pub fn parse_field(text: &str) -> Result<Self, FieldError> {
        Self::parse(text.trim()).ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(", ");
            FieldCode::NotAllowed.says(format!("must be one of {names}"))
        })
    }

    /// Parses the name of a state.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// Returns the name of the state.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Incomplete => "incomplete",
            Self::Trialing => "trialing",
            Self::Active => "active",
            Self::PastDue => "past_due",
            Self::Unpaid => "unpaid",
            Self::Paused => "paused",
            Self::IncompleteExpired => "incomplete_expired",
            Self::Canceled => "canceled",
        }
    }

    /// Returns whether the subscription entitles to its plan.
    #[must_use]
    pub fn is_active(self) -> bool {
        matches!(self, Self::Trialing | Self::Active | Self::PastDue)
    }

    /// Returns whether the subscription has ended for good.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::IncompleteExpired | Self::Canceled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_parsed_by_the_name_that_it_is_written_by() {
        for status in SubscriptionStatus::ALL {
            assert_eq!(SubscriptionStatus::parse(status.as_str()), Some(status));
        }
        assert_eq!(SubscriptionStatus::parse("ended"), None);
    }

    #[test]
    fn an_id_that_could_be_another_key_is_refused() {
        for id in ["", "a#b", "a/b", "é", &"a".repeat(256)] {
            assert!(SubscriptionId::parse(id).is_err(), "{id}");
        }
        assert!(SubscriptionId::parse(&"a".repeat(255)).is_ok());
    }
}
