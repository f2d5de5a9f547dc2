use serde::Serialize;
use utoipa::ToSchema;

use crate::records::AssociationRecord;

/// The field that a filter looks at, or that a list is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AssociationField)]
pub enum Field {
    /// The user's id.
    UserId,
    /// The customer's number.
    CustomerNumber,
}

/// How a filter compares: by Unicode code point, minding case.
///
/// - `startswith`, `endswith`, `contains`, `notcontains`: the field begins with, ends with, holds or doesn't hold the
///   value.
/// - `equals`, `notequals`: the field is the value, or isn't.
/// - `gt`, `gte`, `lt`, `lte`: the field comes after the value, after it or is it, before it, before it or is it.
///
/// `startswith`, `equals` and the last four narrow a list that is sorted by their field. The others test row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum Operator {
    /// Begins with the value.
    StartsWith,
    /// Holds the value.
    Contains,
    /// Doesn't hold the value.
    NotContains,
    /// Ends with the value.
    EndsWith,
    /// Is the value.
    Equals,
    /// Isn't the value.
    NotEquals,
    /// Comes after the value.
    Gt,
    /// Is the value or comes after it.
    Gte,
    /// Comes before the value.
    Lt,
    /// Is the value or comes before it.
    Lte,
}

/// A condition that every listed association keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AssociationFilter {
    /// What it looks at.
    pub field: Field,
    /// How it compares.
    pub operator: Operator,
    /// What it compares with, taken as it is.
    pub value: String,
}

impl AssociationFilter {
    /// Whether an association keeps the condition.
    #[must_use]
    pub fn keeps(&self, row: &AssociationRecord) -> bool {
        let field = match self.field {
            Field::UserId => row.user_id.as_str(),
            Field::CustomerNumber => row.customer_number.as_str(),
        };
        let value = self.value.as_str();
        // The order of UTF-8 is the order of code points.
        match self.operator {
            Operator::StartsWith => field.starts_with(value),
            Operator::Contains => field.contains(value),
            Operator::NotContains => !field.contains(value),
            Operator::EndsWith => field.ends_with(value),
            Operator::Equals => field == value,
            Operator::NotEquals => field != value,
            Operator::Gt => field > value,
            Operator::Gte => field >= value,
            Operator::Lt => field < value,
            Operator::Lte => field <= value,
        }
    }
}
