//! What is logged, and how.

use std::{
    error::Error,
    io::{self, IsTerminal},
};

use domain::{config, error_chain};
use tracing::Subscriber;
use tracing_subscriber::{
    Layer,
    filter::Targets,
    fmt::{self, format::JsonFields},
    layer::SubscriberExt,
    registry::LookupSpan,
    util::SubscriberInitExt,
};

use crate::request_metrics::WithMetrics;

/// What is logged, by module: `RUST_LOG`, as `info,table=debug`.
fn filter(default: &str) -> Targets {
    let wanted = config::optional("RUST_LOG").and_then(|wanted| wanted.parse().ok());
    wanted.or_else(|| default.parse().ok()).unwrap_or_default()
}

/// JSON lines on standard output, as CloudWatch reads them; what is logged by `RUST_LOG` (`info`). With
/// `METRICS_NAMESPACE`, the line of a request names its metrics.
pub fn init_json() {
    let lines = json_lines(config::optional("METRICS_NAMESPACE"));
    // Without the spans that Lambda's runtime makes for each call: our own hold the request's id.
    tracing_subscriber::registry().with(lines.with_filter(filter("info,lambda_runtime=warn"))).init();
}

/// Logs why a function can't start. Without this, the reason would only be in the text that the process ends with,
/// which no filter for levels finds.
pub fn log_failed_start(error: &(dyn Error + 'static)) {
    tracing::error!(cause = error_chain::chain(error), "the function can't start");
}

/// The layer of those lines, with metrics under `namespace`.
pub(crate) fn json_lines<S>(namespace: Option<String>) -> fmt::Layer<S, JsonFields, WithMetrics>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let lines = fmt::layer().json().with_span_list(false).flatten_event(true).without_time();
    lines.map_event_format(|json| WithMetrics { json, namespace })
}

/// Readable lines on standard error; what is logged by `RUST_LOG` (`info`; of the embedded engine, which warns of each
/// refused condition, errors).
pub fn init_readable() {
    let lines = fmt::layer().with_target(false).with_ansi(io::stderr().is_terminal());
    let lines = lines.with_writer(io::stderr).with_filter(filter("info,dynoxide=error"));
    tracing_subscriber::registry().with(lines).init();
}
