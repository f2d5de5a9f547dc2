use claims::AccountHolder;
use domain::{
    conditional::EntityTag,
    ids::{LinkId, UserId},
    language::Language,
    text::PhoneNumber,
};
use dynamo::{Expression, bool_value, text};
use serde::{Deserialize, Serialize};

use crate::{
    SessionEnded,
    scope::{PartOf, Record, session_goes_on},
};

/// An account, found by its id.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccountRecord {
    /// Its id.
    pub user_id: UserId,
    /// The address as its owner wrote it.
    pub email: String,
    /// The owner's first name.
    pub first_name: String,
    /// The owner's last name.
    pub last_name: String,
    /// The owner's phone number.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub phone_number: Option<PhoneNumber>,
    /// When it was made, RFC 3339 UTC.
    pub created_at: String,
    /// Equal to the credential's.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub session_id: String,
    /// Equal to the credential's.
    #[serde(default, rename = "proven")]
    pub email_verified: bool,
    /// Equal to the credential's.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) expires_at: Option<u64>,
}

impl Record for AccountRecord {
    const ENTITY: &'static str = "account";
}

impl AccountRecord {
    /// The tag of what its owner is shown.
    #[must_use]
    pub fn tag(&self) -> EntityTag {
        let Self { user_id, email, first_name, last_name, phone_number, email_verified, .. } = self;
        let phone_number = phone_number.as_ref().map_or("", PhoneNumber::as_str);
        let email_verified = if *email_verified { "verified" } else { "" };
        EntityTag::of_content(&[user_id.as_str(), email, first_name, last_name, phone_number, email_verified])
    }

    /// Returns the condition that what [`Self::tag`] is made of is as it was read, and that the sign-in goes on.
    pub(crate) fn unchanged(&self) -> Expression {
        let names = Expression::condition("first_name = :seen_first AND last_name = :seen_last")
            .value(":seen_first", text(&self.first_name))
            .value(":seen_last", text(&self.last_name));
        let phone = match &self.phone_number {
            Some(number) => {
                Expression::condition("phone_number = :seen_phone").value(":seen_phone", text(number.as_str()))
            }
            None => Expression::condition("attribute_not_exists(phone_number)"),
        };
        // An account from before proofs has no such attribute.
        let verified = Expression::condition(if self.email_verified {
            "proven = :proven"
        } else {
            "attribute_not_exists(proven) OR proven = :proven"
        });
        let verified = verified.value(":proven", bool_value(self.email_verified));
        let email = Expression::condition("email = :seen_email").value(":seen_email", text(&self.email));
        names.and(phone).and(verified).and(email).and(session_goes_on(&self.session_id))
    }

    /// Asks whether the sign-in that a token came from is still the present one.
    ///
    /// # Errors
    /// [`SessionEnded`].
    pub fn require_session(&self, session_id: &str) -> Result<(), SessionEnded> {
        if self.session_id == session_id { Ok(()) } else { Err(SessionEnded) }
    }

    /// Asks whether the sign-in that the holder's token came from is still the present one.
    ///
    /// # Errors
    /// [`SessionEnded`].
    pub fn require_current(&self, holder: &AccountHolder) -> Result<(), SessionEnded> {
        holder.session_id.as_ref().map_or(Ok(()), |session| self.require_session(session))
    }
}

/// An account's address.
#[derive(Deserialize)]
pub(crate) struct AccountAddress {
    pub(crate) user_id: UserId,
    pub(crate) email: String,
}

impl AccountAddress {
    /// The attributes to read.
    pub(crate) const ATTRIBUTES: [&str; 2] = ["user_id", "email"];
}

impl PartOf<AccountRecord> for AccountAddress {}

/// An account's names.
#[derive(Deserialize)]
pub(crate) struct AccountNames {
    pub(crate) user_id: UserId,
    pub(crate) first_name: String,
    pub(crate) last_name: String,
}

impl AccountNames {
    /// The attributes to read.
    pub(crate) const ATTRIBUTES: [&str; 3] = ["user_id", "first_name", "last_name"];
}

impl PartOf<AccountRecord> for AccountNames {}

/// The attributes needed to tell whether an account exists and its address is verified.
#[derive(Deserialize)]
pub(crate) struct AccountStatus {
    pub(crate) email: String,
    #[serde(default, rename = "proven")]
    pub(crate) email_verified: bool,
    #[serde(default)]
    pub(crate) expires_at: Option<u64>,
}

impl PartOf<AccountRecord> for AccountStatus {}

/// What sign-in and promotion need to know of an account, found by its e-mail address.
#[derive(Clone, Serialize, Deserialize)]
pub struct CredentialRecord {
    /// The account.
    pub user_id: UserId,
    /// The address as its owner wrote it.
    pub email: String,
    /// The owner's first name.
    pub first_name: String,
    /// The owner's last name.
    pub last_name: String,
    /// The language of the mails about the account. Accounts from before have none.
    #[serde(default)]
    pub(crate) language: Language,
    /// The password's argon2id hash, a PHC string. An invited person has none yet.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub password_hash: Option<String>,
    /// The session, which a sign-out and each new password replace. Tokens that name an earlier one have ended.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub session_id: String,
    /// Whether a link that was mailed to the address was used.
    #[serde(default, rename = "proven")]
    pub email_verified: bool,
    /// When a mailed link last set a password or verified the address, in seconds since the epoch. Accounts from before
    /// don't say.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) proven_at: Option<u64>,
    /// The revision, which each change of this item replaces.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub(crate) revision: String,
    /// The password's generation, which each new password replaces. Links that name an earlier one are dead. Items from
    /// before generations have none, which is a generation of its own.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub(crate) password_generation: String,
    /// The one mailed link from before generations that can be used.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) link_id: Option<LinkId>,
    /// When the account ends, in seconds since 1970. An account has no end once its address is verified.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) expires_at: Option<u64>,
}

impl Record for CredentialRecord {
    const ENTITY: &'static str = "credential";
}

impl CredentialRecord {
    /// Returns the condition that the credential is this account's. Of two accounts whose addresses are the same by
    /// now, one has no credential, and must not change the other one's.
    pub(crate) fn belongs_to(user: &UserId) -> Expression {
        Expression::condition("user_id = :owner").value(":owner", text(user.as_str()))
    }

    /// Returns the condition that the credential is unchanged since it was read.
    pub(crate) fn unchanged(&self) -> Expression {
        if self.revision.is_empty() {
            return Expression::condition("attribute_not_exists(revision)");
        }
        Expression::condition("revision = :seen").value(":seen", text(&self.revision))
    }
}
