//! Metrics that CloudWatch takes from the line of a request itself.
//!
//! Source: Amazon CloudWatch User Guide, *Specification: Embedded metric format*.

use std::{
    fmt,
    time::{SystemTime, UNIX_EPOCH},
};

use axum::http::StatusCode;
use serde_json::json;
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::{Format, Json, Writer},
    },
    registry::LookupSpan,
};

/// The target of the line of a request. Every number of it that is a metric is a field.
pub(crate) const TARGET: &str = "request";

/// The route of a request whose path is no route's.
pub(crate) const NO_ROUTE: &str = "none";

/// The statuses of requests that are refused before a handler is reached, although their path is a route's.
const REFUSED_EARLIER: [StatusCode; 2] = [StatusCode::METHOD_NOT_ALLOWED, StatusCode::MISDIRECTED_REQUEST];

/// Formats events as JSON lines, and says in the line of a request which of its fields are metrics.
///
/// A request that reaches no handler has no metrics. Callers choose its path or its method freely, and CloudWatch bills
/// each pair of the two.
pub(crate) struct WithMetrics {
    pub(crate) json: Format<Json, ()>,
    /// What the metrics are under in CloudWatch. Without one, there are none.
    pub(crate) namespace: Option<String>,
}

impl<S, N> FormatEvent<S, N> for WithMetrics
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let has_metrics = || event.metadata().target() == TARGET && Outcome::of(event).reached_handler();
        let namespace = self.namespace.as_deref().filter(|_| has_metrics());
        let Some(namespace) = namespace else { return self.json.format_event(context, writer, event) };
        let mut line = String::new();
        self.json.format_event(context, Writer::new(&mut line), event)?;
        let fields = line.strip_prefix('{').ok_or(fmt::Error)?;
        write!(writer, "{{\"_aws\":{},{fields}", metadata(namespace))
    }
}

/// The fields of a request's line that tell whether a handler was reached.
#[derive(Default)]
struct Outcome {
    has_route: bool,
    status: u64,
}

impl Outcome {
    fn of(event: &Event<'_>) -> Self {
        let mut outcome = Self::default();
        event.record(&mut outcome);
        outcome
    }

    fn reached_handler(&self) -> bool {
        self.has_route && REFUSED_EARLIER.iter().all(|status| u64::from(status.as_u16()) != self.status)
    }
}

impl Visit for Outcome {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.has_route |= field.name() == "route" && value != NO_ROUTE;
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "status" {
            self.status = value;
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

/// Names the metrics: of each route, and of all together.
fn metadata(namespace: &str) -> serde_json::Value {
    let milliseconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_millis());
    let metric = |name: &str, unit: &str| json!({"Name": name, "Unit": unit});
    json!({
        "Timestamp": u64::try_from(milliseconds).unwrap_or_default(),
        "CloudWatchMetrics": [{
            "Namespace": namespace,
            "Dimensions": [["method", "route"], []],
            "Metrics": [metric("milliseconds", "Milliseconds"), metric("units", "Count"), metric("attempts", "Count")],
        }],
    })
}

#[cfg(test)]
mod tests {
    use std::{
        io::{self, Write},
        sync::{Arc, Mutex},
    };

    use domain::mutex::lock;
    use serde_json::Value;
    use tracing_subscriber::{Layer, layer::SubscriberExt};

    use super::*;
    use crate::telemetry;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            lock(&self.0).extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    const ROUTE: &str = "/api/organization";

    /// The lines of a request with this route and status, and of something else.
    fn logged(namespace: Option<&str>, route: &str, status: u16) -> Vec<Value> {
        let lines = Lines::default();
        let to = lines.clone();
        let layer = telemetry::json_lines(namespace.map(str::to_owned)).with_writer(move || to.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer.boxed()), || {
            let _entered = tracing::error_span!("request", request_id = "r1").entered();
            let (method, milliseconds) = ("GET", 3);
            tracing::info!(target: TARGET, method, route, status, milliseconds, units = 2.0, attempts = 1, "answered");
            tracing::info!(milliseconds, "something else");
        });
        let text = String::from_utf8(lock(&lines.0).clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn the_line_of_a_request_names_its_metrics_and_has_each_of_them_and_each_dimension() {
        let lines = logged(Some("organizations"), ROUTE, 200);
        let [request, other] = &lines[..] else { panic!("{lines:?}") };
        assert!(other["_aws"].is_null() && other["message"] == "something else", "{other}");
        let [directive] = &request["_aws"]["CloudWatchMetrics"].as_array().unwrap()[..] else { panic!("{request}") };
        assert_eq!(directive["Namespace"], "organizations");
        assert_eq!(directive["Dimensions"], json!([["method", "route"], []]));
        for metric in directive["Metrics"].as_array().unwrap() {
            assert!(request[metric["Name"].as_str().unwrap()].is_number(), "{metric} in {request}");
        }
        assert_eq!((&request["method"], &request["route"]), (&json!("GET"), &json!(ROUTE)));
        assert_eq!((&request["message"], &request["span"]["request_id"]), (&json!("answered"), &json!("r1")));
        // Older than two weeks, or two hours ahead, CloudWatch takes no metric.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        assert!(request["_aws"]["Timestamp"].as_u64().unwrap() / 1_000 >= now - 60, "{request}");
    }

    #[test]
    fn without_a_namespace_a_line_names_no_metrics() {
        assert!(logged(None, ROUTE, 200).iter().all(|line| line["_aws"].is_null()));
    }

    #[test]
    fn a_request_that_reaches_no_handler_has_a_line_without_metrics() {
        for (route, status) in [(NO_ROUTE, 404), (NO_ROUTE, 421), (ROUTE, 405), (ROUTE, 421)] {
            let lines = logged(Some("organizations"), route, status);
            assert!(lines[0]["_aws"].is_null() && lines[0]["route"] == route, "{lines:?}");
        }
        for status in [200, 400, 404, 503] {
            let lines = logged(Some("organizations"), ROUTE, status);
            assert!(lines[0]["_aws"].is_object(), "{lines:?}");
        }
    }
}
