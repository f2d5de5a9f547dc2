//! Reads what callers say of an organization.

use domain::{
    organization::{OrganizationDetails, OrganizationPatch},
    text::{AddressLine, CountryCode, EmailAddress, OrganizationName, PhoneNumber, Website},
};

use super::{Fields, FromFields};

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

impl FromFields for OrganizationPatch {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let name = fields.lasting("Name", OrganizationName::parse);
        let billing_address1 = fields.patch("BillingAddress1", AddressLine::parse);
        let billing_address2 = fields.patch("BillingAddress2", AddressLine::parse);
        let billing_city = fields.patch("BillingCity", AddressLine::parse);
        let billing_state_province = fields.patch("BillingStateProvince", AddressLine::parse);
        let billing_postal_code = fields.patch("BillingPostalCode", AddressLine::parse);
        let billing_country = fields.patch("BillingCountry", CountryCode::parse);
        let phone_number = fields.patch("PhoneNumber", PhoneNumber::parse);
        let email = fields.patch("Email", EmailAddress::parse);
        let website = fields.patch("Website", Website::parse);
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
