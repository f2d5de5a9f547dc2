use domain::{
    ids::UserId,
    language::Language,
    text::{EmailAddress, NewPassword, PersonName, PhoneNumber},
};
use table::NewAccount;
use utoipa::ToSchema;

use crate::{
    guessable::PublicFacts,
    password::{self, PasswordError},
};

crate::request! {
    /// The person who signs up.
    #[derive(Clone, Debug, ToSchema)]
    #[schema(rename_all = "PascalCase")]
    pub struct NewUser {
        /// The first name.
        pub first_name: PersonName,
        /// The last name.
        pub last_name: PersonName,
        /// The address to sign in with, unique in the system without case.
        pub email: EmailAddress,
        /// None that everybody tries first, and no name or part of the e-mail address.
        pub password: NewPassword,
        /// How to call.
        pub phone_number: Option<PhoneNumber>,
    }
    check |fields| {
        let facts = PublicFacts {
            email: email.as_ref(),
            first_name: first_name.as_ref().map(PersonName::as_str),
            last_name: last_name.as_ref().map(PersonName::as_str),
            organization: None,
        };
        if let Some(Err(fault)) = password.as_ref().map(|password| facts.refuse_guessable(password)) {
            fields.add_error("Password", fault);
        }
    }
}

impl NewUser {
    /// What a stranger may know of the person.
    #[must_use]
    pub fn public_facts(&self) -> PublicFacts<'_> {
        PublicFacts {
            email: Some(&self.email),
            first_name: Some(self.first_name.as_str()),
            last_name: Some(self.last_name.as_str()),
            organization: None,
        }
    }

    /// The account to be made, with a new id and the password's hash, of somebody who prefers this language.
    ///
    /// # Errors
    /// The hash could not be computed.
    pub async fn to_account(&self, language: Language) -> Result<NewAccount, PasswordError> {
        Ok(NewAccount {
            user_id: UserId::random(),
            first_name: self.first_name.clone(),
            last_name: self.last_name.clone(),
            email: self.email.clone(),
            phone_number: self.phone_number.clone(),
            language,
            password_hash: Some(password::hash(self.password.expose()).await?),
        })
    }
}
