//! `Idempotency-Key`: a request that is sent again takes effect once.

use std::net::{IpAddr, Ipv4Addr};

use faults::connection::{Fault, Faulty};
use futures_util::future::join_all;
use local::{Bundle, Options};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Anonymous, Answer, Caller, Elsewhere, PASSWORD, mails_at, mails_to, person, start_bundle, tenant, unique,
};

const ORGANIZATIONS: &str = "/api/organizations";
const USERS: &str = "/api/users";
const ADMINS: &str = "/api/organizations/users/admins";
const TIERS: &str = "/api/organizations/price-tiers";
const ASSOCIATE: &str = "/api/organizations/users/associate-customer";

async fn with_key(caller: &impl Caller, key: &str, path: &str, body: &Value) -> Answer {
    caller.send(caller.request(Method::POST, path).header("idempotency-key", key).json(body)).await
}

fn organization(email: &str, password: &str, name: &str) -> Value {
    json!({
        "Organization": {"Name": name},
        "User": {"FirstName": "Ada", "LastName": "Lovelace", "Email": email, "Password": password},
    })
}

/// Asserts that the second answer is the first one's.
#[track_caller]
fn replayed(first: &Answer, second: &Answer) {
    assert_eq!((first.status, first.header("idempotency-replayed")), (200, ""), "{first:?}");
    assert_eq!((second.status, second.header("idempotency-replayed")), (200, "true"), "{second:?}");
    assert_eq!(first.text, second.text);
}

const REUSED: &str = "The Idempotency-Key was used before, with another body.";

#[tokio::test]
async fn each_route_gives_its_first_answer_again_and_refuses_the_key_for_another_body() {
    let tenant = tenant().await;
    let (grace, alan) = (person().await, person().await);
    let email = || format!("{}@founder.example", unique("ada"));
    let (one, other) = (email(), email());
    let user = |email: &str| json!({"FirstName": "Grace", "LastName": "Hopper", "Email": email, "Password": PASSWORD});
    let invitee = |email: &str| json!({"FirstName": "Grace", "LastName": "Hopper", "Email": email});
    let link = |id: &str| json!({"UserId": id, "CustomerNumber": "C-1"});
    let key = unique("key");
    let name = unique("Org");
    for (path, body, another) in [
        (ADMINS, json!({"Email": grace.email}), json!({"Email": alan.email})),
        (TIERS, json!({"Name": "Gold", "CurrencyCode": "EUR"}), json!({"Name": "Gold", "CurrencyCode": "USD"})),
        (ASSOCIATE, link(&grace.id), link(&alan.id)),
        (
            ASSOCIATE,
            json!({"Email": alan.email, "CustomerNumber": "C-2"}),
            json!({"Email": alan.email, "CustomerNumber": "C-3"}),
        ),
        (USERS, invitee(&email()), invitee(&email())),
    ] {
        let key = unique("key");
        let first = with_key(&tenant.admin, &key, path, &body).await;
        replayed(&first, &with_key(&tenant.admin, &key, path, &body).await);
        with_key(&tenant.admin, &key, path, &another).await.problem(422, REUSED);
        replayed(&first, &with_key(&tenant.admin, &key, path, &body).await);
    }
    let first = with_key(&Anonymous, &key, ORGANIZATIONS, &organization(&one, PASSWORD, &name)).await;
    replayed(&first, &with_key(&Anonymous, &key, ORGANIZATIONS, &organization(&one, PASSWORD, &name)).await);
    let again = with_key(&Anonymous, &key, ORGANIZATIONS, &organization(&one, "another password", &name)).await;
    replayed(&first, &again);
    let renamed = organization(&one, PASSWORD, &unique("Org"));
    with_key(&Anonymous, &key, ORGANIZATIONS, &renamed).await.problem(422, REUSED);
    // On another route, or of another caller, a key that was used stands for a new request.
    let first = with_key(&Anonymous, &key, USERS, &user(&other)).await;
    replayed(&first, &with_key(&Anonymous, &key, USERS, &user(&other)).await);
    let of_another = organization(&other, PASSWORD, &unique("Org"));
    assert_eq!(with_key(&Anonymous, &key, ORGANIZATIONS, &of_another).await.header("idempotency-replayed"), "");
}

#[tokio::test]
async fn a_replay_of_a_founder_who_had_an_account_asks_for_its_password() {
    let grace = person().await;
    let here = Elsewhere { source: Some(IpAddr::V4(Ipv4Addr::new(127, 9, 1, 1))), ..Elsewhere::default() };
    let (key, name) = (unique("key"), unique("Org"));
    let right = organization(&grace.email, PASSWORD, &name);
    let wrong = organization(&grace.email, "wrong password", &name);
    let first = with_key(&here, &key, ORGANIZATIONS, &right).await;
    replayed(&first, &with_key(&here, &key, ORGANIZATIONS, &right).await);
    for left in (0..10).rev() {
        let answer = with_key(&here, &key, ORGANIZATIONS, &wrong).await;
        answer.fields(&json!({"User.Email": ["has an account already, which has another password"]}));
        assert!(answer.header("ratelimit").starts_with(&format!("\"failed-tries\";r={left};t=")), "{answer:?}");
        assert_eq!(answer.header("idempotency-replayed"), "");
    }
    // Each was a failed attempt: the source has none left, by whatever door.
    let too_many = "Too many wrong passwords for this e-mail address; try again later.";
    with_key(&here, &key, ORGANIZATIONS, &right).await.problem(429, too_many);
    here.post("/api/auth/login", &json!({"Email": grace.email, "Password": PASSWORD})).await.problem(429, too_many);
    replayed(&first, &with_key(&Anonymous, &key, ORGANIZATIONS, &right).await);
    let reused = organization(&grace.email, PASSWORD, &unique("Org"));
    with_key(&Anonymous, &key, ORGANIZATIONS, &reused).await.problem(422, REUSED);
}

#[tokio::test]
async fn twenty_creates_at_once_by_an_account_with_one_key_make_one_organization() {
    let grace = person().await;
    let (key, body) = (unique("key"), organization(&grace.email, PASSWORD, &unique("Org")));
    let answers = join_all((0..20).map(|_| with_key(&Anonymous, &key, ORGANIZATIONS, &body))).await;
    let replays = answers.iter().filter(|answer| answer.header("idempotency-replayed") == "true").count();
    assert!(answers.iter().all(|answer| answer.status == 200 && answer.text == answers[0].text), "{answers:?}");
    assert_eq!(replays, 19);
}

#[tokio::test]
async fn a_replay_changes_nothing_also_when_the_state_has_moved_on() {
    let tenant = tenant().await;
    let grace = person().await;
    let key = unique("key");
    let promote = json!({"Email": grace.email});
    let first = with_key(&tenant.admin, &key, ADMINS, &promote).await;
    tenant.admin.delete(ADMINS, &json!({"UserId": grace.id})).await.ok();
    replayed(&first, &with_key(&tenant.admin, &key, ADMINS, &promote).await);
    assert_eq!(tenant.admin_ids().await.len(), 1, "not promoted again");
    // What changed nothing is a success as well, and stays one.
    let (already, associated) = (unique("key"), unique("key"));
    let founder = json!({"Email": tenant.email});
    let first = with_key(&tenant.admin, &already, ADMINS, &founder).await;
    replayed(&first, &with_key(&tenant.admin, &already, ADMINS, &founder).await);
    let link = json!({"UserId": grace.id, "CustomerNumber": "C-1"});
    tenant.admin.post(ASSOCIATE, &link).await.ok();
    let first = with_key(&tenant.admin, &associated, ASSOCIATE, &link).await;
    let gone = tenant.admin.delete("/api/organizations/users/associations", &json!({"UserId": grace.id})).await;
    assert_eq!(gone.status, 200);
    replayed(&first, &with_key(&tenant.admin, &associated, ASSOCIATE, &link).await);
    let listed = tenant.admin.get("/api/organizations/users/associations").await.ok();
    assert_eq!(listed["TotalCount"], 0, "not associated again");
}

#[tokio::test]
async fn a_failure_is_not_kept_and_a_lost_role_wins_over_a_replay() {
    let tenant = tenant().await;
    let (admin, grace) = tenant.second_admin().await;
    let key = unique("key");
    let email = format!("{}@person.example", unique("later"));
    let promote = json!({"Email": email});
    with_key(&admin, &key, ADMINS, &promote).await.fields(&json!({"Email": ["has no account"]}));
    let user = json!({"FirstName": "A", "LastName": "B", "Email": email, "Password": PASSWORD});
    Anonymous.post(USERS, &user).await.ok();
    let first = with_key(&admin, &key, ADMINS, &promote).await;
    assert_eq!((first.status, first.header("idempotency-replayed")), (200, ""));
    let tier = json!({"Name": "Gold", "CurrencyCode": "EUR"});
    assert_eq!(with_key(&admin, &key, TIERS, &tier).await.status, 200);
    tenant.admin.delete(ADMINS, &json!({"UserId": grace.id})).await.ok();
    for (path, body) in [(ADMINS, &promote), (TIERS, &tier), (ADMINS, &json!({"Email": "other@x.example"}))] {
        with_key(&admin, &key, path, body).await.problem(403, "You are not an admin of this organization.");
    }
}

#[tokio::test]
async fn a_key_belongs_to_its_caller() {
    let (one, other) = (tenant().await, tenant().await);
    let key = unique("key");
    let tier = json!({"Name": "Gold", "CurrencyCode": "EUR"});
    for tenant in [&one, &other] {
        let answer = with_key(&tenant.admin, &key, TIERS, &tier).await;
        assert_eq!((answer.status, answer.header("idempotency-replayed")), (200, ""));
    }
    let (second, _) = one.second_admin().await;
    with_key(&second, &key, TIERS, &tier).await.fields(&json!({"Name": ["is taken"]}));
}

#[tokio::test]
async fn a_key_that_cant_be_used_is_named_with_the_other_fields() {
    let tenant = tenant().await;
    let rule = json!(["must have 1 to 255 printable ASCII characters"]);
    for key in [String::new(), "x".repeat(256), "\u{e9}".to_owned()] {
        let answer = with_key(&tenant.admin, &key, TIERS, &json!({"Name": "Gold"})).await;
        answer.fields(&json!({"Idempotency-Key": rule, "CurrencyCode": ["is required"]}));
    }
    let longest =
        with_key(&tenant.admin, &"x".repeat(255), TIERS, &json!({"Name": "Gold", "CurrencyCode": "EUR"})).await;
    assert_eq!(longest.status, 200);
}

#[tokio::test]
async fn fifty_creates_at_once_with_one_key_make_one_organization_one_admin_and_one_mail() {
    let email = format!("{}@founder.example", unique("ada"));
    let (key, body) = (unique("key"), organization(&email, PASSWORD, &unique("Org")));
    let answers = join_all((0..50).map(|_| with_key(&Anonymous, &key, ORGANIZATIONS, &body))).await;
    let replays = answers.iter().filter(|answer| answer.header("idempotency-replayed") == "true").count();
    assert_eq!(replays, 49);
    let texts: std::collections::BTreeSet<_> = answers.iter().map(|answer| (answer.status, &answer.text)).collect();
    assert_eq!(texts.len(), 1, "{texts:?}");
    let created = answers[0].json();
    let login = json!({"Email": email, "Password": PASSWORD, "OrgCode": created["Slug"]});
    let signed_in = Anonymous.post("/api/auth/login", &login).await.ok();
    assert_eq!(signed_in["Organizations"].as_array().unwrap().len(), 1);
    let token = signed_in["AccessToken"].as_str().unwrap().to_owned();
    let admins = crate::support::Member { token }.get(ADMINS).await.ok();
    assert_eq!(admins.as_array().unwrap().len(), 1);
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(mails_to(&email, 1).await.len(), 1);
}

#[tokio::test]
async fn fifty_promotions_and_links_at_once_with_one_key_take_effect_once() {
    let tenant = tenant().await;
    let grace = person().await;
    for (path, body) in
        [(ADMINS, json!({"Email": grace.email})), (ASSOCIATE, json!({"UserId": grace.id, "CustomerNumber": "C-1"}))]
    {
        let key = unique("key");
        let answers = join_all((0..50).map(|_| with_key(&tenant.admin, &key, path, &body))).await;
        assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
        let replays = answers.iter().filter(|answer| answer.header("idempotency-replayed") == "true").count();
        assert_eq!(replays, 49, "{path}");
        assert!(answers.iter().all(|answer| answer.text == answers[0].text));
    }
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(mails_to(&grace.email, 1).await.len(), 1);
}

#[tokio::test]
async fn a_create_whose_connection_was_cut_between_commit_and_answer_is_answered_when_it_is_sent_again() {
    let bundle = start_bundle(&Options { ..Options::in_memory() }).await.unwrap();
    let anyone = Elsewhere { url: Some(bundle.url()), ..Elsewhere::default() };
    for _ in 0..10 {
        let email = format!("{}@founder.example", unique("ada"));
        let (key, body) = (unique("key"), organization(&email, PASSWORD, &unique("Org")));
        // The function commits, and is gone before it answers.
        let faulty = Faulty::new(shared::aws::http_client(Some("http://")), Fault::KilledAfter, 0);
        let config = shared::dynamo::Table::client_config(Some(&bundle.dynamodb_url())).http_client(faulty.client());
        let table = shared::table::Table::new(shared::dynamo::Table::new(
            aws_sdk_dynamodb::Client::from_conf(config.build()),
            Bundle::TABLE,
        ))
        .requiring_verified_email(false);
        let once = shared::request::RequestKey::new(&key, body.as_object().unwrap());
        let user: shared::request::NewUser =
            shared::request::Fields::read(body["User"].as_object().unwrap().clone().into()).unwrap();
        let once = once.of_address(&user.email, "POST /api/organizations");
        let details = shared::request::Fields::read(body["Organization"].as_object().unwrap().clone().into()).unwrap();
        let organization = shared::table::OrganizationRecord::new(details);
        let account = user.to_account(shared::language::Language::English).await.unwrap();
        let founder = shared::table::Founder::New(&account);
        let source = shared::source::Source::unknown();
        tokio::select! {
            _ = table.create_organization(&organization, &founder, &source, Some(&once)) => panic!("it was to be cut"),
            () = faulty.killed() => {}
        }
        let answers = join_all((0..50).map(|_| with_key(&anyone, &key, ORGANIZATIONS, &body))).await;
        for answer in &answers {
            assert_eq!((answer.status, answer.header("idempotency-replayed")), (200, "true"), "{answer:?}");
            assert_eq!(answer.json()["OrganizationId"], organization.id.as_str());
        }
        assert_eq!(mails_at(&anyone, &email, 1).await.len(), 1);
    }
    bundle.stop().await;
}
