//! What an organization says of itself: as callers send it, as it is stored and as it is answered.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    request::{Fields, FromFields},
    text::{AddressLine, CountryCode, EmailAddress, OrganizationName, PhoneNumber, Website},
};

/// An organization's settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct OrganizationDetails {
    /// Unique in the system, compared without case.
    pub name: OrganizationName,
    /// The first line of the billing address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billing_address1: Option<AddressLine>,
    /// The second line of the billing address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billing_address2: Option<AddressLine>,
    /// The city of the billing address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billing_city: Option<AddressLine>,
    /// The state or province of the billing address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billing_state_province: Option<AddressLine>,
    /// The postal code of the billing address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billing_postal_code: Option<AddressLine>,
    /// The country of the billing address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billing_country: Option<CountryCode>,
    /// How to call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<PhoneNumber>,
    /// How to write to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<EmailAddress>,
    /// Where to read of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website: Option<Website>,
}

impl FromFields for OrganizationDetails {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let name = fields.required("Name", OrganizationName::parse);
        let billing_address1 = fields.optional("BillingAddress1", AddressLine::parse);
        let billing_address2 = fields.optional("BillingAddress2", AddressLine::parse);
        let billing_city = fields.optional("BillingCity", AddressLine::parse);
        let billing_state_province = fields.optional("BillingStateProvince", AddressLine::parse);
        let billing_postal_code = fields.optional("BillingPostalCode", AddressLine::parse);
        let billing_country = fields.optional("BillingCountry", CountryCode::parse);
        let phone_number = fields.optional("PhoneNumber", PhoneNumber::parse);
        let email = fields.optional("Email", EmailAddress::parse);
        let website = fields.optional("Website", Website::parse);
        Some(Self {
            name: name?,
            billing_address1: billing_address1?,
            billing_address2: billing_address2?,
            billing_city: billing_city?,
            billing_state_province: billing_state_province?,
            billing_postal_code: billing_postal_code?,
            billing_country: billing_country?,
            phone_number: phone_number?,
            email: email?,
            website: website?,
        })
    }
}
