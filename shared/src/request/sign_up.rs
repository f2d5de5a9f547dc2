use domain::{
    ids::UserId,
    text::{EmailAddress, NewPassword, PersonName, PhoneNumber},
};
use table::NewAccount;
use utoipa::ToSchema;

use crate::password::{self, PasswordError};

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
        /// Anything but the e-mail address.
        pub password: NewPassword,
        /// How to call.
        pub phone_number: Option<PhoneNumber>,
    }
    check |fields| {
        if let (Some(email), Some(password)) = (&email, &password)
            && let Err(fault) = password.differs_from(email)
        {
            fields.add_error("Password", fault);
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
