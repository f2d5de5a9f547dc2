//! What a request holds, read with every bad field in one answer.

mod admin_request;
mod body;
mod fields;
mod idempotent;
mod organization;
mod query;

pub use admin_request::{AdminRequest, HumanAdminRequest};
pub use body::{Body, BodyOrQuery};
pub use domain::patch::Patch;
pub use fields::{Fields, FromFields, JsonObject};
pub use idempotent::{Idempotent, Replayed, RequestKey};
pub use query::Query;
