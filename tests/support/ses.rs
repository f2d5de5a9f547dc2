//! SES v2's `SendEmail`, in whatever state a test wants it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What SES does with a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Sends,
    Throttles,
    Fails,
    Refuses,
    /// Takes the mail, and the answer is lost.
    LosesAnswers,
    /// Takes the mail, and answers with an internal failure.
    TakesAndFails,
    /// Hasn't verified the sender yet.
    KnowsNoSender,
}

#[derive(Clone)]
pub(crate) struct Ses {
    pub(crate) url: String,
    state: Arc<Mutex<(Mood, Vec<Value>)>>,
}

impl Ses {
    pub(crate) async fn start(mood: Mood) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let ses = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            state: Arc::new(Mutex::new((mood, Vec::new()))),
        };
        let router = Router::new().route("/v2/email/outbound-emails", post(send)).with_state(ses.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        ses
    }

    pub(crate) fn is(&self, mood: Mood) {
        self.state.lock().unwrap().0 = mood;
    }

    /// The requests of all mails that were sent.
    pub(crate) fn sent(&self) -> Vec<Value> {
        self.state.lock().unwrap().1.clone()
    }

    /// How often each address was sent to.
    pub(crate) fn sends(&self) -> BTreeMap<String, usize> {
        let mut sends = BTreeMap::new();
        for mail in self.sent() {
            *sends.entry(mail["Destination"]["ToAddresses"][0].as_str().unwrap().to_owned()).or_default() += 1;
        }
        sends
    }
}

async fn send(State(ses): State<Ses>, Json(mail): Json<Value>) -> Response {
    let mut state = ses.state.lock().unwrap();
    let error = |status: StatusCode, kind: &'static str| {
        (status, [("x-amzn-errortype", kind)], Json(json!({"message": "as the test wants it"}))).into_response()
    };
    match state.0 {
        Mood::Sends => {
            state.1.push(mail);
            Json(json!({"MessageId": "0100"})).into_response()
        }
        Mood::Throttles => error(StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException"),
        Mood::Fails => error(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable"),
        Mood::Refuses => error(StatusCode::BAD_REQUEST, "MessageRejected"),
        Mood::KnowsNoSender => {
            let message =
                json!({"message": "Email address is not verified. The following identities failed the check"});
            (StatusCode::BAD_REQUEST, [("x-amzn-errortype", "MessageRejected")], Json(message)).into_response()
        }
        Mood::TakesAndFails => {
            state.1.push(mail);
            error(StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure")
        }
        Mood::LosesAnswers => {
            state.1.push(mail);
            // Not what SES answers: the client can't know what became of the mail.
            (StatusCode::OK, "gibberish").into_response()
        }
    }
}
