use serde::Serialize;
use utoipa::ToSchema;

use super::{Listed, Named, Values};

/// How a filter compares: by Unicode code point, minding case but in addresses.
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

impl Named for Operator {
    const ALL: &'static [Self] = &[
        Self::StartsWith,
        Self::Contains,
        Self::NotContains,
        Self::EndsWith,
        Self::Equals,
        Self::NotEquals,
        Self::Gt,
        Self::Gte,
        Self::Lt,
        Self::Lte,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::StartsWith => "startswith",
            Self::Contains => "contains",
            Self::NotContains => "notcontains",
            Self::EndsWith => "endswith",
            Self::Equals => "equals",
            Self::NotEquals => "notequals",
            Self::Gt => "gt",
            Self::Gte => "gte",
            Self::Lt => "lt",
            Self::Lte => "lte",
        }
    }
}

/// A condition that every listed row keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListFilter<L: Listed> {
    /// What it looks at.
    pub field: L::Field,
    /// How it compares.
    pub operator: Operator,
    /// What it compares with.
    pub value: String,
}

impl<L: Listed> ListFilter<L> {
    /// The condition on a field by a value as a caller sent it.
    #[must_use]
    pub fn new(field: L::Field, operator: Operator, value: String) -> Self {
        Self { field, operator, value: L::comparable(field, value) }
    }

    /// Whether an entry keeps the condition; `None` where its row has to be known.
    #[must_use]
    pub fn keeps_entry(&self, entry: &L::Entry) -> Option<bool> {
        L::entry_values(self.field, entry).map(|values| self.keeps(&values))
    }

    /// Whether the condition is on a field that only the row has.
    pub(super) fn needs_row(&self, entry: &L::Entry) -> bool {
        L::entry_values(self.field, entry).is_none()
    }

    /// Whether a row keeps the condition on a field that entries say nothing of.
    #[must_use]
    pub fn keeps_row(&self, row: &L::Row) -> bool {
        self.keeps(&L::row_values(self.field, row))
    }

    /// One of several values is enough, and a denial is about all of them. A field without a value keeps denials alone.
    fn keeps(&self, values: &Values<'_>) -> bool {
        let denied = match self.operator {
            Operator::NotContains => Some(Operator::Contains),
            Operator::NotEquals => Some(Operator::Equals),
            _ => None,
        };
        let operator = denied.unwrap_or(self.operator);
        let any = match values {
            Values::Absent => false,
            Values::One(value) => operator.compares(value, &self.value),
            Values::Several(several) => several.iter().any(|value| operator.compares(value, &self.value)),
        };
        any != denied.is_some()
    }
}

impl Operator {
    /// The order of UTF-8 is the order of code points.
    fn compares(self, field: &str, value: &str) -> bool {
        match self {
            Self::StartsWith => field.starts_with(value),
            Self::Contains => field.contains(value),
            Self::NotContains => !field.contains(value),
            Self::EndsWith => field.ends_with(value),
            Self::Equals => field == value,
            Self::NotEquals => field != value,
            Self::Gt => field > value,
            Self::Gte => field >= value,
            Self::Lt => field < value,
            Self::Lte => field <= value,
        }
    }
}
