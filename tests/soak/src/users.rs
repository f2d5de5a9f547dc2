//! People who found organizations, are admins and buy for customers.

use aws_sdk_dynamodb::Client;
use local::Bundle;
use serde_json::{Value, json};
use shared::ids::{UserId, random_id};

use crate::api::{Api, Request};

/// The password of every account.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A person with an account, who is signed in.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) email: String,
    /// A user token.
    pub(crate) token: String,
}

impl User {
    /// Makes an account.
    pub(crate) async fn sign_up(api: &Api) -> Self {
        let email = format!("{}@soak.example", random_id(14).to_lowercase());
        let created = api.insist(&Request::post("/api/users", of(&email)).once(random_id(20))).await;
        let signed_in = Request::post("/api/auth/login", json!({"Email": email, "Password": PASSWORD}));
        let token = api.insist(&signed_in).await.text("AccessToken");
        Self { id: created.text("UserId"), email, token }
    }

    /// What the person sends to found an organization.
    pub(crate) fn founder(&self) -> Value {
        of(&self.email)
    }

    /// A token for the organization of this code, in which the user has a role.
    pub(crate) async fn token_for(&self, api: &Api, code: &str) -> String {
        let request = Request::post("/api/auth/access", json!({"OrgCode": code})).by(&self.token);
        api.insist(&request).await.text("AccessToken")
    }
}

fn of(email: &str) -> Value {
    json!({"FirstName": "Ada", "LastName": "Lovelace", "Email": email, "Password": PASSWORD})
}

/// An account without a password, put straight into the table: an association asks that the account exists, and a
/// password's hash takes longer than the rest. Returns its id.
pub(crate) async fn made_up_account(engine: &Client) -> String {
    let id = UserId::random().to_string();
    let email = format!("{id}@still.example");
    let names = json!({"user_id": id, "email": email, "first_name": "Still", "last_name": "Standing"});
    let of_account = json!({"pk": format!("USER#{id}"), "sk": "USER", "entity": "account", "created_at": ""});
    let of_credential = json!({"pk": format!("EMAIL#{email}"), "sk": "EMAIL", "entity": "credential"});
    for mut item in [of_account, of_credential] {
        item.as_object_mut().unwrap().extend(names.as_object().unwrap().clone());
        let item = serde_dynamo::to_item(item).unwrap();
        engine.put_item().table_name(Bundle::TABLE).set_item(Some(item)).send().await.unwrap();
    }
    id
}
