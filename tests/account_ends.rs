//! Where addresses have to be proven, an account that nobody proved ends after 30 days, and what it founded with it.

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use local::{Bundle, Options};
use reqwest::Method;
use serde_json::{Value, json};
use shared::clock::now;

use crate::support::{Caller, Elsewhere, PASSWORD, link_token, mails_at, start_bundle, unique};

const USERS: &str = "/api/users";
const LOGIN: &str = "/api/auth/login";
const NEW_PASSWORD: &str = "another good password";
const DAYS: u64 = 24 * 60 * 60;

struct World {
    bundle: Bundle,
    dynamodb: Client,
    anyone: Elsewhere,
}

impl World {
    async fn new(require_verified_email: bool) -> Self {
        let bundle = start_bundle(&Options { require_verified_email, ..Options::in_memory() }).await.unwrap();
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
        assert!(world.ends(&id, &email).await.iter().all(Option::is_some), "the next one has an end, too");
    }
    world.bundle.stop().await;
}

#[tokio::test]
async fn an_account_has_no_end_once_its_address_is_verified() {
    let world = World::new(true).await;
    let (id, email) = world.sign_up().await;
    let link = link_token(&mails_at(&world.anyone, &email, 1).await[0]);
    let reset = json!({"Token": link, "Password": "a new password"});
    world.anyone.post("/api/auth/reset-password", &reset).await.ok();
    assert_eq!(world.ends(&id, &email).await, [None, None]);
    world.bundle.stop().await;
}

/// An organization with its founder, and what it calls itself.
struct Founded {
    id: String,
    code: String,
    name: String,
    founder: String,
    email: String,
    admin: Elsewhere,
}

impl World {
    async fn found(&self, email: String) -> Founded {
        let name = unique("Org");
        let body = json!({"Organization": {"Name": name}, "User": sign_up(&email)});
        let created = self.anyone.post("/api/organizations", &body).await.ok();
        let (id, code) = (created["OrganizationId"].as_str().unwrap(), created["Slug"].as_str().unwrap());
        let login = json!({"Email": email, "Password": PASSWORD, "OrgCode": code});
        let signed_in = self.anyone.post(LOGIN, &login).await.ok();
        let token = signed_in["AccessToken"].as_str().map(str::to_owned);
        let admin = Elsewhere { token, ..self.anyone.clone() };
        let founder = signed_in["UserId"].as_str().unwrap().to_owned();
        Founded { id: id.to_owned(), code: code.to_owned(), name, founder, email, admin }
    }

    /// The ends of the organization, its name and its code.
    async fn ends_of(&self, organization: &Founded) -> [Option<u64>; 3] {
        let mut ends = [None; 3];
        for (end, (pk, sk)) in ends.iter_mut().zip(organization.items()) {
            let call = self.dynamodb.get_item().table_name(Bundle::TABLE);
            let call = call.key("pk", AttributeValue::S(pk)).key("sk", AttributeValue::S(sk.to_owned()));
            let item = call.send().await.unwrap().item.unwrap();
            *end = item.get("expires_at").map(|end| end.as_n().unwrap().parse().unwrap());
        }
        ends
    }

    async fn set_end_of(&self, organization: &Founded, end: u64) {
        for (pk, sk) in organization.items().into_iter().chain(items(&organization.founder, &organization.email)) {
            let call = self.dynamodb.update_item().table_name(Bundle::TABLE);
            let call = call.key("pk", AttributeValue::S(pk)).key("sk", AttributeValue::S(sk.to_owned()));
            let call = call.update_expression("SET expires_at = :end").condition_expression("attribute_exists(pk)");
            call.expression_attribute_values(":end", AttributeValue::N(end.to_string())).send().await.unwrap();
        }
    }

    /// The link that verifies the address.
    async fn verification_link(&self, email: &str) -> String {
        loop {
            let mails = mails_at(&self.anyone, email, 1).await;
            if let Some(mail) = mails.iter().find(|mail| mail["Subject"] == "Confirm your e-mail address") {
                return link_token(mail);
            }
        }
    }

    async fn prove(&self, email: &str, link: String) {
        let reset = json!({"Token": link, "Password": NEW_PASSWORD});
        self.anyone.post("/api/auth/reset-password", &reset).await.ok();
        let login = json!({"Email": email, "Password": NEW_PASSWORD});
        self.anyone.post(LOGIN, &login).await.ok();
    }
}

impl Founded {
    fn items(&self) -> [(String, &'static str); 3] {
        [
            (format!("ORG#{}", self.id), "#ORG"),
            (format!("ORGNAME#{}", self.name.to_lowercase()), "ORGNAME"),
            (format!("ORGCODE#{}", self.code), "ORGCODE"),
        ]
    }
}

#[tokio::test]
async fn an_organization_whose_founder_never_verified_the_address_is_gone_after_thirty_days_and_its_name_is_free() {
    let world = World::new(true).await;
    let squatted = world.found(format!("{}@founder.example", unique("ada"))).await;
    let ends = world.ends_of(&squatted).await;
    assert!(ends.iter().all(|end| *end == ends[0]), "{ends:?}");
    assert!((now() + 29 * DAYS..=now() + 30 * DAYS).contains(&ends[0].unwrap()), "{ends:?}");
    assert_eq!(world.ends(&squatted.founder, &squatted.email).await, [ends[0]; 2], "the founder ends with it");
    let machine = squatted.admin.post("/api/organizations/api-access", &json!({"Name": "ERP"})).await.ok();
    let tier = json!({"Name": "Gold", "CurrencyCode": "EUR"});
    assert_eq!(squatted.admin.post("/api/organizations/price-tiers", &tier).await.status, 200);

    // The end has come, and DynamoDB hasn't deleted the items yet.
    world.set_end_of(&squatted, now()).await;
    assert_eq!(squatted.admin.get("/api/organization").await.status, 401, "the founder is gone");
    let by_key = |method: Method, path: &str| {
        world.anyone.request(method, path).header("x-api-key", machine["ApiKey"].as_str().unwrap())
    };
    for request in [
        by_key(Method::GET, "/api/organization"),
        by_key(Method::POST, "/api/organizations/price-tiers").json(&json!({"Name": "Late", "CurrencyCode": "EUR"})),
        by_key(Method::PATCH, "/api/organization").json(&json!({"BillingCity": "Berlin"})),
    ] {
        world.anyone.send(request).await.problem(401, "The API key is not valid.");
    }
    let login = json!({
        "OrgCode": squatted.code, "ClientId": machine["ClientId"], "ClientSecret": machine["ClientSecret"],
    });
    assert_eq!(world.anyone.post(LOGIN, &login).await.status, 401);

    // The name and the address belong to whoever comes next.
    let user = sign_up(&squatted.email);
    let body = json!({"Organization": {"Name": squatted.name.to_uppercase()}, "User": user});
    let next = world.anyone.post("/api/organizations", &body).await.ok();
    assert_ne!(next["OrganizationId"], squatted.id.as_str());
    world.bundle.stop().await;
}

#[tokio::test]
async fn a_founder_who_verifies_the_address_keeps_every_organization_also_one_that_is_renamed_or_made_meanwhile() {
    let world = World::new(true).await;
    for round in 0..4 {
        let mut first = world.found(format!("{}@founder.example", unique("ada"))).await;
        let link = world.verification_link(&first.email).await;
        first.name = unique("Renamed");
        let rename = first.admin.request(Method::PATCH, "/api/organization").json(&json!({"Name": first.name}));
        let (renamed, second, ()) = tokio::join!(
            first.admin.send(rename),
            async {
                let body = json!({"Organization": {"Name": unique("Second")}, "User": sign_up(&first.email)});
                world.anyone.post("/api/organizations", &body).await
            },
            world.prove(&first.email, link),
        );
        if renamed.status != 200 {
            // The sign-in ended first: the name is as it was.
            assert_eq!(renamed.status, 401, "{round}: {renamed:?}");
            continue;
        }
        assert_eq!(world.ends_of(&first).await, [None; 3], "{round}");
        assert_eq!(world.ends(&first.founder, &first.email).await, [None; 2], "{round}");
        if second.status == 200 {
            let second = second.json();
            let text = |name: &str| second[name].as_str().unwrap().to_owned();
            let second = Founded { id: text("OrganizationId"), code: text("Slug"), name: text("Name"), ..first };
            assert_eq!(world.ends_of(&second).await, [None; 3], "{round}");
        }
    }
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

#[tokio::test]
async fn an_invitation_keeps_nobody_from_the_address_and_an_account_that_accepts_has_no_end() {
    let world = World::new(true).await;
    let founded = world.found(format!("{}@founder.example", unique("ada"))).await;
    world.prove(&founded.email, world.verification_link(&founded.email).await).await;
    let login = json!({"Email": founded.email, "Password": NEW_PASSWORD, "OrgCode": founded.code});
    let token = world.anyone.post(LOGIN, &login).await.ok()["AccessToken"].as_str().map(str::to_owned);
    let admin = Elsewhere { token, ..world.anyone.clone() };
    let invite = async || {
        let email = format!("{}@person.example", unique("grace"));
        let invitation = json!({"FirstName": "Grace", "LastName": "Hopper", "Email": email});
        let invited = admin.post(USERS, &invitation).await.ok()["UserId"].as_str().unwrap().to_owned();
        (email, invited)
    };
    let (email, invited) = invite().await;
    let signed_up = world.anyone.post(USERS, &sign_up(&email)).await.ok();
    assert_ne!(signed_up["UserId"], invited.as_str());

    let (email, invited) = invite().await;
    let link = link_token(&mails_at(&world.anyone, &email, 1).await[0]);
    let acceptance = json!({"Token": link, "Password": NEW_PASSWORD});
    let accepted = world.anyone.post("/api/invitations/accept", &acceptance).await.ok();
    assert_eq!(accepted["UserId"], invited.as_str());
    assert_eq!(world.ends(&invited, &email).await, [None, None]);
    world.bundle.stop().await;
}
