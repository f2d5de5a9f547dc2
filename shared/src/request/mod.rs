//! What a request holds, read with every bad field in one answer.

mod body;
mod by_admin;
mod fields;
mod idempotent;
mod organization;
mod query;

pub use body::{Body, BodyOrQuery};
pub use by_admin::{ByAdmin, ByPerson};
pub use domain::patch::Patch;
pub use fields::{Fields, FromFields, JsonObject};
pub use idempotent::{Idempotent, Replayed, RequestKey};
pub use query::Query;
