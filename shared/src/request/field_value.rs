use claims::MachineAccess;
use domain::{
    expiry::{Expiry, PointInTime},
    field_error::{FieldCode, FieldError},
    language::Language,
    patch::Patch,
    subscription::SubscriptionStatus,
    text::{
        AddressLine, CompanyName, CountryCode, CredentialName, CurrencyCode, CustomerNumber, EmailAddress, NewPassword,
        OrganizationName, PersonName, PhoneNumber, TierName, Website,
    },
};

use super::{Fields, Read};

/// A type that says how a request's field is read.
pub trait FieldValue: Sized {
    /// Reads the field of this name; `None` where it is bad, which is said.
    fn read(fields: &mut Fields<'_>, name: &str) -> Read<Self>;
}

/// A value that is parsed from a text.
pub trait Text: Sized {
    /// Parses what a caller sent.
    ///
    /// # Errors
    /// The rule that the text breaks.
    fn parse_text(text: String) -> Result<Self, FieldError>;
}

impl<T: Text> FieldValue for Option<T> {
    fn read(fields: &mut Fields<'_>, name: &str) -> Read<Self> {
        fields.text(name, T::parse_text).optional()
    }
}

impl FieldValue for Option<bool> {
    fn read(fields: &mut Fields<'_>, name: &str) -> Read<Self> {
        fields.boolean(name).optional()
    }
}

impl<T: Text> FieldValue for Patch<T> {
    fn read(fields: &mut Fields<'_>, name: &str) -> Read<Self> {
        if fields.is_null(name) {
            return Some(Self::Remove);
        }
        Some(fields.text(name, T::parse_text).optional()?.map_or(Self::Keep, Self::Set))
    }
}

/// Reads a field of a merge patch that can't be removed.
pub fn non_nullable<T: Text>(fields: &mut Fields<'_>, name: &str) -> Read<Option<T>> {
    match Patch::read(fields, name)? {
        Patch::Set(value) => Some(Some(value)),
        Patch::Keep => Some(None),
        Patch::Remove => {
            fields.add_error(name, FieldCode::NotRemovable.says("can't be removed"));
            None
        }
    }
}

macro_rules! texts {
    ($($text:ty: $parse:expr),+ $(,)?) => {
        $(
            impl Text for $text {
                fn parse_text(text: String) -> Result<Self, FieldError> {
                    $parse(text)
                }
            }

            impl FieldValue for $text {
                fn read(fields: &mut Fields<'_>, name: &str) -> Read<Self> {
                    fields.required(name, $parse)
                }
            }
        )+
    };
}

texts! {
    AddressLine: AddressLine::parse,
    CompanyName: CompanyName::parse,
    CountryCode: CountryCode::parse,
    CredentialName: CredentialName::parse,
    CurrencyCode: CurrencyCode::parse,
    CustomerNumber: CustomerNumber::parse,
    EmailAddress: EmailAddress::parse,
    Expiry: |text: String| Expiry::parse(&text),
    Language: |text: String| Language::parse_field(&text),
    MachineAccess: |text: String| MachineAccess::parse(&text),
    NewPassword: NewPassword::parse,
    OrganizationName: OrganizationName::parse,
    PersonName: PersonName::parse,
    PhoneNumber: PhoneNumber::parse,
    PointInTime: |text: String| PointInTime::parse(&text),
    String: Ok,
    SubscriptionStatus: |text: String| SubscriptionStatus::parse_field(&text),
    TierName: TierName::parse,
    Website: Website::parse,
}
