use std::collections::BTreeSet;

use dynamo::Window;
use serde::Deserialize;

use crate::scope::PartOf;

/// What is kept at the key of a rate limit. The engine writes it.
pub(crate) enum LimitRecord {}

/// What is kept at the key of a limit of login attempts. The engine writes it.
pub(crate) enum AttemptsRecord {}

/// One of the items that a login attempt is judged by: its sort key says which. What it doesn't hold is 0 or empty.
#[derive(Deserialize)]
pub(crate) struct AttemptsItem {
    pub(crate) sk: String,
    /// Of a limit: the window.
    #[serde(flatten)]
    pub(crate) window: Window,
    /// Of the failures since the last success: their number.
    #[serde(default)]
    pub(crate) failures: u64,
    /// Of the failures since the last success: which password was tried. Empty where the address has none.
    #[serde(default)]
    pub(crate) password_id: String,
    /// Of a known source: the last success that was noted, in seconds since 1970.
    #[serde(default)]
    pub(crate) signed_in_at: u64,
}

impl AttemptsItem {
    /// The attributes that are read.
    pub(crate) const ATTRIBUTES: [&str; 6] = ["sk", "started_at", "counted", "failures", "password_id", "signed_in_at"];
}

impl PartOf<AttemptsRecord> for AttemptsItem {}
impl PartOf<LimitRecord> for Window {}

/// An organization's mails to a mailbox within an hour.
#[derive(Deserialize)]
pub(crate) struct MailBudgetWindow {
    #[serde(flatten)]
    pub(crate) window: Window,
    /// The addresses of the mailbox that were mailed, as [`domain::text::fold`] gives them.
    #[serde(default)]
    pub(crate) mailed: BTreeSet<String>,
}

impl PartOf<LimitRecord> for MailBudgetWindow {}
