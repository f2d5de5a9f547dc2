use domain::field_error::{FieldCode, FieldError};
use http::Method;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a machine credential is good for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum MachineAccess {
    /// Everything that a machine may do.
    #[default]
    Full,
    /// Calls that change nothing.
    Read,
    /// Tokens of the organization's users, and nothing else.
    Exchange,
}

/// What a request does, as far as a machine's access decides about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Changes nothing.
    Read,
    /// May change something.
    Change,
    /// Exchanges the machine's credentials for a user's token.
    Exchange,
}

impl MachineAccess {
    /// Parses the name of an access, without case.
    ///
    /// # Errors
    /// The text is none of the names.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        match text.trim().to_ascii_lowercase().as_str() {
            "full" => Ok(Self::Full),
            "read" => Ok(Self::Read),
            "exchange" => Ok(Self::Exchange),
            _ => Err(FieldCode::NotAllowed.says("must be one of full, read, exchange")),
        }
    }

    /// Returns the name of the access.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Read => "read",
            Self::Exchange => "exchange",
        }
    }

    /// Returns whether the access covers an operation.
    #[must_use]
    pub fn covers(self, operation: Operation) -> bool {
        Self::covering(operation).contains(&self)
    }

    /// Returns every access that covers an operation.
    #[must_use]
    pub fn covering(operation: Operation) -> [Self; 2] {
        match operation {
            Operation::Read => [Self::Full, Self::Read],
            Operation::Change => [Self::Full, Self::Full],
            Operation::Exchange => [Self::Full, Self::Exchange],
        }
    }

    /// Returns whether the access is to everything, which is what a stored credential without one has.
    #[must_use]
    pub fn is_full(&self) -> bool {
        *self == Self::Full
    }
}

impl From<&Method> for Operation {
    /// Safe methods change nothing (RFC 9110, section 9.2.1).
    fn from(method: &Method) -> Self {
        if method.is_safe() { Self::Read } else { Self::Change }
    }
}
