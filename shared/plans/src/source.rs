//! `plans.toml` as it is written, and the rules that it keeps.

use std::{
    collections::{HashMap, HashSet},
    mem::{Discriminant, discriminant},
};

use serde::Deserialize;

/// Bytes that all keys have in a token's `entitlements`, where their values have no room beside them.
const MAX_BYTES_OF_KEYS: usize = 1_024;
/// Plans that a condition on a limit can name.
const MAX_PLANS: usize = 20;
/// Characters of a key. Payment providers call prices by the keys of plans.
const MAX_KEY_LENGTH: usize = 40;

/// The catalogue.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Source {
    pub(crate) default: Option<String>,
    pub(crate) plans: Vec<PlanSource>,
}

/// A plan.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlanSource {
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) entitlements: Vec<EntitlementSource>,
}

/// An entitlement of a plan.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EntitlementSource {
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) value: Value,
}

/// What an entitlement allows.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Value {
    Flag(bool),
    /// Below 2^32, so that every language holds it exactly.
    Number(u32),
    Text(String),
}

impl Source {
    /// Parses a catalogue. The error names the plan and the key that break a rule.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let source: Self = toml::from_str(text).map_err(|error| format!("plans.toml: {error}"))?;
        source.check().map_err(|fault| format!("plans.toml: {fault}"))?;
        Ok(source)
    }

    fn check(&self) -> Result<(), String> {
        let mut kinds: HashMap<&str, (&str, Discriminant<Value>)> = HashMap::new();
        let mut plans = HashSet::new();
        if self.plans.len() > MAX_PLANS {
            return Err(format!("there are more than {MAX_PLANS} plans"));
        }
        for plan in &self.plans {
            check_key(&plan.key)?;
            check_name(&plan.key, &plan.name)?;
            if !plans.insert(plan.key.as_str()) {
                return Err(format!("the plan {} is there twice", plan.key));
            }
            let mut keys = HashSet::new();
            for EntitlementSource { key, name, value } in &plan.entitlements {
                check_key(key)?;
                check_name(key, name)?;
                if !keys.insert(key) {
                    return Err(format!("the plan {} has {key} twice", plan.key));
                }
                let kind = (name.as_str(), discriminant(value));
                if *kinds.entry(key).or_insert(kind) != kind {
                    return Err(format!("{key} has another name or kind of value in the plan {}", plan.key));
                }
            }
        }
        if let Some(default) = self.default.as_ref().filter(|default| !plans.contains(default.as_str())) {
            return Err(format!("the default {default} is no plan"));
        }
        // As a JSON array has them: two quotes and a comma each.
        let bytes: usize = kinds.keys().map(|key| key.len() + 3).sum();
        if bytes > MAX_BYTES_OF_KEYS {
            return Err(format!("the keys of the entitlements have more than {MAX_BYTES_OF_KEYS} bytes in a token"));
        }
        Ok(())
    }
}

fn check_key(key: &str) -> Result<(), String> {
    let is_key = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if (1..=MAX_KEY_LENGTH).contains(&key.len()) && key.bytes().all(is_key) {
        return Ok(());
    }
    Err(format!("the key {key:?} is not 1 to {MAX_KEY_LENGTH} characters of a-z, 0-9 and _"))
}

fn check_name(key: &str, name: &str) -> Result<(), String> {
    if name.trim().is_empty() || name.trim() != name { Err(format!("{key} has no name")) } else { Ok(()) }
}
