use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::printable::printable;
use crate::field_error::FieldError;

value! {
    /// A customer's number as the ERP writes it: 1 to 64 printable characters. Case matters.
    #[schema(min_length = 1, max_length = 64, examples("C-10042"))]
    CustomerNumber, |text| printable(&text, 1, 64)
}
