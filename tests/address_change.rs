//! `POST /api/users/me/email`: another address of an account, by a link that is mailed to it.

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::clock::now;

use crate::support::{
    Anonymous, Answer, Caller, Member, PASSWORD, Person, Tenant, delete_item, dynamodb, link_token, mails_to, person,
    put_item, server, tenant, unique,
};

const CHANGE: &str = "/api/users/me/email";
const CONFIRM: &str = "/api/auth/confirm-email";
const USERS: &str = "/api/organizations/users";
const ADMINS: &str = "/api/organizations/users/admins";
const ASSOCIATE: &str = "/api/organizations/users/associate-customer";
const SUBJECT: &str = "Confirm your new address";

fn new_address() -> String {
    format!("{}@new.example", unique("grace"))
}

async fn ask(user: &Member, email: &str) -> Answer {
    user.post(CHANGE, &json!({"Email": email, "Password": PASSWORD})).await
}

async fn confirm(token: &str) -> Answer {
    Anonymous.post(CONFIRM, &json!({"Token": token})).await
}

/// The tokens of the links that were mailed to an address, once there are so many.
async fn tokens(email: &str, count: usize) -> Vec<String> {
    mails_to(email, count).await.iter().filter(|mail| mail["Subject"] == SUBJECT).map(link_token).collect()
}

/// Moves a person to another address.
async fn moved(person: &Person, email: &str) -> Member {
    let user = person.signed_in().await;
    assert_eq!(ask(&user, email).await.status, 202);
    let token = tokens(email, 1).await.remove(0);
    assert_eq!(confirm(&token).await.ok(), json!({"Success": true}));
    user
}

async fn sign_in(email: &str) -> Answer {
    Anonymous.post("/api/auth/login", &json!({"Email": email, "Password": PASSWORD})).await
}

/// The addresses under which an organization shows a user: as an admin, and in both orders of its users.
async fn shown(tenant: &Tenant, user: &str) -> Vec<String> {
    let admins = tenant.admin.get(ADMINS).await.ok();
    let admins =
        admins.as_array().unwrap().iter().filter(|admin| admin["Id"] == user).map(|admin| admin["Email"].clone());
    let mut shown: Vec<Value> = admins.collect();
    for order in ["Email", "UserId"] {
        let users = tenant.admin.get(&format!("{USERS}?PageSize=1000&SortOn={order}")).await.ok();
        let rows = users["Data"].as_array().unwrap();
        assert_eq!(users["TotalCount"], rows.len());
        shown.extend(rows.iter().filter(|row| row["UserId"] == user).map(|row| row["Email"].clone()));
    }
    shown.iter().map(|email| email.as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn an_account_has_its_new_address_once_the_mailed_link_is_used_and_everything_else_stays() {
    let (tenant, grace) = (tenant().await, person().await);
    tenant.promote(&grace.email).await;
    tenant.admin.post(ASSOCIATE, &json!({"UserId": grace.id, "CustomerNumber": "C-1"})).await.ok();
    let user = grace.signed_in().await;
    let email = new_address();
    let answer = ask(&user, &email).await;
    assert_eq!((answer.status, answer.text.as_str()), (202, ""));
    assert_eq!(sign_in(&email).await.status, 401);
    assert_eq!(shown(&tenant, &grace.id).await, vec![grace.email.clone(); 3]);

    let mail = &mails_to(&email, 1).await[0];
    assert_eq!(mail["Subject"], SUBJECT);
    let token = link_token(mail);
    assert_eq!(confirm(&token).await.ok(), json!({"Success": true}));
    confirm(&token).await.fields(&json!({"Token": ["is used, void or expired"]}));
    assert_eq!(sign_in(&grace.email).await.status, 401);
    assert_eq!(sign_in(&email).await.ok()["UserId"], *grace.id);
    assert_eq!(shown(&tenant, &grace.id).await, vec![email.clone(); 3]);
    // The sign-in from before goes on.
    let account = user.get("/api/users/me").await.ok();
    assert_eq!((&account["Email"], &account["UserId"]), (&json!(email), &json!(grace.id)));
    let told = mails_to(&grace.email, 2).await;
    assert!(told.iter().any(|mail| mail["Subject"] == "Your address was changed"), "{told:?}");
    // Anybody may register the old address now.
    let body = json!({"FirstName": "Ada", "LastName": "Byron", "Email": grace.email, "Password": PASSWORD});
    assert_ne!(Anonymous.post("/api/users", &body).await.ok()["UserId"], *grace.id);
}

#[tokio::test]
async fn asking_tells_nobody_whether_the_address_has_an_account_and_its_link_takes_none() {
    let (grace, joan) = (person().await, person().await);
    let user = grace.signed_in().await;
    let answers = [ask(&user, &joan.email).await, ask(&user, &new_address()).await];
    for answer in &answers {
        assert_eq!((answer.status, answer.text.as_str()), (202, ""));
    }
    let token = tokens(&joan.email, 1).await.remove(0);
    confirm(&token).await.fields(&json!({"Email": ["has an account already"]}));
    assert_eq!(sign_in(&joan.email).await.ok()["UserId"], *joan.id);
    assert_eq!(sign_in(&grace.email).await.ok()["UserId"], *grace.id);
}

#[tokio::test]
async fn a_wrong_password_and_a_bad_address_are_named_and_nobody_is_mailed() {
    let user = person().await.signed_in().await;
    let email = new_address();
    let wrong = user.post(CHANGE, &json!({"Email": email, "Password": "wrong"})).await;
    wrong.fields(&json!({"Password": ["is wrong"]}));
    let errors = json!({"Email": ["must be an e-mail address"], "Password": ["is required"]});
    user.post(CHANGE, &json!({"Email": "nobody"})).await.fields(&errors);
    assert_eq!(Anonymous.post(CHANGE, &json!({"Email": email, "Password": PASSWORD})).await.status, 401);
    // The one mail that comes is that of the good request after them.
    assert_eq!(ask(&user, &email).await.status, 202);
    assert_eq!(tokens(&email, 1).await.len(), 1);
}

#[tokio::test]
async fn an_address_is_mailed_three_links_an_hour_whoever_asks() {
    let (grace, joan) = (person().await.signed_in().await, person().await.signed_in().await);
    let email = new_address();
    for user in [&grace, &joan, &grace, &joan, &grace] {
        assert_eq!(ask(user, &email).await.status, 202);
    }
    let mails = mails_to(&email, 3).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!((mails.len(), mails_to(&email, 3).await.len()), (3, 3));
}

#[tokio::test]
async fn a_new_password_ends_the_link() {
    let grace = person().await;
    let user = grace.signed_in().await;
    let email = new_address();
    assert_eq!(ask(&user, &email).await.status, 202);
    let token = tokens(&email, 1).await.remove(0);
    let change = json!({"OldPassword": PASSWORD, "Password": "another good password"});
    user.post("/api/users/me/password", &change).await.ok();
    confirm(&token).await.fields(&json!({"Token": ["is used, void or expired"]}));
}

#[tokio::test]
async fn an_address_may_be_written_in_another_way() {
    let (tenant, grace) = (tenant().await, person().await);
    tenant.promote(&grace.email).await;
    let email = grace.email.replace("grace", "Grace");
    let user = grace.signed_in().await;
    assert_eq!(ask(&user, &email).await.status, 202);
    let token = tokens(&email, 1).await.remove(0);
    confirm(&token).await.ok();
    assert_eq!(shown(&tenant, &grace.id).await, vec![email; 3]);
    assert_eq!(sign_in(&grace.email).await.ok()["UserId"], *grace.id);
}

#[tokio::test]
async fn an_open_invitation_to_the_new_address_gives_way_to_the_member() {
    let (tenant, grace) = (tenant().await, person().await);
    tenant.promote(&grace.email).await;
    let email = new_address();
    let invited = tenant.admin.post("/api/organizations/invitations", &json!({"Email": email})).await;
    assert_eq!(invited.status, 201);
    mails_to(&email, 1).await;
    let user = grace.signed_in().await;
    assert_eq!(ask(&user, &email).await.status, 202);
    let mails = mails_to(&email, 2).await;
    let token = link_token(mails.iter().find(|mail| mail["Subject"] == SUBJECT).unwrap());
    confirm(&token).await.ok();
    assert_eq!(shown(&tenant, &grace.id).await, vec![email; 3]);
    assert_eq!(tenant.admin.get(USERS).await.ok()["TotalCount"], 2);
}

#[tokio::test]
async fn while_the_address_moves_roles_that_come_and_go_are_shown_as_they_are() {
    let grace = person().await;
    let mut tenants = Vec::new();
    for _ in 0..6 {
        let tenant = tenant().await;
        tenant.promote(&grace.email).await;
        tenants.push(tenant);
    }
    let email = new_address();
    let changes = join_all(tenants.iter().enumerate().map(|(place, tenant)| {
        let id = grace.id.clone();
        async move {
            for round in 0..4 {
                if (place + round) % 2 == 0 {
                    let body = json!({"UserId": id, "CustomerNumber": format!("C-{round}")});
                    tenant.admin.post(ASSOCIATE, &body).await.ok();
                } else {
                    tenant.admin.delete(&format!("{USERS}/associations"), &json!({"UserId": id})).await;
                }
            }
        }
    }));
    let (_, user) = tokio::join!(changes, moved(&grace, &email));
    assert_eq!(user.get("/api/users/me").await.ok()["Email"], *email);
    for tenant in &tenants {
        assert_eq!(shown(tenant, &grace.id).await, vec![email.clone(); 3]);
    }
}

/// An item of the shared table.
async fn item(pk: &str, sk: &str) -> HashMap<String, AttributeValue> {
    let key = |text: &str| AttributeValue::S(text.to_owned());
    let call = dynamodb().get_item().table_name(&server().table).key("pk", key(pk)).key("sk", key(sk));
    call.consistent_read(true).send().await.unwrap().item.unwrap()
}

async fn put(item: HashMap<String, AttributeValue>) {
    dynamodb().put_item().table_name(&server().table).set_item(Some(item)).send().await.unwrap();
}

#[tokio::test]
async fn the_mailer_finishes_a_move_whose_process_died_after_the_link_was_used() {
    let (tenant, grace) = (tenant().await, person().await);
    tenant.promote(&grace.email).await;
    tenant.admin.post(ASSOCIATE, &json!({"UserId": grace.id, "CustomerNumber": "C-1"})).await.ok();
    // What the link's use has committed: the account, its credential, and the entry of the move.
    let email = new_address();
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let (mut account, mut credential) =
        (item(&format!("USER#{}", grace.id), "USER").await, item(&format!("EMAIL#{}", grace.email), "EMAIL").await);
    account.insert("email".to_owned(), text(&email));
    credential.insert("email".to_owned(), text(&email));
    credential.insert("pk".to_owned(), text(&format!("EMAIL#{email}")));
    put(account).await;
    put(credential).await;
    delete_item(format!("EMAIL#{}", grace.email), "EMAIL").await;
    assert_eq!(shown(&tenant, &grace.id).await, vec![grace.email.clone(); 3]);
    let shard = grace.id.bytes().fold(0, u8::wrapping_add) % 16;
    let entry = format!("{:011}#MOVE#{}", now() - 1, grace.id);
    put_item(json!({"pk": format!("WAIT#{shard}"), "sk": entry, "entity": "queued address move"})).await;
    for _ in 0..500 {
        if shown(&tenant, &grace.id).await == vec![email.clone(); 3] {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(shown(&tenant, &grace.id).await, vec![email; 3]);
    let waiting = dynamodb().get_item().table_name(&server().table);
    let waiting = waiting.key("pk", text(&format!("WAIT#{shard}"))).key("sk", text(&entry)).consistent_read(true);
    assert!(waiting.send().await.unwrap().item.is_none(), "the entry is gone");
}
