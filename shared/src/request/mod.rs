//! What a request holds, read with every bad field in one answer.

mod admin_request;
mod body;
mod csv_rows;
mod declaration;
mod field_value;
mod fields;
mod form;
mod idempotent;
mod json_object;
pub mod list;
mod organization;
mod query;
mod raw_body;
mod rows;
mod sign_up;
mod unchanged;

pub use admin_request::{AdminRequest, HumanAdminRequest};
pub use body::{Body, BodyOrQuery};
#[doc(hidden)]
pub use declaration::paste;
pub use domain::patch::Patch;
pub use field_value::{FieldValue, Text, non_nullable};
pub use fields::{Field, Fields, FromFields, Read, given_once};
pub use form::{Form, form_decoded};
pub use idempotent::{Idempotent, Replayed, RequestKey};
pub use json_object::JsonObject;
pub use query::{Query, parameters};
pub use raw_body::RawJson;
pub use rows::{Row, Rows};
pub use sign_up::NewUser;
pub use unchanged::{Present, Unchanged};
