use std::collections::BTreeSet;

use dynamo::Window;
use serde::Deserialize;

use crate::scope::PartOf;

/// What is kept at the key of a rate limit. The engine writes it.
pub(crate) enum LimitRecord {}

/// What is kept at the key of a limit of login attempts. The engine writes it.
pub(crate) enum AttemptsRecord {}

/// A window of failed login attempts, and whose it is.
#[derive(Deserialize)]
pub(crate) struct AttemptsWindow {
    pub(crate) sk: String,
    #[serde(flatten)]
    pub(crate) window: Window,
}

impl PartOf<AttemptsRecord> for AttemptsWindow {}

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
