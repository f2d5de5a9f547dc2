use std::{borrow::Cow, collections::HashMap};

use aws_sdk_dynamodb::types::AttributeValue;

/// An update expression and a condition expression, with the attribute names and values that they use.
/// [`Expression::condition_on_existing`] also requires that the item exists.
#[derive(Clone, Debug, Default)]
pub struct Expression {
    update: String,
    condition: Option<Cow<'static, str>>,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

impl Expression {
    /// An update, without a condition of its own.
    #[must_use]
    pub fn update(expression: impl Into<String>) -> Self {
        Self::default().set_update(expression)
    }

    /// Sets the update expression.
    #[must_use]
    pub fn set_update(mut self, expression: impl Into<String>) -> Self {
        self.update = expression.into();
        self
    }

    /// Adds `clause` to the update expression, whose last clause it goes on from.
    #[must_use]
    pub fn and_update(mut self, clause: &str) -> Self {
        self.update.push_str(clause);
        self
    }

    /// A condition, without an update.
    #[must_use]
    pub fn condition(condition: impl Into<Cow<'static, str>>) -> Self {
        Self::default().and_condition(condition)
    }

    /// Sets the condition.
    #[must_use]
    pub fn and_condition(mut self, condition: impl Into<Cow<'static, str>>) -> Self {
        self.condition = Some(condition.into());
        self
    }

    /// Adds the condition of `other`, joined by AND. Their placeholders must differ.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.condition = match (self.condition, other.condition) {
            (Some(one), Some(other)) => Some(format!("({one}) AND ({other})").into()),
            (one, other) => one.or(other),
        };
        self.names.extend(other.names);
        self.values.extend(other.values);
        self
    }

    /// Adds an attribute name for a placeholder such as `#status`.
    #[must_use]
    pub fn name(mut self, placeholder: impl Into<String>, name: impl Into<String>) -> Self {
        self.names.insert(placeholder.into(), name.into());
        self
    }

    /// Adds a value for a placeholder such as `:now`.
    #[must_use]
    pub fn value(mut self, placeholder: impl Into<String>, value: AttributeValue) -> Self {
        self.values.insert(placeholder.into(), value);
        self
    }

    pub(crate) fn update_expression(&self) -> &str {
        &self.update
    }

    /// The condition alone, for a write that may create its item.
    #[must_use]
    pub fn condition_alone(&self) -> &str {
        self.condition.as_deref().unwrap_or_default()
    }

    /// The condition, and that the item exists.
    #[must_use]
    pub fn condition_on_existing(&self) -> String {
        match &self.condition {
            Some(condition) => format!("attribute_exists(pk) AND ({condition})"),
            None => "attribute_exists(pk)".to_owned(),
        }
    }

    pub(crate) fn names(&self) -> Option<HashMap<String, String>> {
        Some(self.names.clone()).filter(|names| !names.is_empty())
    }

    pub(crate) fn values(&self) -> Option<HashMap<String, AttributeValue>> {
        Some(self.values.clone()).filter(|values| !values.is_empty())
    }
}

/// The text as an attribute.
#[must_use]
pub fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

/// The set of texts as an attribute. A set has at least one element.
#[must_use]
pub fn text_set(texts: Vec<String>) -> AttributeValue {
    AttributeValue::Ss(texts)
}

/// The Boolean as an attribute.
#[must_use]
pub fn bool_value(value: bool) -> AttributeValue {
    AttributeValue::Bool(value)
}

/// The number as an attribute.
#[must_use]
pub fn number(number: impl Into<i128>) -> AttributeValue {
    AttributeValue::N(number.into().to_string())
}
