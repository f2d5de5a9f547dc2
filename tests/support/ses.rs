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
    routing::{get, post},
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
    account: Arc<Mutex<Account>>,
}

/// The account that sends.
struct Account {
    mood: Mood,
    sent: Vec<Value>,
    /// Mails that it may send in a second, and in a day.
    quota: (usize, i32),
}

impl Ses {
    pub(crate) async fn start(mood: Mood) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let ses = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            account: Arc::new(Mutex::new(Account { mood, sent: Vec::new(), quota: (1_000, -1) })),
        };
        let router = Router::new()
            .route("/v2/email/outbound-emails", post(send))
            .route("/v2/email/account", get(quota))
            .with_state(ses.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        ses
    }

    pub(crate) fn is(&self, mood: Mood) {
        self.account.lock().unwrap().mood = mood;
    }

    /// Says that the account may send so many mails a second, and in a day, which -1 leaves open.
    pub(crate) fn allows(&self, per_second: usize, a_day: i32) {
        self.account.lock().unwrap().quota = (per_second, a_day);
    }

    /// The requests of all mails that were sent.
    pub(crate) fn sent(&self) -> Vec<Value> {
        self.account.lock().unwrap().sent.clone()
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

async fn quota(State(ses): State<Ses>) -> Json<Value> {
    let account = ses.account.lock().unwrap();
    let (per_second, a_day) = account.quota;
    let quota = json!({"Max24HourSend": a_day, "MaxSendRate": per_second, "SentLast24Hours": account.sent.len()});
    Json(json!({"SendQuota": quota, "SendingEnabled": true}))
}

async fn send(State(ses): State<Ses>, Json(mail): Json<Value>) -> Response {
    let mut account = ses.account.lock().unwrap();
    let error = |status: StatusCode, kind: &'static str| {
        (status, [("x-amzn-errortype", kind)], Json(json!({"message": "as the test wants it"}))).into_response()
    };
    match account.mood {
        Mood::Sends => {
            account.sent.push(mail);
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
            account.sent.push(mail);
            error(StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure")
        }
        Mood::LosesAnswers => {
            account.sent.push(mail);
            // Not what SES answers: the client can't know what became of the mail.
            (StatusCode::OK, "gibberish").into_response()
        }
    }
}
