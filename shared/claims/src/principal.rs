use domain::ids::{ClientId, UserId};

use crate::SecretHash;

/// The user or machine that makes an admin's call. For both, the role holds if its one item exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A person.
    User {
        /// The account.
        user_id: UserId,
        /// The sign-in that the token came from. `None` if the token is from before tokens named it.
        session_id: Option<String>,
        /// Whether the account's address was verified when the token was made.
        email_verified: bool,
    },
    /// A machine.
    Machine {
        /// Its credential.
        client_id: ClientId,
        /// The hash of the secret that the machine presented, if it came with its API key and not with a token.
        secret_hash: Option<SecretHash>,
    },
}

impl Principal {
    /// Returns the id of the user or machine.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::User { user_id, .. } => user_id.as_str(),
            Self::Machine { client_id, .. } => client_id.as_str(),
        }
    }
}
