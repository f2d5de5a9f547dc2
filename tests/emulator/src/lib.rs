//! Runs function binaries as AWS Lambda behind an HTTP API (payload 2.0) does: a runtime API for each instance,
//! instances as needed, and a gateway that makes events of requests. For tests and benchmarks.
#![expect(clippy::unwrap_used, reason = "what a test needs before it begins fails by panicking")]

mod binaries;
mod environment;
mod event;
mod function;
mod gateway;
mod instance;
mod template;

pub use binaries::build;
pub use environment::Environment;
pub use event::{answer_of, event_of};
pub use function::Function;
pub use gateway::{Gateway, Route};
pub use instance::{Instance, Reply};
pub use template::{DeployedFunction, deployed_functions, deployed_routes, template, where_it_holds};
