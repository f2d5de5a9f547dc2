//! An organization's settings, as callers send them, as they are stored and as they are answered.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    language::Language,
    patch::Patch,
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
    /// The organization's phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<PhoneNumber>,
    /// The organization's e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<EmailAddress>,
    /// The organization's website.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website: Option<Website>,
    /// The language of the mails about the organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
}

/// A change of an organization's settings, as a JSON merge patch (RFC 7396). An absent field stays as it is, and `null`
/// removes one.
#[derive(Clone, Debug, ToSchema)]
#[schema(rename_all = "PascalCase")]
pub struct OrganizationPatch {
    /// Unique in the system, compared without case. The name can't be removed.
    #[schema(nullable = false)]
    pub name: Option<OrganizationName>,
    /// The first line of the billing address.
    #[schema(value_type = Option<AddressLine>)]
    pub billing_address1: Patch<AddressLine>,
    /// The second line of the billing address.
    #[schema(value_type = Option<AddressLine>)]
    pub billing_address2: Patch<AddressLine>,
    /// The city of the billing address.
    #[schema(value_type = Option<AddressLine>)]
    pub billing_city: Patch<AddressLine>,
    /// The state or province of the billing address.
    #[schema(value_type = Option<AddressLine>)]
    pub billing_state_province: Patch<AddressLine>,
    /// The postal code of the billing address.
    #[schema(value_type = Option<AddressLine>)]
    pub billing_postal_code: Patch<AddressLine>,
    /// The country of the billing address.
    #[schema(value_type = Option<CountryCode>)]
    pub billing_country: Patch<CountryCode>,
    /// The organization's phone number.
    #[schema(value_type = Option<PhoneNumber>)]
    pub phone_number: Patch<PhoneNumber>,
    /// The organization's e-mail address.
    #[schema(value_type = Option<EmailAddress>)]
    pub email: Patch<EmailAddress>,
    /// The organization's website.
    #[schema(value_type = Option<Website>)]
    pub website: Patch<Website>,
    /// The language of the mails about the organization.
    #[schema(value_type = Option<Language>)]
    pub language: Patch<Language>,
}

impl OrganizationPatch {
    /// Returns `details` with the patch applied.
    #[must_use]
    pub fn apply(self, details: OrganizationDetails) -> OrganizationDetails {
        OrganizationDetails {
            name: self.name.unwrap_or(details.name),
            billing_address1: self.billing_address1.over(details.billing_address1),
            billing_address2: self.billing_address2.over(details.billing_address2),
            billing_city: self.billing_city.over(details.billing_city),
            billing_state_province: self.billing_state_province.over(details.billing_state_province),
            billing_postal_code: self.billing_postal_code.over(details.billing_postal_code),
            billing_country: self.billing_country.over(details.billing_country),
            phone_number: self.phone_number.over(details.phone_number),
            email: self.email.over(details.email),
            website: self.website.over(details.website),
            language: self.language.over(details.language),
        }
    }
}

impl OrganizationDetails {
    /// The name of every field, as it is sent, stored and answered.
    pub const FIELDS: [&str; 11] = [
        "Name",
        "BillingAddress1",
        "BillingAddress2",
        "BillingCity",
        "BillingStateProvince",
        "BillingPostalCode",
        "BillingCountry",
        "PhoneNumber",
        "Email",
        "Website",
        "Language",
    ];
}
