//! The ports of `cargo run`: open to programs on this machine, and closed to web pages that a browser on it shows.

use std::collections::BTreeSet;

use local::{Bundle, Options};
use reqwest::{Client, Method, RequestBuilder, Response, header};
use serde_json::{Value, json};
use shared::problem::ProblemCode;

use crate::support::answered_codes;

const EVIL: &str = "https://evil.example";
const NO_PAGES: &str = "Web pages may not use this port.";
const OTHER_HOST: &str = "This host is not served here; `--allow-host` adds one.";

async fn bundle() -> Bundle {
    Bundle::start(&Options::in_memory()).await.unwrap()
}

/// A scan of the whole table, as any DynamoDB tool sends it.
fn scan(bundle: &Bundle) -> RequestBuilder {
    let signature =
        "AWS4-HMAC-SHA256 Credential=any/20261129/any/dynamodb/aws4_request, SignedHeaders=host, Signature=any";
    Client::new()
        .post(bundle.dynamodb_url())
        .header("x-amz-target", "DynamoDB_20120810.Scan")
        .header("x-amz-date", "20261129T000000Z")
        .header(header::AUTHORIZATION, signature)
        .header(header::CONTENT_TYPE, "application/x-amz-json-1.0")
        .body(json!({"TableName": Bundle::TABLE}).to_string())
}

fn mail(to: &str) -> Value {
    let content = |data: &str| json!({"Data": data});
    json!({
        "Destination": {"ToAddresses": [to]},
        "Content": {"Simple": {
            "Subject": content("Hello"), "Body": {"Text": content("Hello"), "Html": content("<p>Hello</p>")},
        }},
    })
}

/// Asserts a whole refusal, which no page may read.
async fn refused(answer: Response, status: u16, detail: &str) {
    assert_eq!(answer.status(), status, "{answer:?}");
    let headers = answer.headers().clone();
    assert!(headers.keys().all(|name| !name.as_str().starts_with("access-control-")), "{headers:?}");
    assert_eq!(headers[header::CONTENT_TYPE], "application/problem+json");
    let code = if status == 403 { ProblemCode::WebPageRefused } else { ProblemCode::MisdirectedRequest };
    let expected = json!({
        "type": "about:blank", "title": code.title(), "status": status, "code": code.as_str(), "detail": detail,
        "traceId": headers["x-request-id"].to_str().unwrap(),
    });
    let answered = answer.json::<Value>().await.unwrap();
    answered_codes::note(&answered);
    assert_eq!(answered, expected);
}

#[tokio::test]
async fn no_web_page_reads_or_writes_the_table() {
    let bundle = bundle().await;
    let answer = scan(&bundle).send().await.unwrap();
    assert_eq!(answer.status(), 200, "a tool does");
    let scanned: Value = answer.json().await.unwrap();
    assert!(scanned["Items"].as_array().is_some_and(|items| !items.is_empty()), "{scanned}");

    for origin in [EVIL, "null", &bundle.url()] {
        refused(scan(&bundle).header(header::ORIGIN, origin).send().await.unwrap(), 403, NO_PAGES).await;
        let preflight = Client::new()
            .request(Method::OPTIONS, bundle.dynamodb_url())
            .header(header::ORIGIN, origin)
            .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
            .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "x-amz-target,authorization,content-type");
        refused(preflight.send().await.unwrap(), 403, NO_PAGES).await;
    }
    bundle.stop().await;
}

#[tokio::test]
async fn no_port_answers_under_the_name_of_a_web_page() {
    let bundle = bundle().await;
    let requests = || {
        let get = |url: String| Client::new().get(url);
        let sent = Client::new().post(format!("{}/v2/email/outbound-emails", bundle.ses_url()));
        [
            get(format!("{}/_local/mailbox", bundle.url())),
            get(format!("{}/health", bundle.url())),
            get(format!("{}/nowhere", bundle.url())),
            scan(&bundle),
            sent.json(&mail("ada@acme.example")),
        ]
    };
    let api = bundle.url().rsplit(':').next().unwrap().to_owned();
    for host in ["evil.example", &format!("evil.example:{api}"), "127.0.0.1.evil.example", "localhost.evil.example"] {
        for request in requests() {
            refused(request.header(header::HOST, host).send().await.unwrap(), 421, OTHER_HOST).await;
        }
    }
    for host in ["127.0.0.1", "localhost", "[::1]", &format!("LOCALHOST:{api}")] {
        let mut statuses = BTreeSet::new();
        for request in requests() {
            statuses.insert(request.header(header::HOST, host).send().await.unwrap().status().as_u16());
        }
        assert_eq!(statuses, BTreeSet::from([200, 404]), "{host}");
    }
    bundle.stop().await;
}

#[tokio::test]
async fn a_proxys_name_is_served_where_it_is_allowed() {
    let options = Options { allow_host: vec!["api.acme.example".to_owned()], ..Options::in_memory() };
    let bundle = Bundle::start(&options).await.unwrap();
    let get = async |host: &str| {
        let request = Client::new().get(format!("{}/health", bundle.url())).header(header::HOST, host);
        request.send().await.unwrap()
    };
    assert_eq!(get("API.acme.example:8443").await.status(), 200);
    assert_eq!(get("localhost").await.status(), 200);
    refused(get("acme.example").await, 421, OTHER_HOST).await;
    bundle.stop().await;
}

#[tokio::test]
async fn mails_are_taken_on_a_port_of_their_own_which_no_web_page_uses() {
    let bundle = bundle().await;
    let send =
        |url: String| Client::new().post(format!("{url}/v2/email/outbound-emails")).json(&mail("ada@acme.example"));
    assert_eq!(send(bundle.url()).send().await.unwrap().status(), 404);
    refused(send(bundle.ses_url()).header(header::ORIGIN, EVIL).send().await.unwrap(), 403, NO_PAGES).await;
    // A form's own types need no preflight.
    let plain = Client::new()
        .post(format!("{}/v2/email/outbound-emails", bundle.ses_url()))
        .header(header::ORIGIN, EVIL)
        .header(header::CONTENT_TYPE, "text/plain")
        .body(mail("ada@acme.example").to_string());
    refused(plain.send().await.unwrap(), 403, NO_PAGES).await;
    let mailbox = async || -> Value {
        reqwest::get(format!("{}/_local/mailbox", bundle.url())).await.unwrap().json().await.unwrap()
    };
    assert_eq!(mailbox().await, json!([]));
    assert_eq!(send(bundle.ses_url()).send().await.unwrap().status(), 200);
    assert_eq!(mailbox().await[0]["To"], "ada@acme.example");
    bundle.stop().await;
}

#[tokio::test]
async fn a_page_of_the_apis_own_origin_uses_the_api() {
    let bundle = bundle().await;
    // As the page of a mailed link sends it.
    let request = Client::new()
        .post(format!("{}/api/auth/reset-password", bundle.url()))
        .header(header::ORIGIN, bundle.url())
        .json(&json!({"Token": "made-up", "Password": "correct horse battery"}));
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 400);
    let answer: Value = answer.json().await.unwrap();
    assert!(answer["errors"]["Token"].is_array(), "the API itself answers: {answer}");
    bundle.stop().await;
}
