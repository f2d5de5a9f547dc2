//! A person who signs up: as an organization's founder, or alone.

use domain::{
    ids::UserId,
    text::{EmailAddress, NewPassword, PersonName, PhoneNumber},
};
use table::NewAccount;
use utoipa::ToSchema;

use crate::{
    password::{self, PasswordError},
    request::{Fields, FromFields},
};

/// Who signs up.
#[derive(Clone, Debug, ToSchema)]
#[schema(rename_all = "PascalCase")]
pub struct NewUser {
    /// The first name.
    pub first_name: PersonName,
    /// The last name.
    pub last_name: PersonName,
    /// The address to sign in with, unique in the system without case.
    pub email: EmailAddress,
    /// Anything but the e-mail address.
    pub password: NewPassword,
    /// How to call.
    pub phone_number: Option<PhoneNumber>,
}

impl FromFields for NewUser {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let first_name = fields.required("FirstName", PersonName::parse);
        let last_name = fields.required("LastName", PersonName::parse);
        let email = fields.required("Email", EmailAddress::parse);
        let password = fields.required("Password", NewPassword::parse);
        let phone_number = fields.optional("PhoneNumber", PhoneNumber::parse);
        if let (Some(email), Some(password)) = (&email, &password)
            && let Err(fault) = password.differs_from(email)
        {
            fields.note("Password", fault);
        }
        Some(Self {
            first_name: first_name?,
            last_name: last_name?,
            email: email?,
            password: password?,
            phone_number: phone_number?,
        })
    }
}

/// Somebody whom an admin invites: who signs up later, by a mailed link.
#[derive(Clone, Debug)]
pub struct Invitee {
    first_name: PersonName,
    last_name: PersonName,
    email: EmailAddress,
    phone_number: Option<PhoneNumber>,
}

impl FromFields for Invitee {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let first_name = fields.required("FirstName", PersonName::parse);
        let last_name = fields.required("LastName", PersonName::parse);
        let email = fields.required("Email", EmailAddress::parse);
        let phone_number = fields.optional("PhoneNumber", PhoneNumber::parse);
        Some(Self { first_name: first_name?, last_name: last_name?, email: email?, phone_number: phone_number? })
    }
}

impl Invitee {
    /// The account to be made, with a new id and no password.
    #[must_use]
    pub fn into_account(self) -> NewAccount {
        NewAccount {
            user_id: UserId::random(),
            first_name: self.first_name,
            last_name: self.last_name,
            email: self.email,
            phone_number: self.phone_number,
            password_hash: None,
        }
    }
}

impl NewUser {
    /// The account to be made, with a new id and the password's hash.
    ///
    /// # Errors
    /// The hash could not be computed.
    pub async fn to_account(&self) -> Result<NewAccount, PasswordError> {
        Ok(NewAccount {
            user_id: UserId::random(),
            first_name: self.first_name.clone(),
            last_name: self.last_name.clone(),
            email: self.email.clone(),
            phone_number: self.phone_number.clone(),
            password_hash: Some(password::hash(self.password.expose()).await?),
        })
    }
}
