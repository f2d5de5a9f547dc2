use reqwest::{Response, StatusCode, header::HeaderMap};
use serde_json::{Value, json};

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) async fn of(response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let answer = Self { status, headers, text: response.text().await.unwrap() };
        assert!(answer.header("x-request-id").len() >= 8, "every answer has its request's id: {answer:?}");
        answer
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The body of a 200.
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        assert_eq!(self.header("content-type"), "application/json");
        self.json()
    }

    /// Asserts a whole problem answer that says `detail`.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, detail: &str) {
        self.is_problem(status, &json!({"detail": detail}));
    }

    /// Asserts a whole problem answer that says nothing beyond its status.
    #[track_caller]
    pub(crate) fn bare_problem(&self, status: u16) {
        self.is_problem(status, &json!({}));
    }

    /// Asserts a whole 400 that names these fields and no other.
    #[track_caller]
    pub(crate) fn fields(&self, errors: &Value) {
        let detail = "Some fields are missing or can't be used.";
        self.is_problem(400, &json!({"detail": detail, "errors": errors}));
    }

    #[track_caller]
    fn is_problem(&self, status: u16, rest: &Value) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        let title = StatusCode::from_u16(status).unwrap().canonical_reason();
        let mut problem = json!({
            "type": "about:blank",
            "title": title,
            "status": status,
            "traceId": self.header("x-request-id"),
        });
        problem.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        assert_eq!(self.json(), problem);
    }

    /// Sequential DynamoDB round trips that the call took.
    pub(crate) fn round_trips(&self) -> u32 {
        let costs = self.header("server-timing");
        let (_, rest) = costs.split_once("round_trips=").unwrap();
        rest.split_once(' ').unwrap().0.parse().unwrap()
    }
}
