//! Invitations into an organization: who may invite, what is answered and mailed, and how an invitation ends.

mod acceptance;
mod account;
mod races;
mod verification;

use aws_sdk_dynamodb::types::AttributeValue;
use reqwest::Method;
use serde_json::{Value, json};
use shared::clock::now;

use crate::support::{
    Anonymous, Answer, Caller, Member, PASSWORD, Tenant, check_example, dynamodb, link_token, mails_to, person,
    put_item, server, tenant, tenant_named, unique,
};

const INVITATIONS: &str = "/api/organizations/invitations";
const ACCEPT: &str = "/api/invitations/accept";
const VIEW: &str = "/api/invitations/view";
const ADMINS: &str = "/api/organizations/users/admins";
const ASSOCIATIONS: &str = "/api/organizations/users/associations";
const ORGANIZATION_USERS: &str = "/api/organizations/users";
const USERS: &str = "/api/users";
const LOGIN: &str = "/api/auth/login";
const HOUR: u64 = 60 * 60;

fn address(name: &str) -> String {
    format!("{}@person.example", unique(name))
}

/// Invites, and gives the invitation.
async fn invite(tenant: &Tenant, body: &Value) -> Value {
    let made = tenant.admin.post(INVITATIONS, body).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.json()
}

/// Invites somebody whose names the inviter says. Gives the address, the link's token and the invitation.
async fn invited(tenant: &Tenant, roles: &Value) -> (String, String, Value) {
    let email = address("grace");
    let body = json!({
        "Email": email, "FirstName": "Grace", "LastName": "Hopper", "Roles": roles["Roles"],
        "CustomerNumber": roles["CustomerNumber"],
    });
    let invitation = invite(tenant, &body).await;
    let token = link_token(&mails_to(&email, 1).await[0]);
    (email, token, invitation)
}

async fn accept(body: &Value) -> Answer {
    Anonymous.post(ACCEPT, body).await
}

/// What a link that can't be used is answered.
fn dead() -> Value {
    json!({"Token": ["is used, void or expired"]})
}

fn path_of(invitation: &Value) -> String {
    format!("{INVITATIONS}/{}", invitation["InvitationId"].as_str().unwrap())
}

async fn resend(caller: &impl Caller, invitation: &Value) -> Answer {
    caller.send(caller.request(Method::POST, &format!("{}/resend", path_of(invitation)))).await
}

async fn withdraw(caller: &impl Caller, invitation: &Value) -> Answer {
    caller.send(caller.request(Method::DELETE, &path_of(invitation))).await
}

/// The ids and statuses that the organization lists.
async fn listed(tenant: &Tenant, query: &str) -> Vec<(Value, Value)> {
    let listed = tenant.admin.get(&format!("{INVITATIONS}{query}")).await.ok();
    let listed = listed.as_array().unwrap().iter();
    listed.map(|invitation| (invitation["InvitationId"].clone(), invitation["Status"].clone())).collect()
}

/// Lets an invitation be mailed so many seconds ago.
async fn mailed_before(tenant: &Tenant, invitation: &Value, seconds: u64) {
    let text = |text: String| AttributeValue::S(text);
    let id = invitation["InvitationId"].as_str().unwrap();
    let call = dynamodb().update_item().table_name(&server().table);
    let call =
        call.key("pk", text(format!("ORG#{}#INVITATIONS", tenant.id))).key("sk", text(format!("INVITATION#{id}")));
    let call = call.update_expression("SET mailed_at = :then").condition_expression("attribute_exists(pk)");
    let then = AttributeValue::N((now() - seconds).to_string());
    call.expression_attribute_values(":then", then).send().await.unwrap();
}

/// The tokens of all mails to the address, once there are `count` of them, which is also all that comes.
async fn tokens(email: &str, count: usize) -> Vec<String> {
    mails_to(email, count).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let mails = mails_to(email, count).await;
    assert_eq!(mails.len(), count, "{mails:?}");
    mails.iter().map(link_token).collect()
}

#[tokio::test]
async fn an_invitation_is_answered_with_what_it_promises_and_mailed_in_the_inviters_name() {
    // A mail shows no long numbers.
    let tenant = tenant_named(&unique("Org")).await;
    let email = address("Grace");
    let body = json!({"Email": email, "FirstName": "Grace", "Roles": ["Admin"], "CustomerNumber": "C-1"});
    let answer = tenant.admin.post(INVITATIONS, &body).await;
    let invitation = answer.json();
    let (id, expires_at) = (invitation["InvitationId"].as_str().unwrap(), &invitation["ExpiresAt"]);
    assert_eq!((answer.status, answer.header("location")), (201, format!("{INVITATIONS}/{id}").as_str()));
    assert!(shared::ids::InvitationId::parse(id).is_some(), "{id}");
    let in_three_days = [now() + 72 * HOUR - 60, now() + 72 * HOUR + 60].map(shared::rfc3339);
    let expires = expires_at.as_str().unwrap();
    assert!(in_three_days[0].as_str() <= expires && expires <= in_three_days[1].as_str(), "{expires}");
    let expected = json!({
        "InvitationId": id, "Email": email, "Roles": ["admin", "customer"], "CustomerNumber": "C-1", "Status": "pending",
        "ExpiresAt": expires_at, "InvitedBy": tenant.admin_id,
    });
    assert_eq!(invitation, expected);
    assert_eq!(tenant.admin.get(INVITATIONS).await.ok(), json!([expected]));

    let mail = &mails_to(&email, 1).await[0];
    assert_eq!(mail["Subject"], format!("{} invites you", tenant.name));
    let text = mail["Text"].as_str().unwrap();
    assert!(text.starts_with("Hello Grace,"), "{text}");
    assert!(
        text.contains(&format!("Ada Lovelace invites you to {}.\n\nAccept the invitation:", tenant.name)),
        "{text}"
    );
    assert!(text.contains("/invitations/accept?token="), "{text}");
    // Nobody has an account by that.
    let login = json!({"Email": email, "Password": PASSWORD});
    assert_eq!(Anonymous.post(LOGIN, &login).await.status, 401);
}

#[tokio::test]
async fn every_bad_field_of_an_invitation_is_named_in_one_answer() {
    let tenant = tenant().await;
    tenant.admin.post(INVITATIONS, &json!({})).await.fields(&json!({"Email": ["is required"]}));
    let body = json!({
        "Email": "grace", "FirstName": "", "LastName": 1, "Roles": ["owner"], "CustomerNumber": "x".repeat(65), "Rolls": 1,
    });
    tenant.admin.post(INVITATIONS, &body).await.fields(&json!({
        "Email": ["must be an e-mail address"],
        "FirstName": ["must have 1 to 100 characters"],
        "LastName": ["must be a string"],
        "Roles": ["must hold admin and customer alone"],
        "CustomerNumber": ["must have at most 64 characters"],
        "Rolls": ["is no field of this request; did you mean Roles?"],
    }));
    let body = json!({"Email": address("grace"), "Roles": "admin"});
    tenant.admin.post(INVITATIONS, &body).await.fields(&json!({"Roles": ["must be a list of texts"]}));
    let body = json!({"Email": address("grace"), "Roles": ["customer"]});
    let required = json!({"CustomerNumber": ["is required for the role customer"]});
    tenant.admin.post(INVITATIONS, &body).await.fields(&required);
    let rule = json!({"Status": ["must be pending, accepted, withdrawn or expired"]});
    tenant.admin.get(&format!("{INVITATIONS}?Status=open")).await.fields(&rule);
    assert_eq!(listed(&tenant, "").await, []);
}

#[tokio::test]
async fn a_machine_invites_whom_it_could_associate_and_no_admins() {
    let tenant = tenant().await;
    let made = tenant.admin.post("/api/organizations/api-access", &json!({"Name": "ERP"})).await.ok();
    let login = json!({"OrgCode": tenant.code, "ClientId": made["ClientId"], "ClientSecret": made["ClientSecret"]});
    let token = Anonymous.post(LOGIN, &login).await.ok()["AccessToken"].as_str().unwrap().to_owned();
    let machine = Member { token };
    let email = address("grace");
    let as_admin = json!({"Email": email, "Roles": ["admin"]});
    machine.post(INVITATIONS, &as_admin).await.problem(403, "A machine may not do this.");
    let invitation = machine.post(INVITATIONS, &json!({"Email": email, "CustomerNumber": "C-1"})).await;
    assert_eq!(invitation.status, 201, "{invitation:?}");
    assert_eq!(invitation.json()["InvitedBy"], made["ClientId"]);
    let text = mails_to(&email, 1).await[0]["Text"].as_str().unwrap().to_owned();
    assert!(text.contains(&format!("You are invited to {}.\n\nAccept the invitation:", tenant.name)), "{text}");
}

#[tokio::test]
async fn the_answer_is_the_same_whether_the_address_has_an_account_or_not() {
    let tenant = tenant().await;
    let (grace, nobody) = (person().await, address("nobody"));
    let mut answers = Vec::new();
    for email in [&grace.email, &nobody] {
        let answer = tenant.admin.post(INVITATIONS, &json!({"Email": email, "Roles": ["admin"]})).await;
        let mut body = answer.json();
        for own in ["InvitationId", "Email", "ExpiresAt"] {
            body[own].take();
        }
        answers.push((answer.status, body, answer.header("server-timing").to_owned()));
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn an_invitation_that_is_open_already_is_answered_and_mailed_again_after_an_hour() {
    let tenant = tenant().await;
    let email = address("grace");
    let first = invite(&tenant, &json!({"Email": email, "Roles": ["admin"]})).await;
    assert_eq!(invite(&tenant, &json!({"Email": email.to_uppercase(), "CustomerNumber": "C-1"})).await, first);
    let token = tokens(&email, 1).await.remove(0);
    mailed_before(&tenant, &first, HOUR + 1).await;
    let again = invite(&tenant, &json!({"Email": email})).await;
    assert_eq!((&again["InvitationId"], &again["Roles"]), (&first["InvitationId"], &json!(["admin"])));
    let both = tokens(&email, 2).await;
    // No mail voids another's link.
    for token in &both {
        Anonymous.post(VIEW, &json!({"Token": token})).await.ok();
    }
    assert!(both.contains(&token));
    assert_eq!(listed(&tenant, "").await.len(), 1);
}

#[tokio::test]
async fn an_invitation_is_sent_again_after_an_hour_also_when_its_links_have_expired() {
    let tenant = tenant().await;
    let (email, first, invitation) = invited(&tenant, &json!({})).await;
    let refused = resend(&tenant.admin, &invitation).await;
    refused.problem(429, "The invitation was mailed within the hour; try again later.");
    assert!((1..=HOUR).contains(&refused.header("retry-after").parse().unwrap()), "{refused:?}");
    mailed_before(&tenant, &invitation, 73 * HOUR).await;
    assert_eq!(listed(&tenant, "?Status=expired").await, [(invitation["InvitationId"].clone(), json!("expired"))]);
    assert_eq!(listed(&tenant, "?Status=pending").await, []);
    let mut shown = resend(&tenant.admin, &invitation).await.ok();
    shown["Email"] = json!("mary@acme.example");
    check_example("resend-invitation", &shown, &server().url);
    assert_eq!(resend(&tenant.admin, &invitation).await.status, 429);
    let second = tokens(&email, 2).await.into_iter().find(|token| *token != first).unwrap();
    accept(&json!({"Token": second, "Password": PASSWORD})).await.ok();
    accept(&json!({"Token": first, "Password": PASSWORD})).await.fields(&dead());
}

#[tokio::test]
async fn a_withdrawn_invitation_is_dead_and_the_person_can_be_invited_anew() {
    let tenant = tenant().await;
    let (email, token, invitation) = invited(&tenant, &json!({"Roles": ["admin"]})).await;
    assert_eq!(withdraw(&tenant.admin, &invitation).await.ok(), json!({"Success": true}));
    let closed = "The invitation was accepted or withdrawn before.";
    withdraw(&tenant.admin, &invitation).await.problem(409, closed);
    resend(&tenant.admin, &invitation).await.problem(409, closed);
    Anonymous.post(VIEW, &json!({"Token": token})).await.fields(&dead());
    accept(&json!({"Token": token, "Password": PASSWORD})).await.fields(&dead());
    let anew = invite(&tenant, &json!({"Email": email})).await;
    assert_ne!(anew["InvitationId"], invitation["InvitationId"]);
    let newest_first =
        [(anew["InvitationId"].clone(), json!("pending")), (invitation["InvitationId"].clone(), json!("withdrawn"))];
    assert_eq!(listed(&tenant, "").await, newest_first);
    assert_eq!(listed(&tenant, "?status=Withdrawn").await, newest_first[1..]);
}

#[tokio::test]
async fn who_is_invited_is_removed_as_any_user_and_the_link_is_dead() {
    let tenant = tenant().await;
    let (email, token, _) = invited(&tenant, &json!({"Roles": ["admin"]})).await;
    let users = tenant.admin.get(ORGANIZATION_USERS).await.ok();
    let row = users["Data"].as_array().unwrap().iter().find(|row| row["Email"] == email).unwrap().clone();
    assert_eq!(row["Status"], "invited");
    let user = json!({"UserId": row["UserId"]});
    assert_eq!(tenant.admin.delete(ORGANIZATION_USERS, &user).await.ok(), json!({"Success": true}));
    let gone = json!({"UserId": ["is no user of this organization"]});
    tenant.admin.delete(ORGANIZATION_USERS, &user).await.fields(&gone);
    assert_eq!(tenant.admin.get(ORGANIZATION_USERS).await.ok()["TotalCount"], 1);
    accept(&json!({"Token": token, "Password": PASSWORD})).await.fields(&dead());
    assert_eq!(listed(&tenant, "?Status=withdrawn").await.len(), 1);
}

#[tokio::test]
async fn an_open_invitation_is_forgotten_with_its_row_thirty_days_after_its_last_mail() {
    let tenant = tenant().await;
    let (_, _, invitation) = invited(&tenant, &json!({"Roles": ["admin"]})).await;
    assert_eq!(tenant.admin.get(ORGANIZATION_USERS).await.ok()["TotalCount"], 2);
    mailed_before(&tenant, &invitation, 31 * 24 * HOUR).await;
    let id = invitation["InvitationId"].as_str().unwrap();
    let shard = id.bytes().fold(0, u8::wrapping_add) % 16;
    let entry = format!("{:011}#INVITATION#{}#{id}", now() - 1, tenant.id);
    put_item(json!({"pk": format!("WAIT#{shard}"), "sk": entry, "entity": "queued invitation"})).await;
    for _ in 0..500 {
        if tenant.admin.get(ORGANIZATION_USERS).await.ok()["TotalCount"] == 1 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(tenant.admin.get(ORGANIZATION_USERS).await.ok()["TotalCount"], 1);
    assert_eq!(listed(&tenant, "").await, []);
}

#[tokio::test]
async fn an_invitation_of_nobody_or_of_another_organization_is_not_found() {
    let (ours, theirs) = (tenant().await, tenant().await);
    let (_, token, invitation) = invited(&theirs, &json!({})).await;
    let not_found = "This organization has no such invitation.";
    for unknown in [invitation, json!({"InvitationId": "inv_x"}), json!({"InvitationId": "%FF"})] {
        withdraw(&ours.admin, &unknown).await.problem(404, not_found);
        resend(&ours.admin, &unknown).await.problem(404, not_found);
    }
    Anonymous.post(VIEW, &json!({"Token": token})).await.ok();
}

#[tokio::test]
async fn who_belongs_to_the_organization_already_is_not_invited() {
    let tenant = tenant().await;
    let (buyer, grace) = (person().await, person().await);
    let link = json!({"UserId": buyer.id, "CustomerNumber": "C-1"});
    tenant.admin.post("/api/organizations/users/associate-customer", &link).await.ok();
    invite(&tenant, &json!({"Email": grace.email, "Roles": ["admin"]})).await;
    let token = tokens(&grace.email, 1).await.remove(0);
    accept(&json!({"Token": token})).await.ok();
    let member = json!({"Email": ["belongs to the organization already"]});
    for email in [&tenant.email, &buyer.email, &grace.email] {
        let answer = tenant.admin.post(INVITATIONS, &json!({"Email": email.to_uppercase()})).await;
        answer.fields(&member);
        assert_eq!(answer.json()["code"], "already_member");
        let user = json!({"FirstName": "A", "LastName": "B", "Email": email});
        tenant.admin.post(USERS, &user).await.fields(&member);
    }
}

#[tokio::test]
async fn who_is_invited_is_among_the_users_until_the_invitation_ends() {
    let tenant = tenant().await;
    let beginning = "Filters[0].Field=Email&Filters[0].Operator=startswith&Filters[0].Value=grace";
    let users = async || {
        let users = tenant.admin.get(&format!("{ORGANIZATION_USERS}?{beginning}")).await.ok();
        let row =
            |row: &Value| (row["Email"].clone(), row["Status"].clone(), row["Roles"].clone(), row["UserId"].clone());
        (users["TotalCount"].clone(), users["Data"].as_array().unwrap().iter().map(row).collect::<Vec<_>>())
    };
    let (email, token, invitation) = invited(&tenant, &json!({"Roles": ["admin"], "CustomerNumber": "C-1"})).await;
    let (_, rows) = users().await;
    let expected = (json!(email), json!("invited"), json!(["admin", "customer"]), rows[0].3.clone());
    assert_eq!(users().await, (json!(1), vec![expected]));
    withdraw(&tenant.admin, &invitation).await.ok();
    assert_eq!(users().await, (json!(0), vec![]));

    accept(&json!({"Token": token, "Password": PASSWORD})).await.fields(&dead());
    let again = invite(&tenant, &json!({"Email": email, "CustomerNumber": "C-1"})).await;
    let token = tokens(&email, 2).await.into_iter().find(|other| *other != token).unwrap();
    let names = json!({"Token": token, "Password": PASSWORD, "FirstName": "G", "LastName": "H"});
    let id = accept(&names).await.ok()["UserId"].clone();
    assert_eq!(users().await, (json!(1), vec![(json!(email), json!("active"), json!(["customer"]), id)]));
    assert_eq!(again["Roles"], json!(["customer"]));

    // Who has an account is invited as the one to come, which tells nothing, and is active as the one that is.
    let grace = person().await;
    invite(&tenant, &json!({"Email": grace.email, "Roles": ["admin"]})).await;
    let row = users().await.1.into_iter().find(|row| row.0 == grace.email.as_str()).unwrap();
    assert!(row.1 == "invited" && row.3 != grace.id.as_str(), "{row:?}");
    accept(&json!({"Token": tokens(&grace.email, 1).await[0]})).await.ok();
    let active = users().await.1.into_iter().find(|row| row.0 == grace.email.as_str()).unwrap();
    assert!(active.1 == "active" && active.3 == grace.id.as_str(), "{active:?}");
    assert_eq!(users().await.0, json!(2));

    // An invitation without a role ends without a row.
    let (email, token, _) = invited(&tenant, &json!({})).await;
    assert_eq!(users().await.0, json!(3));
    accept(&json!({"Token": token, "Password": PASSWORD})).await.ok();
    let (total, rows) = users().await;
    assert!(total == 2 && rows.iter().all(|row| row.0 != email.as_str()), "{rows:?}");
}

#[tokio::test]
async fn an_invitation_that_is_sent_again_with_its_key_is_made_once() {
    let tenant = tenant().await;
    let email = address("grace");
    let once = async |body: &Value| {
        let request = tenant.admin.request(Method::POST, INVITATIONS).header("idempotency-key", "once");
        tenant.admin.send(request.json(body)).await
    };
    let first = once(&json!({"Email": email})).await;
    withdraw(&tenant.admin, &first.json()).await.ok();
    let second = once(&json!({"email": email})).await;
    assert_eq!((second.status, second.header("idempotency-replayed"), &second.text), (201, "true", &first.text));
    assert_eq!(once(&json!({"Email": email, "Roles": ["admin"]})).await.status, 422);
    assert_eq!(listed(&tenant, "").await.len(), 1);
}

#[tokio::test]
async fn an_admin_who_was_demoted_invites_sends_and_withdraws_nothing() {
    let tenant = tenant().await;
    let (demoted, grace) = tenant.second_admin().await;
    let (_, _, invitation) = invited(&tenant, &json!({})).await;
    tenant.admin.delete(ADMINS, &json!({"UserId": grace.id})).await.ok();
    let lost = "You are not an admin of this organization.";
    demoted.post(INVITATIONS, &json!({"Email": address("ida")})).await.problem(403, lost);
    demoted.post(INVITATIONS, &json!({})).await.problem(403, lost);
    demoted.get(INVITATIONS).await.problem(403, lost);
    resend(&demoted, &invitation).await.problem(403, lost);
    withdraw(&demoted, &invitation).await.problem(403, lost);
    withdraw(&demoted, &json!({"InvitationId": "x"})).await.problem(403, lost);
}
