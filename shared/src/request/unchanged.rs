use domain::field_error::FieldCode;
use serde::Serialize;
use serde_json::Value;

use super::{FieldValue, Fields, Read};
use crate::problem::FieldErrors;

/// A field of a patch that can't be changed. A caller may send it as it was answered, so that a record that was read can
/// be sent back.
#[derive(Clone, Debug, Default)]
pub struct Unchanged {
    path: String,
    /// What was sent; `None` where the field wasn't.
    sent: Option<Value>,
}

impl FieldValue for Unchanged {
    fn read(fields: &mut Fields<'_>, name: &str) -> Read<Self> {
        Some(Self { path: fields.path_of(name), sent: fields.value(name).cloned() })
    }
}

impl Unchanged {
    /// Compares fields with what they are.
    ///
    /// # Errors
    /// Each that was sent with another value.
    pub fn check<const N: usize>(fields: [(&Self, &dyn Present); N]) -> Result<(), FieldErrors> {
        let differing = fields.into_iter().filter(|(field, present)| {
            field.sent.as_ref().is_some_and(|sent| present.json().is_none_or(|present| present != *sent))
        });
        let errors: FieldErrors = differing
            .map(|(field, _)| (field.path.clone().into(), vec![FieldCode::ReadOnly.says("is read-only")]))
            .collect();
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}

/// A value that a record has, as it is answered.
pub trait Present {
    /// The value as JSON.
    fn json(&self) -> Option<Value>;
}

impl<T: Serialize> Present for T {
    fn json(&self) -> Option<Value> {
        serde_json::to_value(self).ok()
    }
}
