use std::time::Duration;

use serde_json::Value;

use super::{Caller, Elsewhere, server};

/// The mails to an address, once there are `count` of them.
pub(crate) async fn mails_to(address: &str, count: usize) -> Vec<Value> {
    let mailbox = Elsewhere { url: Some(server().mailbox_url.clone()), ..Elsewhere::default() };
    mails_at(&mailbox, address, count).await
}

/// Waits for `count` mails to the address in the mailbox that `caller` sees.
pub(crate) async fn mails_at(caller: &impl Caller, address: &str, count: usize) -> Vec<Value> {
    for _ in 0..500 {
        let mails = caller.get("/_local/mailbox").await.ok();
        let mut mails = mails.as_array().unwrap().clone();
        mails.retain(|mail| mail["To"] == address);
        if mails.len() >= count {
            return mails;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("there are not {count} mails to {address}");
}

/// The first mail to an address that brings a link, however many others come before it.
pub(crate) async fn mail_with_link(address: &str) -> Value {
    for _ in 0..500 {
        let mut mails = mails_to(address, 0).await.into_iter();
        if let Some(mail) = mails.find(|mail| mail["Text"].as_str().unwrap().contains("?token=")) {
            return mail;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("no mail with a link comes to {address}");
}

/// The token of the link that a mail brings.
pub(crate) fn link_token(mail: &Value) -> String {
    let text = mail["Text"].as_str().unwrap();
    let token = text.split("?token=").nth(1).unwrap().lines().next().unwrap();
    let html = mail["Html"].as_str().unwrap();
    assert!(html.contains(token) && html.contains("rel=\"noreferrer\""), "{html}");
    token.to_owned()
}
