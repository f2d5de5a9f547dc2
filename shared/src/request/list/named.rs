use domain::field_error::{FieldCode, FieldError};
use table::Named;

use crate::request::{Fields, Read};

/// Reads one of a few names, whose case doesn't matter.
pub fn named<T: Named>(fields: &mut Fields<'_>, name: &str) -> Read<T> {
    fields.required(name, |text| parse(&text))
}

/// Reads one of a few names, or `default` in its place.
pub fn named_or<T: Named>(fields: &mut Fields<'_>, name: &str, default: T) -> Read<T> {
    fields.text(name, |text| parse(&text)).or(default)
}

fn parse<T: Named>(text: &str) -> Result<T, FieldError> {
    T::parse(text).ok_or_else(|| {
        let names: Vec<_> = T::ALL.iter().map(|choice| choice.name()).collect();
        FieldCode::NotAllowed.says(match names.as_slice() {
            [one, other] => format!("must be {one} or {other}"),
            names => format!("must be one of {}", names.join(", ")),
        })
    })
}
