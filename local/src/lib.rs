//! The whole bundle in one process: every router, an embedded DynamoDB behind its own port, the stream that feeds the
//! mailer, and a mailbox that takes what it sends.

mod brand_options;
mod bundle;
mod command;
pub mod cors;
mod data;
mod demo;
mod dynamodb;
mod engine;
mod functions;
mod gallery;
mod guard;
mod home;
mod mail_simulator;
mod mailbox;
mod openapi;
mod operator_key;
mod plans;
pub mod reference;
mod seed;
mod stopped;
mod stream;
mod web;

pub use brand_options::BrandOptions;
pub use bundle::{Bundle, StartError};
pub use command::{Command, Options};
pub use cors::CorsOrigins;
pub use engine::EngineError;
pub use functions::{FUNCTIONS, Function};
pub use openapi::{Document, document};
pub use seed::made_up_associations;
pub use stopped::StoppedBundle;
pub use stream::{Consumer, StreamError};
