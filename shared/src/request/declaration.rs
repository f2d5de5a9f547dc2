//! A request is declared once: the struct is what is read and what the document shows.

#[doc(hidden)]
pub use pastey::paste;

/// Declares a request and how it is read.
///
/// A field is read by its type (see [`FieldValue`](super::FieldValue)) from the JSON field of its name in `PascalCase`,
/// whose case doesn't matter. A field of the body that isn't among these is refused.
/// After `=` stands another way to read it, which takes the [`Fields`](super::Fields) and the name. A rule over more
/// than one field stands after `check`: a block that sees each field as an `Option`, `None` where it was bad.
#[macro_export]
macro_rules! request {
    (
        $(#[$attribute:meta])*
        $visibility:vis struct $request:ident {
            $($(#[$field_attribute:meta])* $field_visibility:vis $field:ident: $kind:ty $(= $read:expr)?,)+
        }
        $(check |$fields:ident| $check:block)?
    ) => {
        $(#[$attribute])*
        $visibility struct $request {
            $($(#[$field_attribute])* $field_visibility $field: $kind,)+
        }

        $crate::read_fields! { $request { $($field: $kind $(= $read)?,)+ } $(check |$fields| $check)? }
    };
}

/// Says how a struct that stands elsewhere is read, by the rules of [`request!`](crate::request!).
#[macro_export]
macro_rules! read_fields {
    ($request:ident { $($field:ident: $kind:ty $(= $read:expr)?,)+ } $(check |$fields:ident| $check:block)?) => {
        impl $crate::request::FromFields for $request {
            fn from_fields(fields: &mut $crate::request::Fields<'_>) -> Option<Self> {
                fields.declare(&[$($crate::field_name!($field)),+]);
                $(let $field: Option<$kind> = $crate::read_field!(fields, $field: $kind $(= $read)?);)+
                $({
                    let $fields = fields;
                    $check
                })?
                Some(Self { $($field: $field?,)+ })
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! read_field {
    ($fields:ident, $field:ident: $kind:ty) => {
        <$kind as $crate::request::FieldValue>::read($fields, $crate::field_name!($field))
    };
    ($fields:ident, $field:ident: $kind:ty = $read:expr) => {
        ($read)($fields, $crate::field_name!($field))
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! field_name {
    ($field:ident) => {
        $crate::request::paste! { stringify!([<$field:camel>]) }
    };
}
