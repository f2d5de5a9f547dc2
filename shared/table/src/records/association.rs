use domain::{ids::UserId, text::CustomerNumber};
use dynamo::{Expression, text};
use serde::{Deserialize, Serialize};

/// A user and the customer account that the user buys for: the entry of two indexes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssociationRecord {
    /// The user.
    pub user_id: UserId,
    /// The customer's number, as the ERP writes it.
    pub customer_number: CustomerNumber,
}

impl AssociationRecord {
    /// Returns the condition that the user's customer is still the one that was read.
    pub(crate) fn unchanged(&self) -> Expression {
        Expression::condition("customer_number = :known").value(":known", text(self.customer_number.as_str()))
    }
}
