use reqwest::{Response, header::HeaderMap};
use serde_json::{Value, json};
use shared::problem::{FieldCode, ProblemCode};

use super::answered_codes;

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
        if answer.header("content-type") == "application/problem+json" {
            answered_codes::note(&answer.json());
        } else if let Ok(json) = serde_json::from_str(&answer.text) {
            answered_codes::note(&json);
        }
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
    pub(crate) fn is_problem(&self, status: u16, rest: &Value) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        let answered = self.json();
        let code = self.problem_code();
        assert_eq!(code.status().as_u16(), status, "{self:?}");
        let kind = answered["type"].as_str().unwrap();
        assert!(kind.ends_with(&format!("/problems#{}", code.as_str())) && kind.starts_with("http"), "{self:?}");
        let mut problem = json!({
            "type": kind,
            "title": code.title(),
            "status": status,
            "code": code.as_str(),
            "traceId": self.header("x-request-id"),
        });
        if let Some(codes) = answered.get("codes") {
            problem["codes"] = codes.clone();
            let lengths = |each: &Value| -> Vec<_> {
                each.as_object()
                    .unwrap()
                    .iter()
                    .map(|(name, all)| (name.clone(), all.as_array().unwrap().len()))
                    .collect()
            };
            assert_eq!(lengths(codes), lengths(&rest["errors"]), "a code for each sentence: {self:?}");
            let mut all = codes.as_object().unwrap().values().flat_map(|all| all.as_array().unwrap());
            assert!(all.all(|word| FieldCode::ALL.iter().any(|code| code.as_str() == word)), "{self:?}");
        } else {
            assert!(rest.get("errors").is_none(), "{self:?}");
        }
        problem.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        assert_eq!(answered, problem);
    }

    /// The code of a problem answer.
    #[track_caller]
    pub(crate) fn problem_code(&self) -> ProblemCode {
        let answered = self.json();
        let code = ProblemCode::ALL.iter().find(|code| code.as_str() == answered["code"]);
        *code.unwrap_or_else(|| panic!("a code of the catalogue: {self:?}"))
    }

    /// The code of each bad field.
    pub(crate) fn codes(&self) -> Value {
        self.json()["codes"].clone()
    }

    /// Sequential DynamoDB round trips that the call took.
    pub(crate) fn round_trips(&self) -> u32 {
        let costs = self.header("server-timing");
        let (_, rest) = costs.split_once("round_trips=").unwrap();
        rest.split_once(' ').unwrap().0.parse().unwrap()
    }
}
