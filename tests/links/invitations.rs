//! Links of invitations that an admin sends as a sign-up without a password.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Anonymous, Caller, Member, PASSWORD, link_token, mails_to, person, tenant, tenant_named, unique};

use super::{ADMINS, FORGOT, USERS, assert_good, dead, invitation, reset, sign_in, tokens};

#[tokio::test]
async fn an_invited_user_sets_a_password_by_the_mailed_link_once() {
    // A mail shows no long numbers.
    let name = unique("Org").replace(|character: char| character.is_ascii_digit(), "x");
    let tenant = tenant_named(&name).await;
    let email = format!("{}@person.example", unique("grace"));
    let invited = tenant.admin.post(USERS, &invitation(&email)).await.ok();
    let id = &invited["UserId"];
    assert_eq!(invited, json!({"UserId": id, "Email": email, "FirstName": "Grace", "LastName": "Hopper"}));
    assert_eq!(sign_in(&email, PASSWORD).await.status, 401);

    let mail = &mails_to(&email, 1).await[0];
    assert_eq!(mail["Subject"], format!("{} invites you", tenant.name));
    let token = link_token(mail);
    reset(&token, "short").await.fields(&json!({"Password": ["must have 8 to 128 characters"]}));
    reset(&token, &email).await.fields(&json!({"Password": ["must not be the e-mail address"]}));
    assert_eq!(reset(&token, PASSWORD).await.ok(), json!({"Success": true}));
    assert_eq!(sign_in(&email, PASSWORD).await.ok()["UserId"], *id);
    reset(&token, "another password").await.fields(&dead());
    assert_eq!(sign_in(&email, PASSWORD).await.status, 200);
}

#[tokio::test]
async fn another_invitation_leaves_the_one_before_good_until_one_sets_a_password() {
    let (tenant, other) = (tenant().await, tenant().await);
    let email = format!("{}@person.example", unique("grace"));
    let first = tenant.admin.post(USERS, &invitation(&email)).await.ok();
    let first_link = link_token(&mails_to(&email, 1).await[0]);
    let again = json!({"FirstName": "Amazing", "LastName": "Grace", "Email": email.to_uppercase()});
    let second = other.admin.post(USERS, &again).await.ok();
    assert_eq!(second["UserId"], first["UserId"]);
    // The mail goes to the address as the inviter wrote it, with its domain in ASCII.
    let written = email.to_uppercase().replace("@PERSON.EXAMPLE", "@person.example");
    let second_link = link_token(&mails_to(&written, 1).await[0]);
    assert_good(&second_link, &email).await;
    reset(&first_link, PASSWORD).await.ok();
    reset(&second_link, "another password").await.fields(&dead());
    assert_eq!(sign_in(&email, PASSWORD).await.status, 200);
    // Whether there is an account is told by nothing but the id.
    assert_eq!(tenant.admin.post(USERS, &invitation(&email)).await.ok(), first);
}

#[tokio::test]
async fn another_organizations_invitation_changes_nothing_that_this_one_shows() {
    let (tenant, other) = (tenant().await, tenant().await);
    let email = format!("{}@person.example", unique("grace"));
    tenant.admin.post(USERS, &invitation(&email)).await.ok();
    reset(&link_token(&mails_to(&email, 1).await[0]), PASSWORD).await.ok();
    tenant.admin.post(ADMINS, &json!({"Email": email})).await.ok();
    let shown = tenant.admin.get(ADMINS).await.ok();
    let theirs = json!({"FirstName": "Mallory", "LastName": "X", "Email": email, "PhoneNumber": "+1 555"});
    other.admin.post(USERS, &theirs).await.ok();
    assert_eq!(tenant.admin.get(ADMINS).await.ok(), shown);
}

#[tokio::test]
async fn an_address_that_only_looks_like_an_invited_one_is_another_account() {
    let tenant = tenant().await;
    let name = unique("grace");
    let (invited, alike) = (format!("{name}@strasse.example"), format!("{name}@stra\u{df}e.example"));
    let first = tenant.admin.post(USERS, &invitation(&invited)).await.ok();
    let second = tenant.admin.post(USERS, &invitation(&alike)).await.ok();
    assert_ne!(first["UserId"], second["UserId"]);
    let link = link_token(&mails_to(&invited, 1).await[0]);
    reset(&link, PASSWORD).await.ok();
    assert_eq!(sign_in(&alike, PASSWORD).await.status, 401);
}

#[tokio::test]
async fn an_admins_invitation_is_checked_as_every_admins_call_whatever_its_body_is() {
    let tenant = tenant().await;
    let (demoted, grace) = tenant.second_admin().await;
    tenant.admin.delete(ADMINS, &json!({"UserId": grace.id})).await.ok();
    let text = async |member: &Member, body: String| {
        let request = member.request(Method::POST, USERS).header("content-type", "text/plain").body(body);
        member.send(request).await
    };
    text(&demoted, "x".to_owned()).await.problem(403, "You are not an admin of this organization.");
    text(&tenant.admin, "x".to_owned()).await.problem(415, "The body's Content-Type must be application/json.");
    let broken = Member { token: "x".to_owned() };
    let refused = "The access token is malformed, wrongly signed, or not for this service.";
    text(&broken, "x".repeat(70_000)).await.problem(401, refused);
    assert_eq!(Anonymous.send(Anonymous.request(Method::POST, USERS).body("x")).await.status, 415);
    // A key that can't be used is one of the bad fields, of an invitation as of a sign-up that a token goes along with.
    let with_key = async |member: &Member, body: Value| {
        let request = member.request(Method::POST, USERS).header("idempotency-key", "k".repeat(256));
        member.send(request.json(&body)).await
    };
    let key = json!(["must have 1 to 255 printable ASCII characters"]);
    let invitation = json!({"FirstName": "Grace", "LastName": "Hopper"});
    with_key(&demoted, invitation.clone()).await.problem(403, "You are not an admin of this organization.");
    let errors = json!({"Idempotency-Key": key, "Email": ["is required"]});
    with_key(&tenant.admin, invitation.clone()).await.fields(&errors);
    let mut sign_up = invitation;
    sign_up["Password"] = json!(PASSWORD);
    with_key(&demoted, sign_up).await.fields(&errors);
}

#[tokio::test]
async fn an_invitation_needs_the_live_admin_role_and_names_every_bad_field() {
    let tenant = tenant().await;
    let required = json!({"FirstName": ["is required"], "LastName": ["is required"], "Email": ["is required"]});
    tenant.admin.post(USERS, &json!({})).await.fields(&required);
    let user = person().await.signed_in().await;
    let email = format!("{}@person.example", unique("grace"));
    user.post(USERS, &invitation(&email)).await.problem(403, "This needs the admin role of an organization.");
    Anonymous.post(USERS, &invitation(&email)).await.fields(&json!({"Password": ["is required"]}));
    Member { token: "x".to_owned() }
        .post(USERS, &invitation(&email))
        .await
        .problem(401, "The access token is malformed, wrongly signed, or not for this service.");
    let (demoted, grace) = tenant.second_admin().await;
    tenant.admin.delete("/api/organizations/users/admins", &json!({"UserId": grace.id})).await.ok();
    for body in [invitation(&email), json!({})] {
        demoted.post(USERS, &body).await.problem(403, "You are not an admin of this organization.");
    }
    // With a password anybody may sign up, whatever token goes along.
    let mut body = invitation(&email);
    body["Password"] = json!(PASSWORD);
    demoted.post(USERS, &body).await.ok();
}

#[tokio::test]
async fn a_strangers_invitations_hold_back_no_other_organizations() {
    let (stranger, honest) = (tenant().await, tenant().await);
    let email = format!("{}@person.example", unique("hire"));
    let first = stranger.admin.post(USERS, &invitation(&email)).await.ok();
    for _ in 0..5 {
        // The sixth is answered as the others are. Its links from within the hour are good.
        assert_eq!(stranger.admin.post(USERS, &invitation(&email)).await.ok(), first);
    }
    tokens(&email, 5).await;
    assert_eq!(honest.admin.post(USERS, &invitation(&email)).await.ok(), first);
    // There is no account yet whose password could be reset.
    assert_eq!(Anonymous.post(FORGOT, &json!({"Email": email})).await.status, 202);
    let tokens = tokens(&email, 6).await;
    for token in &tokens {
        assert_good(token, &email).await;
    }
    reset(&tokens[0], PASSWORD).await.ok();
    for token in &tokens[1..] {
        reset(token, "another password").await.fields(&dead());
    }
    assert_eq!(sign_in(&email, PASSWORD).await.status, 200);
}

#[tokio::test]
async fn an_organization_mails_a_mailbox_five_times_an_hour_whatever_the_tags() {
    let (tenant, other) = (tenant().await, tenant().await);
    let name = unique("grace");
    let tagged = |tag: u32| format!("{name}+{tag}@person.example");
    for tag in 1..=5 {
        tenant.admin.post(USERS, &invitation(&tagged(tag))).await.ok();
    }
    let refused = tenant.admin.post(USERS, &invitation(&tagged(6))).await;
    assert!(refused.header("retry-after").parse::<u64>().unwrap() <= 3600);
    refused.problem(429, "Your organization has mailed this mailbox often enough for now; try again later.");
    // Nothing was made. Who was mailed within the hour has a good link, and gets no further one.
    assert_eq!(sign_in(&tagged(6), PASSWORD).await.status, 401);
    tenant.admin.post(USERS, &invitation(&tagged(1))).await.ok();
    tokens(&tagged(1), 1).await;
    other.admin.post(USERS, &invitation(&tagged(6))).await.ok();
    tokens(&tagged(6), 1).await;
    // One key has one answer, also where nothing was mailed.
    let again = async || {
        let request = tenant.admin.request(Method::POST, USERS).header("idempotency-key", "again");
        tenant.admin.send(request.json(&invitation(&tagged(1)))).await
    };
    assert_eq!(again().await.ok(), again().await.ok());
}

#[tokio::test]
async fn two_first_invitations_at_once_make_one_account_that_one_link_opens() {
    let (one, other) = (tenant().await, tenant().await);
    let email = format!("{}@person.example", unique("grace"));
    let body = invitation(&email);
    let (first, second) = tokio::join!(one.admin.post(USERS, &body), other.admin.post(USERS, &body));
    assert_eq!(first.ok()["UserId"], second.ok()["UserId"]);
    let mut used = 0;
    for mail in mails_to(&email, 2).await {
        used += u32::from(reset(&link_token(&mail), PASSWORD).await.status == 200);
    }
    assert_eq!(used, 1);
}
