//! What two functions of the bundle or more need: claims, the table, problem answers, request parsing, telemetry.

pub mod account;
mod app;
pub mod aws;
pub mod claims;
pub mod clock;
pub mod config;
pub mod digest;
pub mod ids;
pub mod lambda;
pub mod link;
pub mod openapi;
pub mod organization;
pub mod password;
pub mod problem;
pub mod request;
pub mod service;
pub mod source;
pub mod table;
pub mod telemetry;
pub mod text;

pub use app::App;
