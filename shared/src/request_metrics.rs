//! Metrics that CloudWatch takes from the line of a request itself.
//!
//! Source: Amazon CloudWatch User Guide, *Specification: Embedded metric format*.

use std::{
    fmt,
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::json;
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::{Format, Json, Writer},
    },
    registry::LookupSpan,
};

/// The target of the line of a request. Every number of it that is a metric is a field.
pub(crate) const TARGET: &str = "request";

/// Formats events as JSON lines, and says in the line of a request which of its fields are metrics.
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
        let namespace = self.namespace.as_deref().filter(|_| event.metadata().target() == TARGET);
        let Some(namespace) = namespace else { return self.json.format_event(context, writer, event) };
        let mut line = String::new();
        self.json.format_event(context, Writer::new(&mut line), event)?;
        let fields = line.strip_prefix('{').ok_or(fmt::Error)?;
        write!(writer, "{{\"_aws\":{},{fields}", metadata(namespace))
    }
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

    /// The lines of a request and of something else.
    fn logged(namespace: Option<&str>) -> Vec<Value> {
        let lines = Lines::default();
        let to = lines.clone();
        let layer = telemetry::json_lines(namespace.map(str::to_owned)).with_writer(move || to.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer.boxed()), || {
            let _entered = tracing::error_span!("request", request_id = "r1").entered();
            let (method, route) = ("GET", "/api/organization");
            tracing::info!(target: TARGET, method, route, milliseconds = 3, units = 2.0, attempts = 1, "answered");
            tracing::info!(milliseconds = 3, "something else");
        });
        let text = String::from_utf8(lock(&lines.0).clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn the_line_of_a_request_names_its_metrics_and_has_each_of_them_and_each_dimension() {
        let lines = logged(Some("organizations"));
        let [request, other] = &lines[..] else { panic!("{lines:?}") };
        assert!(other["_aws"].is_null() && other["message"] == "something else", "{other}");
        let [directive] = &request["_aws"]["CloudWatchMetrics"].as_array().unwrap()[..] else { panic!("{request}") };
        assert_eq!(directive["Namespace"], "organizations");
        assert_eq!(directive["Dimensions"], json!([["method", "route"], []]));
        for metric in directive["Metrics"].as_array().unwrap() {
            assert!(request[metric["Name"].as_str().unwrap()].is_number(), "{metric} in {request}");
        }
        assert_eq!((&request["method"], &request["route"]), (&json!("GET"), &json!("/api/organization")));
        assert_eq!((&request["message"], &request["span"]["request_id"]), (&json!("answered"), &json!("r1")));
        // Older than two weeks, or two hours ahead, CloudWatch takes no metric.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        assert!(request["_aws"]["Timestamp"].as_u64().unwrap() / 1_000 >= now - 60, "{request}");
    }

    #[test]
    fn without_a_namespace_a_line_names_no_metrics() {
        assert!(logged(None).iter().all(|line| line["_aws"].is_null()));
    }
}
