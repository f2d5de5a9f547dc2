use std::time::Duration;

use serde_json::Value;

use super::{Anonymous, Caller};

/// The mails to an address, once there are `count` of them.
pub(crate) async fn mails_to(address: &str, count: usize) -> Vec<Value> {
    for _ in 0..500 {
        let mails = Anonymous.get("/_local/mailbox").await.ok();
        let mut mails = mails.as_array().unwrap().clone();
        mails.retain(|mail| mail["To"] == address);
        if mails.len() >= count {
            return mails;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("there are not {count} mails to {address}");
}
