//! The whole bundle in one process: every router, an embedded DynamoDB behind its own port, the stream that feeds the
//! mailer, and a mailbox that takes what it sends.

mod bundle;
mod command;
mod data;
mod demo;
mod dynamodb;
mod engine;
mod functions;
mod guard;
mod mailbox;
mod openapi;
mod operator_key;
mod plans;
mod seed;
mod stopped;
mod stream;

pub use bundle::{Bundle, StartError};
pub use command::{Command, Options};
pub use engine::EngineError;
pub use functions::{FUNCTIONS, Function};
pub use openapi::{Document, document};
pub use seed::made_up_associations;
pub use stopped::StoppedBundle;
pub use stream::{Consumer, StreamError};
