//! A mailbox that speaks SES v2's `SendEmail` and shows what was sent.
//!
//! Source: Amazon SES API v2, `POST /v2/email/outbound-emails` and `GET /v2/email/account`.

use std::{
    io,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use askama::Template;
use aws_smithy_types::{DateTime, date_time::Format};
use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::{ids, problem::Problem};

use crate::{data::Journal, mail_simulator::MailSimulator, web};

/// Mails have styles of their own, and their pictures are elsewhere. They run no script.
const POLICY: &str = "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src https: data:; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// Every mail that was sent on this machine.
#[derive(Clone, Default)]
pub(crate) struct Mailbox {
    kept: Arc<Mutex<Kept>>,
    simulator: MailSimulator,
}

#[derive(Default)]
struct Kept {
    mails: Vec<SentMail>,
    journal: Option<Journal>,
}

/// A mail as its reader sees it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SentMail {
    to: String,
    subject: String,
    text: String,
    html: String,
    sent_at: String,
}

impl SentMail {
    /// The mail's HTML, whose links open tabs of their own: in its frame, no page lets itself be shown.
    fn in_new_tabs(&self) -> String {
        self.html.replacen("<head>", "<head><base target=\"_blank\">", 1)
    }
}

impl Mailbox {
    /// The mailbox whose mails are kept in the file at `path`.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let (journal, lines) = Journal::open(path)?;
        let mails = lines.iter().map(|line| serde_json::from_str(line)).collect::<Result<_, _>>()?;
        let kept = Arc::new(Mutex::new(Kept { mails, journal: Some(journal) }));
        Ok(Self { kept, simulator: MailSimulator::default() })
    }

    /// Returns what bounces and complaints come of.
    pub(crate) fn simulator(&self) -> &MailSimulator {
        &self.simulator
    }

    /// Shows the mails, on the API's port.
    pub(crate) fn page(self) -> Router {
        Router::new().route("/_local/mailbox", get(show_mailbox)).with_state(self)
    }

    /// Takes mails as SES does, on a port of its own. On the API's port any page could forge a mail: one whose link
    /// leads elsewhere, for example.
    pub(crate) fn ses(self) -> Router {
        Router::new()
            .route("/v2/email/outbound-emails", post(send_email))
            .route("/v2/email/account", get(get_account))
            .with_state(self)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, mail: SentMail) -> io::Result<()> {
        let mut kept = self.kept();
        if let Some(journal) = &mut kept.journal {
            journal.add(&serde_json::to_string(&mail)?)?;
        }
        kept.mails.push(mail);
        Ok(())
    }
}

/// The fields of a `SendEmail` request that the mailbox reads.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SendEmail {
    destination: Destination,
    content: EmailContent,
    #[serde(default)]
    email_tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    name: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Destination {
    to_addresses: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EmailContent {
    simple: Message,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Message {
    subject: Content,
    body: Body,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Body {
    text: Content,
    html: Content,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Content {
    data: String,
}

/// Says that the mailbox takes any number of mails.
async fn get_account() -> Json<Value> {
    let quota = json!({"Max24HourSend": -1.0, "MaxSendRate": 1_000.0, "SentLast24Hours": 0.0});
    Json(json!({"SendQuota": quota, "SendingEnabled": true, "ProductionAccessEnabled": true}))
}

async fn send_email(State(mailbox): State<Mailbox>, body: String) -> Result<Response, Problem> {
    let Ok(request) = serde_json::from_str::<SendEmail>(&body) else {
        let message = json!({"message": "Only simple messages with a text and an HTML part are taken here."});
        let kind = [("x-amzn-errortype", "BadRequestException")];
        return Ok((StatusCode::BAD_REQUEST, kind, Json(message)).into_response());
    };
    let sent_at = DateTime::from(std::time::SystemTime::now()).fmt(Format::DateTime).unwrap_or_default();
    let Message { subject, body } = request.content.simple;
    let tags = request.email_tags.into_iter().map(|tag| (tag.name, json!([tag.value]))).collect();
    let mail = SentMail {
        to: request.destination.to_addresses.join(", "),
        subject: subject.data,
        text: body.text.data,
        html: body.html.data,
        sent_at,
    };
    mailbox.keep(mail).map_err(|error| Problem::internal(&error))?;
    for to in &request.destination.to_addresses {
        mailbox.simulator.take(to, &tags);
    }
    Ok(Json(json!({"MessageId": ids::random_id(24)})).into_response())
}

#[derive(Template)]
#[template(path = "mailbox.html")]
struct MailboxPage<'a> {
    mails: &'a [SentMail],
}

async fn show_mailbox(State(mailbox): State<Mailbox>, headers: HeaderMap) -> Result<Response, Problem> {
    let accepts = headers.get(header::ACCEPT).and_then(|accepts| accepts.to_str().ok()).unwrap_or_default();
    let kept = mailbox.kept();
    if accepts.contains("text/html") {
        return web::page_by(POLICY, &MailboxPage { mails: &kept.mails });
    }
    Ok(Json(&kept.mails).into_response())
}
