//! What is logged, and how.

use std::io::{self, IsTerminal};

use domain::config;
use tracing_subscriber::{Layer, filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

/// What is logged, by module: `RUST_LOG`, as `info,table=debug`.
fn filter(default: &str) -> Targets {
    let wanted = config::optional("RUST_LOG").and_then(|wanted| wanted.parse().ok());
    wanted.or_else(|| default.parse().ok()).unwrap_or_default()
}

/// JSON lines on standard output, as CloudWatch reads them; what is logged by `RUST_LOG` (`info`).
pub fn init_json() {
    let lines = tracing_subscriber::fmt::layer().json().with_span_list(false).flatten_event(true).without_time();
    // Without the spans that Lambda's runtime makes for each call: our own hold the request's id.
    tracing_subscriber::registry().with(lines.with_filter(filter("info,lambda_runtime=warn"))).init();
}

/// Readable lines on standard error; what is logged by `RUST_LOG` (`info`; of the embedded engine, which warns of each
/// refused condition, errors).
pub fn init_readable() {
    let lines = tracing_subscriber::fmt::layer().with_target(false).with_ansi(io::stderr().is_terminal());
    let lines = lines.with_writer(io::stderr).with_filter(filter("info,dynoxide=error"));
    tracing_subscriber::registry().with(lines).init();
}
