//! Each file in `events/`, done by the real binary of its function, as `cargo lambda invoke` does it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use emulator::deployed_routes;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Caller, Deployment, Elsewhere, OPERATOR_KEY, STRIPE_SECRET, check_example, link_token, mails_at, stripe_signature,
};

fn directory() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../events")
}

/// The names of the events.
fn names() -> BTreeSet<String> {
    let files = fs::read_dir(directory()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    files.filter_map(|name| Some(name.strip_suffix(".json")?.to_owned())).collect()
}

struct World {
    deployment: Deployment,
    /// What the words in the events stand for, such as `TOKEN`.
    words: BTreeMap<&'static str, String>,
    done: BTreeSet<String>,
    /// The document's operations, whose answers are its examples.
    operations: BTreeSet<String>,
}

impl World {
    /// Does an event and gives its answer's body.
    async fn does(&mut self, name: &str, status: u64) -> Value {
        let mut text = fs::read_to_string(directory().join(format!("{name}.json"))).unwrap();
        // A longer word may hold a shorter one.
        let mut words: Vec<_> = self.words.iter().collect();
        words.sort_by_key(|(word, _)| std::cmp::Reverse(word.len()));
        for (word, value) in words {
            text = text.replace(word, value);
        }
        let event: Value = serde_json::from_str(&text).unwrap();
        let signature = || stripe_signature(STRIPE_SECRET, event["body"].as_str().unwrap(), shared::clock::now());
        if text.contains("STRIPE_SIGNATURE") {
            text = text.replace("STRIPE_SIGNATURE", &signature());
        }
        let route = event["routeKey"].as_str().unwrap();
        let path = route.strip_prefix("ANY ").unwrap_or(route);
        let function = deployed_routes().into_iter().find(|route| route.path == path).unwrap().function;
        let function = self.deployment.gateway.function(&function).unwrap();
        let answer = function.invoke(text.into()).await.unwrap();
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        assert_eq!(answer["statusCode"], status, "{name}: {answer}");
        let body = serde_json::from_str(answer["body"].as_str().unwrap_or_default()).unwrap_or(Value::Null);
        if self.done.insert(name.to_owned())
            && (200..300).contains(&status)
            && self.operations.contains(name)
            && body.get("openapi").is_none()
            && !body.is_null()
        {
            check_example(name, &body, &self.deployment.server.url);
        }
        body
    }

    fn admin(&self) -> Elsewhere {
        Elsewhere {
            url: Some(self.deployment.server.url.clone()),
            token: self.words.get("TOKEN").cloned(),
            source: None,
        }
    }

    fn word(&mut self, word: &'static str, value: &Value) {
        self.words.insert(word, value.as_str().unwrap().to_owned());
    }
}

#[tokio::test]
async fn every_event_is_answered_by_the_real_binary_as_the_contract_says() {
    let mut world = World {
        deployment: Deployment::start(false).await,
        words: BTreeMap::new(),
        done: BTreeSet::new(),
        operations: operations(),
    };
    for public in [
        "check-health",
        "get-openapi-document",
        "show-problems",
        "get-key-set",
        "get-issuer-metadata",
        "get-server-metadata",
        "show-password-page",
        "show-email-page",
        "show-invitation-page",
    ] {
        world.does(public, 200).await;
    }
    let created = world.does("create-organization", 200).await;
    world.word("ORG_CODE", &created["IdentityOrganizationId"]);
    world.word("ORGANIZATION_ID", &created["OrganizationId"]);
    world.word("OPERATOR_KEY", &json!(OPERATOR_KEY));
    for name in ["put-subscription", "end-subscription", "receive-stripe-event"] {
        world.does(name, 200).await;
    }
    let signed_in = world.does("sign-in", 200).await;
    world.word("USER_TOKEN", &signed_in["AccessToken"]);
    let access = world.does("exchange-token", 200).await;
    assert_eq!(access["Roles"], json!(["admin"]));
    world.word("TOKEN", &access["AccessToken"]);

    let grace = world.does("create-user", 200).await;
    world.word("USER_ID", &grace["UserId"]);
    for (name, status) in [
        ("promote-admin", 200),
        ("list-admins", 200),
        ("create-price-tier", 200),
        ("replace-price-tier", 200),
        ("update-price-tier", 200),
        ("list-price-tiers", 200),
        ("delete-price-tier", 400),
        ("put-customer", 200),
        ("import-customers", 200),
        ("update-customer", 200),
        ("update-customer-by-query", 200),
        ("get-customer", 200),
        ("list-customers", 200),
        ("get-customer-slash", 404),
        ("get-customer-percent", 404),
        ("get-customer-question-mark", 404),
        ("get-customer-hash", 404),
        ("associate-customer", 200),
        ("import-associations", 200),
        ("import-associations-csv", 200),
    ] {
        world.does(name, status).await;
    }
    let listed = world.does("list-associations", 200).await;
    assert_eq!((&listed["TotalCount"], &listed["Data"][0]["UserId"]), (&json!(1), &grace["UserId"]));
    world.does("dissociate-customer", 200).await;
    world.does("demote-admin", 200).await;
    world.does("promote-admin", 200).await;
    let users = world.does("list-users", 200).await;
    assert_eq!((&users["TotalCount"], &users["Data"][0]["UserId"]), (&json!(1), &grace["UserId"]));
    world.does("remove-user", 200).await;
    world.does("delete-customer", 200).await;
    world.does("put-customer", 200).await;
    world.does("delete-customer-by-query", 200).await;

    numbers_that_no_path_carries(&mut world).await;
    invitations(&mut world).await;
    machine(&mut world).await;
    founder(&mut world).await;
    world.does("nowhere", 404).await;

    mailer(&mut world).await;
    assert_eq!(world.done, names(), "every event");
}

async fn numbers_that_no_path_carries(world: &mut World) {
    // Numbers that a path can't carry are the numbers that the query says.
    let admin = world.admin();
    for (number, name) in [("C/1", "slash"), ("C%1", "percent"), ("C?1", "question-mark"), ("C#1", "hash")] {
        let customer = json!({"CustomerNumber": number, "CompanyName": "Acme", "Pricing": "Gold"});
        admin.send(admin.request(Method::PUT, "/api/customers").json(&customer)).await.ok();
        assert_eq!(world.does(&format!("get-customer-{name}"), 200).await["CustomerNumber"], number);
    }
}

async fn invitations(world: &mut World) {
    let admin = world.admin();
    for end in ["withdraw-invitation", "accept-invitation"] {
        let invitation = world.does("create-invitation", 201).await;
        world.word("INVITATION_ID", &invitation["InvitationId"]);
        world.does("list-invitations", 200).await;
        // Within the hour of the first mail.
        world.does("resend-invitation", 429).await;
        if end == "withdraw-invitation" {
            world.does(end, 200).await;
            continue;
        }
        // The first mail's link is dead by now.
        let mails = mails_at(&admin, "mary@acme.example", 2).await;
        for mail in &mails {
            let view = json!({"Token": link_token(mail)});
            if admin.post("/api/invitations/view", &view).await.status == 200 {
                world.word("INVITATION_TOKEN", &view["Token"]);
            }
        }
        world.does("view-invitation", 200).await;
        assert_eq!(world.does(end, 200).await["Roles"], json!(["admin", "customer"]));
    }
}

async fn machine(world: &mut World) {
    let machine = world.does("create-credential", 200).await;
    for (word, name) in [("CLIENT_ID", "ClientId"), ("CLIENT_SECRET", "ClientSecret"), ("API_KEY", "ApiKey")] {
        world.word(word, &machine[name]);
    }
    world.does("sign-in-machine", 200).await;
    assert_eq!(world.does("issue-token", 200).await["scope"], "admin");
    assert_eq!(world.does("issue-token-by-exchange", 200).await["scope"], "admin");
    world.does("list-price-tiers-by-key", 200).await;
    world.does("list-credentials", 200).await;
    world.does("revoke-credential", 200).await;
    world.does("list-price-tiers-by-key", 401).await;
}

async fn founder(world: &mut World) {
    let admin = world.admin();
    world.does("get-organization", 200).await;
    world.does("update-organization", 200).await;
    world.does("get-account", 200).await;
    world.does("list-organizations", 200).await;
    world.does("update-account", 200).await;
    world.does("forgot-password", 202).await;
    let mail = loop {
        let mails = mails_at(&admin, "ada@acme.example", 1).await;
        if let Some(mail) = mails.into_iter().find(|mail| mail["Subject"] == "Set a new password") {
            break mail;
        }
    };
    world.word("LINK_TOKEN", &json!(link_token(&mail)));
    world.does("reset-password", 200).await;
    world.does("get-account", 401).await;
    let signed_in = world.does("sign-in", 200).await;
    world.word("USER_TOKEN", &signed_in["AccessToken"]);
    world.does("sign-out", 200).await;
    world.does("get-account", 401).await;
    let signed_in = world.does("sign-in", 200).await;
    world.word("USER_TOKEN", &signed_in["AccessToken"]);
    world.does("change-password", 200).await;
    let signed_in = world.does("sign-in", 200).await;
    world.word("USER_TOKEN", &signed_in["AccessToken"]);
    // The organization keeps an admin, whom the founder invited.
    world.does("leave-organization", 200).await;
    world.does("change-email", 202).await;
    let mail = &mails_at(&admin, "ada.lovelace@acme.example", 1).await[0];
    world.word("LINK_TOKEN", &json!(link_token(mail)));
    world.does("confirm-email", 200).await;
}

async fn mailer(world: &mut World) {
    let mailer = world.deployment.gateway.function("mailer").unwrap();
    for (name, expected) in [
        ("mailer-stream", json!({"batchItemFailures": []})),
        ("mailer-feedback", json!({"batchItemFailures": []})),
        ("mailer-sweep", json!({"Unsent": 0})),
    ] {
        let event = fs::read(directory().join(format!("{name}.json"))).unwrap();
        let answer: Value = serde_json::from_slice(&mailer.invoke(event.into()).await.unwrap()).unwrap();
        assert_eq!(answer, expected, "{name}");
        world.done.insert(name.to_owned());
    }
}

/// `createOrganization` → `create-organization`.
fn kebab_case(name: &str) -> String {
    let word = |letter: char| if letter.is_uppercase() { format!("-{}", letter.to_lowercase()) } else { letter.into() };
    name.chars().map(word).collect()
}

/// The names of the document's operations, as those of events.
fn operations() -> BTreeSet<String> {
    let document: Value = serde_json::from_str(include_str!("../openapi.json")).unwrap();
    let paths = document["paths"].as_object().unwrap().values();
    let operations = paths.flat_map(|methods| methods.as_object().unwrap().values());
    operations.map(|operation| kebab_case(operation["operationId"].as_str().unwrap())).collect()
}

#[test]
fn each_operation_of_the_document_has_an_event() {
    let document: Value = serde_json::from_str(include_str!("../openapi.json")).unwrap();
    let names = names();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let name = kebab_case(operation["operationId"].as_str().unwrap());
            assert!(names.contains(&name), "{method} {path}: {name}");
            let event = fs::read_to_string(directory().join(format!("{name}.json"))).unwrap();
            let event: Value = serde_json::from_str(&event).unwrap();
            assert_eq!(event["routeKey"], format!("ANY {path}"));
            assert_eq!(event["requestContext"]["http"]["method"], method.to_uppercase());
        }
    }
}
