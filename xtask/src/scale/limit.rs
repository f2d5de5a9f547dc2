//! A limit: what breaks, at which rate, and what moves it.

use std::fmt;

use super::{load::Load, numbers::decimal};

/// What moves a limit.
#[derive(Clone, Copy, Debug)]
pub(super) enum Remedy {
    /// AWS raises a quota.
    Ask(&'static str),
    /// A parameter or a property is set.
    Set(&'static str),
    /// DynamoDB does it by itself.
    Wait(&'static str),
    /// The code has to change.
    Change(&'static str),
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ask(what) => write!(f, "ask: {what}"),
            Self::Set(what) => write!(f, "set: {what}"),
            Self::Wait(what) => write!(f, "wait: {what}"),
            Self::Change(what) => write!(f, "change: {what}"),
        }
    }
}

/// Something that breaks.
#[derive(Clone, Debug)]
pub(super) struct Limit {
    /// What breaks.
    pub(super) name: &'static str,
    /// Requests a second to the whole stack at which it breaks.
    pub(super) rate: f64,
    /// Requests a second of one organization at which it breaks, if it is an organization's own.
    pub(super) of_organization: Option<f64>,
    /// The number that makes it break.
    pub(super) because: String,
    /// What moves it.
    pub(super) remedy: Remedy,
}

impl Limit {
    /// A limit of the whole stack: so many of `unit` a second, of which a mean request takes `each`.
    pub(super) fn whole(name: &'static str, most: f64, unit: &str, each: f64, remedy: Remedy) -> Self {
        let because = format!("{} {unit} a second; a request takes {}", decimal(most), decimal(each));
        Self { name, rate: most / each, of_organization: None, because, remedy }
    }

    /// A limit of the whole stack on requests themselves, so many a second.
    pub(super) fn of_requests(name: &'static str, most: f64, remedy: Remedy) -> Self {
        let because = format!("{} requests a second", decimal(most));
        Self { because, ..Self::whole(name, most, "requests", 1.0, remedy) }
    }

    /// A limit of each organization, which the largest one meets first.
    pub(super) fn of_each(load: &Load, name: &'static str, most: f64, unit: &str, each: f64, remedy: Remedy) -> Self {
        let limit = Self::whole(name, most, unit, each, remedy);
        Self { rate: limit.rate / load.largest(), of_organization: Some(limit.rate), ..limit }
    }

    /// Gives the limit another reason.
    pub(super) fn because(self, because: String) -> Self {
        Self { because, ..self }
    }
}
