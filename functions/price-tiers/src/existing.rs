use shared::{
    request::{Fields, Read},
    text::TierName,
};

/// Reads the name of a tier that is there.
pub(crate) fn existing_name(fields: &mut Fields<'_>, name: &str) -> Read<TierName> {
    fields.required(name, |text| TierName::of_existing(&text))
}
