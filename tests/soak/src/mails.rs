//! A mailbox that takes mails as SES does, and finds them by their address.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    extract::State,
    routing::{get, post},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What was sent.
#[derive(Default)]
struct Sent {
    /// The texts of the mails to each address.
    texts: HashMap<String, Vec<String>>,
    /// How often each mail was sent, by its id in the outbox.
    sends: HashMap<String, usize>,
}

/// The mailbox.
#[derive(Clone, Default)]
pub(crate) struct Mails(Arc<Mutex<Sent>>);

impl Mails {
    /// Starts the mailbox, and returns its address too.
    pub(crate) async fn start() -> (Self, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mails = Self::default();
        let account = get(async || {
            let quota = json!({"Max24HourSend": -1.0, "MaxSendRate": 1_000.0, "SentLast24Hours": 0.0});
            Json(json!({"SendQuota": quota, "SendingEnabled": true}))
        });
        let router = Router::new()
            .route("/v2/email/outbound-emails", post(send))
            .route("/v2/email/account", account)
            .with_state(mails.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (mails, url)
    }

    /// The tokens of the links that were mailed to an address.
    pub(crate) fn link_tokens(&self, address: &str) -> Vec<String> {
        let sent = self.0.lock().unwrap();
        let texts = sent.texts.get(address).into_iter().flatten();
        let tokens = texts.filter_map(|text| text.split("?token=").nth(1)?.lines().next());
        tokens.map(str::to_owned).collect()
    }

    /// How often the mail of this id was sent.
    pub(crate) fn sends_of(&self, id: &str) -> usize {
        self.0.lock().unwrap().sends.get(id).copied().unwrap_or_default()
    }

    /// How many mails were sent, and how many of them once more.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let sent = self.0.lock().unwrap();
        let all: usize = sent.sends.values().sum();
        (all, all - sent.sends.len())
    }
}

async fn send(State(mails): State<Mails>, Json(mail): Json<Value>) -> Json<Value> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let message = &mail["Content"]["Simple"];
    let mut sent = mails.0.lock().unwrap();
    *sent.sends.entry(text(&message["Headers"][0]["Value"])).or_default() += 1;
    let address = text(&mail["Destination"]["ToAddresses"][0]);
    sent.texts.entry(address).or_default().push(text(&message["Body"]["Text"]["Data"]));
    Json(json!({"MessageId": "0100"}))
}
