use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{FieldError, bounded, fold};

value! {
    /// An organization's display name: 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200, examples("Acme GmbH"))]
    OrganizationName, |text| bounded(&text, 1, 200)
}

value! {
    /// A person's first or last name: 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100)]
    PersonName, |text| bounded(&text, 1, 100)
}

value! {
    /// A customer's company name: 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200, examples("Acme Retail GmbH"))]
    CompanyName, |text| bounded(&text, 1, 200)
}

value! {
    /// A price tier's name: 1 to 100 characters, unique in its organization without case.
    #[schema(min_length = 1, max_length = 100, examples("Gold"))]
    TierName, |text| bounded(&text, 1, 100)
}

value! {
    /// A machine credential's name, chosen by an admin: 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100, examples("Web shop"))]
    CredentialName, |text| bounded(&text, 1, 100)
}

impl TierName {
    /// Returns the folded name, by which names are compared without case.
    #[must_use]
    pub fn folded(&self) -> String {
        fold(&self.0)
    }
}
