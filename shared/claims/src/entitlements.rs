use std::collections::BTreeMap;

use domain::entitlement::EntitlementValue;
use serde::{Deserialize, Serialize};

/// Bytes of JSON that the claim has at most, since a token travels in a header with every request.
const MAX_BYTES: usize = 1_024;

/// What an organization may use, as its tokens say it: the claim `entitlements` (RFC 9068, section 2.2.3.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Entitlements {
    /// Each entitlement's value by its key.
    Values(BTreeMap<String, EntitlementValue>),
    /// The keys of what is allowed, where the values would be too long.
    Keys(Vec<String>),
}

impl Default for Entitlements {
    fn default() -> Self {
        Self::Values(BTreeMap::new())
    }
}

impl Entitlements {
    /// Returns the claim of these entitlements: their values, or their keys alone if the values have more than 1 KiB.
    /// Among keys alone, what is `false` would seem to be allowed, so it is left out.
    #[must_use]
    pub fn new(values: BTreeMap<String, EntitlementValue>) -> Self {
        let bytes = serde_json::to_string(&values).map_or(usize::MAX, |json| json.len());
        if bytes <= MAX_BYTES {
            return Self::Values(values);
        }
        let allowed = values.into_iter().filter(|(_, value)| *value != EntitlementValue::Flag(false));
        Self::Keys(allowed.map(|(key, _)| key).collect())
    }

    /// Returns whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Values(values) => values.is_empty(),
            Self::Keys(keys) => keys.is_empty(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    #[test]
    fn values_that_are_too_long_leave_the_keys_of_what_is_allowed() {
        let text = |length| EntitlementValue::Text(Cow::Owned("x".repeat(length)));
        let values = |length| {
            let values =
                [("a", text(length)), ("b", EntitlementValue::Flag(false)), ("c", EntitlementValue::Number(0))];
            values.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<BTreeMap<_, _>>()
        };
        let rest = serde_json::to_string(&values(0)).unwrap().len();
        assert_eq!(Entitlements::new(values(MAX_BYTES - rest)), Entitlements::Values(values(MAX_BYTES - rest)));
        let keys = Entitlements::new(values(MAX_BYTES - rest + 1));
        assert_eq!(keys, Entitlements::Keys(vec!["a".to_owned(), "c".to_owned()]));
        for claim in [keys, Entitlements::new(values(1))] {
            let json = serde_json::to_string(&claim).unwrap();
            assert_eq!(serde_json::from_str::<Entitlements>(&json).unwrap(), claim, "{json}");
        }
    }
}
