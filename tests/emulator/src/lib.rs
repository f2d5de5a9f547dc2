//! Runs function binaries as AWS Lambda behind an HTTP API (payload 2.0) does: a runtime API for each instance,
//! instances as needed, and a gateway that makes events of requests. For tests and benchmarks.

mod event;
mod function;
mod gateway;
mod instance;

pub use event::{answer_of, event_of};
pub use function::Function;
pub use gateway::{Gateway, Route};
pub use instance::{Instance, Reply};
