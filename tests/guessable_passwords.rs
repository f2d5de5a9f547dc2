//! Passwords that are guessed first are refused wherever a password is set.

use serde_json::{Value, json};

use crate::support::{Anonymous, Caller, PASSWORD, link_token, mails_to, person, tenant, unique};

const COMMON: &str = "is one of the passwords that everybody tries first";
const PUBLIC: &str = "must not be a name or a part of the e-mail address, also with digits after it";

/// Passwords, each with what is said of it where the owner is Grace Hopper at `initech.example`.
const GUESSABLE: [(&str, &str); 9] = [
    ("password", COMMON),
    ("PASSWORD1", COMMON),
    ("12345678", COMMON),
    ("qwertyuiop", COMMON),
    ("aaaaaaaa", COMMON),
    ("initech1234", PUBLIC),
    ("Initech-2026!", PUBLIC),
    ("gracehopper", PUBLIC),
    ("Hopper1906!", PUBLIC),
];
/// The example that the platform documents, which is accepted, and one that only begins with a name.
const ACCEPTED: [&str; 2] = ["Password1234!", "initech and more"];

fn grace(password: &str) -> Value {
    let email = format!("{}@initech.example", unique("g"));
    json!({"FirstName": "Grace", "LastName": "Hopper", "Email": email, "Password": password})
}

#[tokio::test]
async fn a_sign_up_with_a_password_that_is_guessed_first_is_refused() {
    for (password, fault) in GUESSABLE {
        Anonymous.post("/api/users", &grace(password)).await.fields(&json!({"Password": [fault]}));
    }
    for password in ACCEPTED {
        Anonymous.post("/api/users", &grace(password)).await.ok();
    }
    let bad = json!({"FirstName": "", "LastName": "Hopper", "Email": "grace", "Password": "hopper42"});
    Anonymous.post("/api/users", &bad).await.fields(&json!({
        "FirstName": ["must have 1 to 100 characters"],
        "Email": ["must be an e-mail address"],
        "Password": [PUBLIC],
    }));
}

#[tokio::test]
async fn a_founder_with_a_password_that_is_guessed_first_is_refused() {
    let creation = |name: &str, password: &str| json!({"Organization": {"Name": name}, "User": grace(password)});
    for (password, fault) in GUESSABLE {
        let refused = Anonymous.post("/api/organizations", &creation(&unique("Org"), password)).await;
        refused.fields(&json!({"User.Password": [fault]}));
    }
    let name = unique("Vandelay Industries");
    for password in [name.to_uppercase(), "vandelay1".to_owned(), "INDUSTRIES99".to_owned()] {
        let refused = Anonymous.post("/api/organizations", &creation(&name, &password)).await;
        refused.fields(&json!({"User.Password": [PUBLIC]}));
    }
    Anonymous.post("/api/organizations", &creation(&name, "Password1234!")).await.ok();
}

#[tokio::test]
async fn a_change_to_a_password_that_is_guessed_first_is_refused() {
    let grace = person().await;
    let user = grace.signed_in().await;
    for (password, fault) in [("password", COMMON), ("person123", PUBLIC), ("Grace-Hopper", PUBLIC)] {
        let change = json!({"OldPassword": PASSWORD, "Password": password});
        user.post("/api/users/me/password", &change).await.fields(&json!({"Password": [fault]}));
    }
    let change = json!({"OldPassword": PASSWORD, "Password": "Password1234!"});
    user.post("/api/users/me/password", &change).await.ok();
}

#[tokio::test]
async fn a_mailed_link_sets_no_password_that_is_guessed_first() {
    let grace = person().await;
    Anonymous.post("/api/auth/forgot-password", &json!({"Email": grace.email})).await;
    let invited = format!("{}@initech.example", unique("i"));
    let invitation = json!({"FirstName": "Grace", "LastName": "Hopper", "Email": invited});
    tenant().await.admin.post("/api/users", &invitation).await.ok();
    for (address, password, fault) in [(&grace.email, "12345678", COMMON), (&invited, "initech1", PUBLIC)] {
        let token = link_token(&mails_to(address, 1).await[0]);
        let reset = async |password: &str| {
            Anonymous.post("/api/auth/reset-password", &json!({"Token": token, "Password": password})).await
        };
        reset(password).await.fields(&json!({"Password": [fault]}));
        reset("hopper42").await.fields(&json!({"Password": [PUBLIC]}));
        // The link is as good as before.
        reset("Password1234!").await.ok();
    }
}
