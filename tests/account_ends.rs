//! Where addresses have to be proven, an account that nobody proved and that founded nothing ends after 30 days.

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use local::{Bundle, Options};
use serde_json::{Value, json};
use shared::clock::now;

use crate::support::{Caller, Elsewhere, PASSWORD, link_token, mails_at, unique};

const USERS: &str = "/api/users";
const LOGIN: &str = "/api/auth/login";
const DAYS: u64 = 24 * 60 * 60;

struct World {
    bundle: Bundle,
    dynamodb: Client,
    anyone: Elsewhere,
}

impl World {
    async fn new(require_verified_email: bool) -> Self {
        let bundle = Bundle::start(&Options { require_verified_email, ..Options::in_memory() }).await.unwrap();
        let config = shared::dynamo::Table::client_config(Some(&bundle.dynamodb_url())).build();
        let anyone = Elsewhere { url: Some(bundle.url()), ..Elsewhere::default() };
        Self { bundle, dynamodb: Client::from_conf(config), anyone }
    }

    async fn sign_up(&self) -> (String, String) {
        let email = format!("{}@person.example", unique("grace"));
        let created = self.anyone.post(USERS, &sign_up(&email)).await.ok();
        (created["UserId"].as_str().unwrap().to_owned(), email)
    }

    async fn sign_in(&self, email: &str) -> (Elsewhere, String) {
        let answer = self.anyone.post(LOGIN, &json!({"Email": email, "Password": PASSWORD})).await.ok();
        let token = answer["AccessToken"].as_str().map(str::to_owned);
        (Elsewhere { token, ..self.anyone.clone() }, answer["UserId"].as_str().unwrap().to_owned())
    }

    /// The ends of the account's two items.
    async fn ends(&self, user: &str, email: &str) -> [Option<u64>; 2] {
        let mut ends = [None, None];
        for (end, (pk, sk)) in ends.iter_mut().zip(items(user, email)) {
            let call = self.dynamodb.get_item().table_name(Bundle::TABLE);
            let call = call.key("pk", AttributeValue::S(pk)).key("sk", AttributeValue::S(sk.to_owned()));
            let item = call.send().await.unwrap().item.unwrap();
            *end = item.get("expires_at").map(|end| end.as_n().unwrap().parse().unwrap());
        }
        ends
    }

    async fn set_end(&self, user: &str, email: &str, end: u64) {
        for (pk, sk) in items(user, email) {
            let call = self.dynamodb.update_item().table_name(Bundle::TABLE);
            let call = call.key("pk", AttributeValue::S(pk)).key("sk", AttributeValue::S(sk.to_owned()));
            let call = call.update_expression("SET expires_at = :end").condition_expression("attribute_exists(pk)");
            call.expression_attribute_values(":end", AttributeValue::N(end.to_string())).send().await.unwrap();
        }
    }
}

fn items(user: &str, email: &str) -> [(String, &'static str); 2] {
    [(format!("USER#{user}"), "USER"), (format!("EMAIL#{email}"), "EMAIL")]
}

fn sign_up(email: &str) -> Value {
    json!({"FirstName": "Grace", "LastName": "Hopper", "Email": email, "Password": PASSWORD})
}

#[tokio::test]
async fn an_account_that_nobody_verified_is_gone_after_thirty_days_and_its_address_is_free() {
    let world = World::new(true).await;
    for founds_anew in [false, true] {
        let (squatter, email) = world.sign_up().await;
        let [Some(account), Some(credential)] = world.ends(&squatter, &email).await else { panic!("there is no end") };
        assert!(account == credential && (now() + 29 * DAYS..=now() + 30 * DAYS).contains(&account), "{account}");
        let (signed_in, _) = world.sign_in(&email).await;
        assert_eq!(signed_in.get("/api/users/me").await.status, 200);
        let link = link_token(&mails_at(&world.anyone, &email, 1).await[0]);

        // The end has come, and DynamoDB hasn't deleted the items yet.
        world.set_end(&squatter, &email, now()).await;
        let login = json!({"Email": email, "Password": PASSWORD});
        world.anyone.post(LOGIN, &login).await.problem(401, "The e-mail address or the password is wrong.");
        assert_eq!(signed_in.get("/api/users/me").await.status, 401);
        let reset = json!({"Token": link, "Password": "a new password"});
        let dead = world.anyone.post("/api/auth/reset-password", &reset).await;
        dead.fields(&json!({"Token": ["is used, void or expired"]}));

        if founds_anew {
            let body = json!({"Organization": {"Name": unique("Org")}, "User": sign_up(&email)});
            world.anyone.post("/api/organizations", &body).await.ok();
        } else {
            world.anyone.post(USERS, &sign_up(&email)).await.ok();
        }
        let (owner, id) = world.sign_in(&email).await;
        assert_ne!(id, squatter);
        assert_eq!(owner.get("/api/users/me").await.ok()["Email"], email);
        assert_eq!(signed_in.get("/api/users/me").await.status, 401);
        assert_eq!(world.ends(&id, &email).await.map(|end| end.is_none()), [founds_anew; 2]);
    }
    world.bundle.stop().await;
}

#[tokio::test]
async fn an_account_has_no_end_once_its_address_is_verified_or_it_founds_an_organization() {
    let world = World::new(true).await;
    let (id, email) = world.sign_up().await;
    let link = link_token(&mails_at(&world.anyone, &email, 1).await[0]);
    let reset = json!({"Token": link, "Password": "a new password"});
    world.anyone.post("/api/auth/reset-password", &reset).await.ok();
    assert_eq!(world.ends(&id, &email).await, [None, None]);

    let (id, email) = world.sign_up().await;
    let body = json!({"Organization": {"Name": unique("Org")}, "User": sign_up(&email)});
    world.anyone.post("/api/organizations", &body).await.ok();
    assert_eq!(world.ends(&id, &email).await, [None, None]);
    assert_eq!(world.sign_in(&email).await.1, id);
    world.bundle.stop().await;
}

#[tokio::test]
async fn an_account_has_no_end_where_addresses_need_not_be_verified() {
    let world = World::new(false).await;
    let (id, email) = world.sign_up().await;
    assert_eq!(world.ends(&id, &email).await, [None, None]);

    // One from before that was so is neither promoted nor associated while it has an end: a role would outlive it.
    world.set_end(&id, &email, now() + DAYS).await;
    let founder = format!("{}@founder.example", unique("ada"));
    let body = json!({"Organization": {"Name": unique("Org")}, "User": sign_up(&founder)});
    let code = world.anyone.post("/api/organizations", &body).await.ok()["Slug"].clone();
    let login = json!({"Email": founder, "Password": PASSWORD, "OrgCode": code});
    let token = world.anyone.post(LOGIN, &login).await.ok()["AccessToken"].as_str().map(str::to_owned);
    let admin = Elsewhere { token, ..world.anyone.clone() };
    let not_proven = json!(["is of an account whose e-mail address isn't proven yet"]);
    let promotion = admin.post("/api/organizations/users/admins", &json!({"Email": email})).await;
    promotion.fields(&json!({"Email": not_proven}));
    let association = json!({"UserId": id, "CustomerNumber": "C-1"});
    let associated = admin.post("/api/organizations/users/associate-customer", &association).await;
    associated.fields(&json!({"UserId": not_proven}));
    world.bundle.stop().await;
}
