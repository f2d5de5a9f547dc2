//! Names: each character of one shows.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{bounded, fold, printable::printable};
use crate::field_error::FieldError;

value! {
    /// An organization's display name: 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200, examples("Acme GmbH"))]
    OrganizationName, |text| printable(&text, 1, 200)
}

value! {
    /// A person's first or last name: 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100)]
    PersonName, |text| printable(&text, 1, 100)
}

value! {
    /// A customer's company name: 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200, examples("Acme Retail GmbH"))]
    CompanyName, |text| printable(&text, 1, 200)
}

value! {
    /// A price tier's name: 1 to 100 characters, unique in its organization without case.
    #[schema(min_length = 1, max_length = 100, examples("Gold"))]
    TierName, |text| printable(&text, 1, 100)
}

value! {
    /// A machine credential's name, chosen by an admin: 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100, examples("Web shop"))]
    CredentialName, |text| printable(&text, 1, 100)
}

impl TierName {
    /// Parses the name of a tier that is there. One from before every character had to show is still found by it, and
    /// can be renamed or removed.
    ///
    /// # Errors
    /// The rule that the name breaks.
    pub fn of_existing(text: &str) -> Result<Self, FieldError> {
        bounded(text, 1, 100).map(Self)
    }

    /// Returns the folded name, by which names are compared without case.
    #[must_use]
    pub fn folded(&self) -> String {
        fold(&self.0)
    }
}
