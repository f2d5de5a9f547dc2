//! The mailbox, as a program and as a browser sees it.

use reqwest::Method;
use serde_json::json;

use crate::support::{Anonymous, Caller, Elsewhere, mails_to, server, tenant, tenant_named, unique};

#[tokio::test]
async fn the_mailbox_is_an_array_with_the_newest_mail_last() {
    let tenant = tenant().await;
    mails_to(&tenant.email, 1).await;
    let (_, grace) = tenant.second_admin().await;
    mails_to(&grace.email, 1).await;
    let mails = Anonymous.get("/_local/mailbox").await.ok();
    let place = |address: &str| mails.as_array().unwrap().iter().position(|mail| mail["To"] == address).unwrap();
    assert!(place(&tenant.email) < place(&grace.email));
    let mail = &mails[place(&grace.email)];
    let mut fields: Vec<_> = mail.as_object().unwrap().keys().map(String::as_str).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["Html", "SentAt", "Subject", "Text", "To"]);
    assert!(mail["SentAt"].as_str().unwrap().ends_with('Z'));
}

#[tokio::test]
async fn a_browser_gets_a_page_in_which_names_are_data() {
    let tenant = tenant_named(&unique("<script>alert('x')</script>")).await;
    let mail = &mails_to(&tenant.email, 1).await[0];
    assert!(!mail["Html"].as_str().unwrap().contains("<script>"), "{mail}");
    let request = Anonymous.request(Method::GET, "/_local/mailbox").header("accept", "text/html,application/xhtml+xml");
    let page = Anonymous.send(request).await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(page.text.contains(&tenant.email));
    assert!(!page.text.contains("<script>"));
}

#[tokio::test]
async fn the_mailbox_takes_what_the_ses_sdk_sends_and_refuses_other_messages() {
    let mailbox = Elsewhere { url: Some(server().ses_url.clone()), ..Elsewhere::default() };
    let answer = mailbox.post("/v2/email/outbound-emails", &json!({"Content": {"Raw": {"Data": "aGVsbG8="}}})).await;
    assert_eq!((answer.status, answer.header("x-amzn-errortype")), (400, "BadRequestException"));
}
