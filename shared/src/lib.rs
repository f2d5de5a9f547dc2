//! The HTTP kit of every function, and the front of the layers beneath it: what a function uses of them is re-exported
//! here.

mod app;
pub mod brand;
pub mod conditional;
pub mod distribution;
pub mod extract;
pub mod guessable;
pub mod import;
pub mod lambda;
pub mod language;
pub mod link_token;
pub mod openapi;
pub mod page;
pub mod password;
pub mod problem;
pub mod request;
mod request_metrics;
pub mod routes;
pub mod service;
pub mod source;
pub mod subscription;
pub mod telemetry;
mod user_organization;

pub use app::App;
pub use claims;
pub use domain::{
    clock, config, digest, entitlement, error_chain, expiry, field_error, ids, mutex, organization, text,
};
pub use dynamo::{self, aws, rfc3339};
pub use plans;
pub use table;
pub use user_organization::UserOrganizationResponse;
