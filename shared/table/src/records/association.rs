use domain::{ids::UserId, text::CustomerNumber};
use serde::{Deserialize, Serialize};

/// A user and the customer account that the user buys for: the entry of two indexes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssociationRecord {
    /// The user.
    pub user_id: UserId,
    /// The customer's number, as the ERP writes it.
    pub customer_number: CustomerNumber,
}
