use domain::{ids::UserId, mail::MailId};
use serde::{Deserialize, Serialize};

use super::{CredentialRecord, MailRecord};
use crate::scope::Record;

/// An admin. That the item exists is the role.
#[derive(Serialize, Deserialize)]
pub(crate) struct AdminRecord {
    pub(crate) user_id: UserId,
    pub(crate) email: String,
    pub(crate) first_name: String,
    pub(crate) last_name: String,
    /// The mail that welcomes the admin.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) welcome_mail: Option<MailId>,
}

impl Record for AdminRecord {
    const ENTITY: &'static str = "admin";
}

impl AdminRecord {
    pub(crate) fn new(credential: &CredentialRecord, welcome: Option<&MailRecord>) -> Self {
        Self {
            user_id: credential.user_id.clone(),
            email: credential.email.clone(),
            first_name: credential.first_name.clone(),
            last_name: credential.last_name.clone(),
            welcome_mail: welcome.map(|mail| mail.id.clone()),
        }
    }

    pub(crate) fn full_name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name)
    }
}
