//! How what callers say of an organization is read.

use domain::{
    language::Language,
    organization::{OrganizationDetails, OrganizationPatch},
    patch::Patch,
    text::{AddressLine, CountryCode, EmailAddress, OrganizationName, PhoneNumber, Website},
};

use super::non_nullable;

crate::read_fields! {
    OrganizationDetails {
        name: OrganizationName,
        billing_address1: Option<AddressLine>,
        billing_address2: Option<AddressLine>,
        billing_city: Option<AddressLine>,
        billing_state_province: Option<AddressLine>,
        billing_postal_code: Option<AddressLine>,
        billing_country: Option<CountryCode>,
        phone_number: Option<PhoneNumber>,
        email: Option<EmailAddress>,
        website: Option<Website>,
        language: Option<Language>,
    }
}

crate::read_fields! {
    OrganizationPatch {
        name: Option<OrganizationName> = non_nullable,
        billing_address1: Patch<AddressLine>,
        billing_address2: Patch<AddressLine>,
        billing_city: Patch<AddressLine>,
        billing_state_province: Patch<AddressLine>,
        billing_postal_code: Patch<AddressLine>,
        billing_country: Patch<CountryCode>,
        phone_number: Patch<PhoneNumber>,
        email: Patch<EmailAddress>,
        website: Patch<Website>,
        language: Patch<Language>,
    }
}
