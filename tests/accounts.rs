//! `POST /api/users`.

use futures_util::future::join_all;
use serde_json::json;

use crate::support::{Anonymous, Caller, PASSWORD, unique};

const PATH: &str = "/api/users";

#[tokio::test]
async fn an_account_is_made_and_can_sign_in() {
    let email = format!("{}@Person.example", unique("Grace"));
    let body = json!({
        "FirstName": " Grace ", "LastName": "Hopper", "Email": email, "Password": PASSWORD, "PhoneNumber": "+1 555 0100",
    });
    let created = Anonymous.post(PATH, &body).await.ok();
    let id = created["UserId"].as_str().unwrap();
    let random = id.strip_prefix("kp_").unwrap();
    assert!(random.len() == 24 && random.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'z')), "{id}");
    assert_eq!(created, json!({"UserId": id, "Email": email, "FirstName": "Grace", "LastName": "Hopper"}));

    let login = json!({"Email": email.to_lowercase(), "Password": PASSWORD});
    assert_eq!(Anonymous.post("/api/auth/login", &login).await.ok()["UserId"], id);
}

#[tokio::test]
async fn every_bad_field_of_an_account_is_named_in_one_answer() {
    Anonymous.post(PATH, &json!({})).await.fields(&json!({
        "FirstName": ["is required"],
        "LastName": ["is required"],
        "Email": ["is required"],
        "Password": ["is required"],
    }));
    let body = json!({
        "FirstName": "x".repeat(101), "LastName": 1, "Email": "grace", "Password": "short", "PhoneNumber": "0".repeat(41),
    });
    Anonymous.post(PATH, &body).await.fields(&json!({
        "FirstName": ["must have at most 100 characters"],
        "LastName": ["must be a string"],
        "Email": ["must be an e-mail address"],
        "Password": ["must have 8 to 128 characters"],
        "PhoneNumber": ["must have at most 40 characters"],
    }));
    let email = format!("{}@person.example", unique("grace"));
    let body = json!({"FirstName": "Grace", "Email": email, "Password": email.to_uppercase()});
    Anonymous.post(PATH, &body).await.fields(&json!({
        "LastName": ["is required"],
        "Password": ["must not be the e-mail address"],
    }));
}

#[tokio::test]
async fn eight_sign_ups_of_one_address_in_any_case_make_one_account() {
    let email = format!("{}@person.example", unique("Grace"));
    let body =
        |email: String| json!({"FirstName": "Grace", "LastName": "Hopper", "Email": email, "Password": PASSWORD});
    let bodies: Vec<_> = (0..8).map(|n| body(if n % 2 == 0 { email.to_uppercase() } else { email.clone() })).collect();
    let answers = join_all(bodies.iter().map(|body| Anonymous.post(PATH, body))).await;
    let (created, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
    assert_eq!((created.len(), refused.len()), (1, 7));
    for answer in refused {
        answer.fields(&json!({"Email": ["has an account already"]}));
    }
}
