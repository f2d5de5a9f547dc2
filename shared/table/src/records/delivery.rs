use domain::mail::MailStatus;
use serde::{Deserialize, Serialize};

/// How far the delivery of a message in the outbox is, whatever the message and the channel that it goes by.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Delivery {
    pub(crate) status: DeliveryStatus,
    /// When the message was put, in seconds since the epoch.
    pub(crate) created_at: u64,
    /// Until when the message belongs to who claimed it.
    pub(crate) lease_until: u64,
    /// When the message may be tried, which is part of its queue entry's key. A message from before the queue has none,
    /// and no entry.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) due_at: Option<u64>,
}

impl Delivery {
    /// The delivery of a message that is put at `created_at` and may be tried at once.
    pub(crate) fn new(created_at: u64) -> Self {
        Self { status: DeliveryStatus::Pending, created_at, lease_until: 0, due_at: Some(created_at) }
    }
}

/// The status of a delivery, as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DeliveryStatus {
    Pending,
    Sent,
    Failed,
    /// What the message tells no longer holds, so that it was not sent.
    Superseded,
}

impl DeliveryStatus {
    /// Returns the status as callers see it. A message that no longer holds is not shown.
    pub(crate) fn shown(self) -> Option<MailStatus> {
        match self {
            Self::Pending => Some(MailStatus::Pending),
            Self::Sent => Some(MailStatus::Sent),
            Self::Failed => Some(MailStatus::Failed),
            Self::Superseded => None,
        }
    }
}
