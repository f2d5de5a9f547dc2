//! E-mail addresses: which are taken, and which are the same.

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use local::{Bundle, Options};
use reqwest::Method;
use serde_json::{Value, json};
use shared::dynamo;

use crate::support::{
    Anonymous, Answer, Caller, Elsewhere, PASSWORD, link_token, mails_at, mails_to, operate, start_bundle, tenant,
    unique,
};

const USERS: &str = "/api/users";
const ADMINS: &str = "/api/organizations/users/admins";
const ASSOCIATE: &str = "/api/organizations/users/associate-customer";
const LOGIN: &str = "/api/auth/login";

fn user(email: &str) -> Value {
    json!({"FirstName": "Sue", "LastName": "Storm", "Email": email, "Password": PASSWORD})
}

async fn sign_up(email: &str) -> Answer {
    Anonymous.post(USERS, &user(email)).await
}

async fn sign_in(email: &str) -> Answer {
    Anonymous.post(LOGIN, &json!({"Email": email, "Password": PASSWORD})).await
}

#[tokio::test]
async fn whoever_owns_an_address_registers_it_whatever_looks_like_it() {
    let tenant = tenant().await;
    let name = unique("sue");
    for (alike, own) in [
        (format!("\u{17f}ue{name}@acme.example"), format!("sue{name}@acme.example")),
        (format!("o\u{fb03}ce{name}@acme.example"), format!("office{name}@acme.example")),
        (format!("stra\u{df}e{name}@acme.example"), format!("strasse{name}@acme.example")),
        (format!("{name}@stra\u{df}e.example"), format!("{name}@strasse.example")),
    ] {
        let squatter = sign_up(&alike).await.ok();
        tenant.admin.post(ADMINS, &json!({"Email": own})).await.fields(&json!({"Email": ["has no account"]}));
        let owner = sign_up(&own).await.ok();
        assert_ne!(squatter["UserId"], owner["UserId"]);
        assert_eq!(sign_in(&alike).await.ok()["UserId"], squatter["UserId"]);
        assert_eq!(sign_in(&own.to_uppercase()).await.ok()["UserId"], owner["UserId"]);
        let link = json!({"Email": own, "CustomerNumber": "C-1"});
        assert_eq!(tenant.admin.post(ASSOCIATE, &link).await.ok()["Association"]["UserId"], owner["UserId"]);
        sign_up(&own).await.fields(&json!({"Email": ["has an account already"]}));
    }
}

#[tokio::test]
async fn an_address_is_one_account_in_either_form_of_its_domain() {
    let name = unique("sue");
    let (written, ascii) = (format!("{name}@b\u{fc}cher.example"), format!("{name}@xn--bcher-kva.example"));
    let created = sign_up(&written).await.ok();
    assert_eq!(created["Email"], written);
    for same in [&ascii, &format!("{name}@BU\u{308}CHER.EXAMPLE"), &written] {
        sign_up(same).await.fields(&json!({"Email": ["has an account already"]}));
        assert_eq!(sign_in(same).await.ok()["UserId"], created["UserId"]);
    }
    // SES takes a domain in ASCII alone.
    assert_eq!(Anonymous.post("/api/auth/forgot-password", &json!({"Email": written})).await.status, 202);
    assert_eq!(mails_to(&ascii, 1).await[0]["To"], ascii);
}

#[tokio::test]
async fn an_address_whose_domain_is_no_host_name_is_refused_wherever_one_is_read() {
    let tenant = tenant().await;
    let fault = json!(["must be an e-mail address"]);
    let patch = async |body: Value| {
        tenant.admin.send(tenant.admin.request(Method::PATCH, "/api/organization").json(&body)).await
    };
    for domain in
        ["127.0.0.1", "[127.0.0.1]", "acme.example/x", "ac!me.example", "localhost", "-acme.example", "acme.1"]
    {
        let email = format!("{}@{domain}", unique("g"));
        sign_up(&email).await.fields(&json!({"Email": fault}));
        let founder = json!({"Organization": {"Name": unique("Org"), "Email": email}, "User": user(&email)});
        let errors = json!({"Organization.Email": fault, "User.Email": fault});
        Anonymous.post("/api/organizations", &founder).await.fields(&errors);
        let invitation = json!({"FirstName": "Grace", "LastName": "Hopper", "Email": email});
        tenant.admin.post(USERS, &invitation).await.fields(&json!({"Email": fault}));
        tenant.admin.post(ADMINS, &json!({"Email": email})).await.fields(&json!({"Email": fault}));
        let link = json!({"Email": email, "CustomerNumber": "C-1"});
        tenant.admin.post(ASSOCIATE, &link).await.fields(&json!({"Email": fault}));
        patch(json!({"Email": email})).await.fields(&json!({"Email": fault}));
        // Where nothing may be told, the address is answered as any other without an account.
        assert_eq!(sign_in(&email).await.status, 401);
        assert_eq!(Anonymous.post("/api/auth/forgot-password", &json!({"Email": email})).await.status, 202);
    }
}

/// Stores a credential under the key that it had before addresses were compared by their domain's ASCII form.
async fn store_under_earlier_key(bundle: &Bundle, present: &str, earlier: &str) {
    let client = Client::from_conf(dynamo::Table::client_config(Some(&bundle.dynamodb_url())).build());
    let key = |address: &str| AttributeValue::S(format!("EMAIL#{address}"));
    let credential = AttributeValue::S("EMAIL".to_owned());
    let delete = client.delete_item().table_name(Bundle::TABLE).key("pk", key(present)).key("sk", credential);
    let deleted = delete.return_values(aws_sdk_dynamodb::types::ReturnValue::AllOld).send().await.unwrap();
    let mut item = deleted.attributes.unwrap();
    item.insert("pk".to_owned(), key(earlier));
    client.put_item().table_name(Bundle::TABLE).set_item(Some(item)).send().await.unwrap();
}

// The command is another process, which the bundle has to answer meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn accounts_that_were_stored_under_an_earlier_form_of_their_address_are_found_after_the_migration() {
    let bundle = start_bundle(&Options::in_memory()).await.unwrap();
    let here = Elsewhere { url: Some(bundle.url()), ..Elsewhere::default() };
    let sign_in = async |email: &str| here.post(LOGIN, &json!({"Email": email, "Password": PASSWORD})).await;
    for (email, present, earlier) in [
        ("plain@acme.example", "plain@acme.example", "plain@acme.example"),
        ("sue@b\u{fc}cher.example", "sue@xn--bcher-kva.example", "sue@b\u{fc}cher.example"),
        ("\u{17f}ally@acme.example", "\u{17f}ally@acme.example", "sally@acme.example"),
    ] {
        here.post(USERS, &user(email)).await.ok();
        store_under_earlier_key(&bundle, present, earlier).await;
        assert_eq!(sign_in(email).await.status, if present == earlier { 200 } else { 401 }, "{email}");
    }
    here.post(USERS, &user("ann@b\u{fc}cher.example")).await.ok();
    store_under_earlier_key(&bundle, "ann@xn--bcher-kva.example", "ann@b\u{fc}cher.example").await;
    let newer = here.post(USERS, &user("ann@xn--bcher-kva.example")).await.ok();

    let migrate = || operate(&["migrate", "--table", Bundle::TABLE], Some(&bundle.dynamodb_url()));
    let (code, stdout, stderr) = migrate();
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let (queued, stdout) = stdout.split_once('\n').unwrap();
    assert_eq!(queued, "0 pending mails were put into the queue");
    let stdout =
        stdout.split_once("0 price tiers moved\n0 customers moved\n0 users of 0 organizations indexed\n").unwrap().0;
    let (moved, taken) = stdout.split_once('\n').unwrap();
    assert_eq!(moved, "2 addresses moved");
    assert!(taken.starts_with("  kp_") && taken.ends_with(": the address has another account\n"), "{taken}");
    for email in ["plain@acme.example", "sue@b\u{fc}cher.example", "\u{17f}ally@acme.example"] {
        assert_eq!(sign_in(email).await.status, 200, "{email}");
    }
    assert_eq!(sign_in("ann@b\u{fc}cher.example").await.ok()["UserId"], newer["UserId"]);
    // Now the look-alike's owner has it.
    here.post(USERS, &user("sally@acme.example")).await.ok();
    assert!(migrate().1.contains("\n0 addresses moved\n"));
    bundle.stop().await;
}

#[tokio::test]
async fn an_account_whose_address_was_accepted_before_and_no_longer_is_still_signs_in_and_sets_passwords() {
    let bundle = start_bundle(&Options::in_memory()).await.unwrap();
    let here = Elsewhere { url: Some(bundle.url()), ..Elsewhere::default() };
    let (present, earlier) = ("g@acme.example", "g@127.0.0.1");
    let id = here.post(USERS, &user(present)).await.ok()["UserId"].as_str().unwrap().to_owned();
    store_under_earlier_key(&bundle, present, earlier).await;
    let client = Client::from_conf(dynamo::Table::client_config(Some(&bundle.dynamodb_url())).build());
    for (pk, sk) in [(format!("EMAIL#{earlier}"), "EMAIL"), (format!("USER#{id}"), "USER")] {
        let update = client.update_item().table_name(Bundle::TABLE).update_expression("SET email = :email");
        let update = update.key("pk", AttributeValue::S(pk)).key("sk", AttributeValue::S(sk.to_owned()));
        update.expression_attribute_values(":email", AttributeValue::S(earlier.to_owned())).send().await.unwrap();
    }

    let sign_in = async |password: &str| here.post(LOGIN, &json!({"Email": earlier, "Password": password})).await;
    let token = sign_in(PASSWORD).await.ok()["AccessToken"].as_str().map(str::to_owned);
    let owner = Elsewhere { token, ..here.clone() };
    let change = json!({"OldPassword": PASSWORD, "Password": "another good password"});
    owner.post("/api/users/me/password", &change).await.ok();
    sign_in("another good password").await.ok();
    assert_eq!(here.post("/api/auth/forgot-password", &json!({"Email": earlier})).await.status, 202);
    let mails = mails_at(&here, earlier, 2).await;
    let link = mails.iter().find(|mail| mail["Subject"] == "Set a new password").unwrap();
    let reset = json!({"Token": link_token(link), "Password": "a third good password"});
    here.post("/api/auth/reset-password", &reset).await.ok();
    sign_in("a third good password").await.ok();
    bundle.stop().await;
}
