//! Mailed links: invitations, forgotten passwords, and what using one does.

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Anonymous, Answer, Caller, Member, PASSWORD, delete_item, dynamodb, link_token, mails_to, person, put_item, tenant,
    tenant_named, unique,
};

const USERS: &str = "/api/users";
const ADMINS: &str = "/api/organizations/users/admins";
const FORGOT: &str = "/api/auth/forgot-password";
const RESET: &str = "/api/auth/reset-password";
const LOGIN: &str = "/api/auth/login";

async fn sign_in(email: &str, password: &str) -> Answer {
    Anonymous.post(LOGIN, &json!({"Email": email, "Password": password})).await
}

async fn reset(token: &str, password: &str) -> Answer {
    Anonymous.post(RESET, &json!({"Token": token, "Password": password})).await
}

/// What a link that can't be used is answered.
fn dead() -> Value {
    json!({"Token": ["is used, void or expired"]})
}

/// Asks whether a link of the address could be used, without using it: a dead one would be the answer.
async fn assert_good(token: &str, email: &str) {
    reset(token, email).await.fields(&json!({"Password": ["must not be the e-mail address"]}));
}

/// The tokens of all mails to the address, once there are `count` of them, which is also all that comes.
async fn tokens(email: &str, count: usize) -> Vec<String> {
    mails_to(email, count).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let mails = mails_to(email, count).await;
    assert_eq!(mails.len(), count, "{mails:?}");
    mails.iter().map(link_token).collect()
}

fn invitation(email: &str) -> Value {
    json!({"FirstName": "Grace", "LastName": "Hopper", "Email": email})
}

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
async fn a_forgotten_password_is_reset_by_the_mailed_link_which_ends_every_user_token() {
    let tenant = tenant().await;
    let grace = person().await;
    tenant.admin.post("/api/organizations/users/admins", &json!({"Email": grace.email})).await.ok();
    let before = grace.signed_in().await;
    let access = json!({"OrgCode": tenant.code});
    before.post("/api/auth/access", &access).await.ok();

    let asked = Anonymous.post(FORGOT, &json!({"Email": grace.email.to_uppercase()})).await;
    assert_eq!((asked.status, asked.text.as_str()), (202, ""));
    let mails = mails_to(&grace.email, 2).await;
    let mail = mails.iter().find(|mail| mail["Subject"] == "Set a new password").unwrap();
    before.post("/api/auth/access", &access).await.ok();
    reset(&link_token(mail), "a new password").await.ok();

    let ended = before.post("/api/auth/access", &access).await;
    ended.problem(401, "The sign-in that the access token came from has ended.");
    assert!(ended.header("www-authenticate").contains("error=\"invalid_token\""));
    assert_eq!(before.get("/api/users/me").await.status, 401);
    assert_eq!(sign_in(&grace.email, PASSWORD).await.status, 401);
    let after = sign_in(&grace.email, "a new password").await.ok();
    let after = Member { token: after["AccessToken"].as_str().unwrap().to_owned() };
    after.post("/api/auth/access", &access).await.ok();
    assert_eq!(after.get("/api/users/me").await.ok()["EmailVerified"], true, "the link proves the address");
}

#[tokio::test]
async fn whoever_asks_for_a_reset_learns_nothing_and_at_most_three_mails_follow() {
    let grace = person().await;
    for email in [unique("nobody") + "@person.example", "no address".to_owned(), "x".repeat(3000)] {
        let asked = Anonymous.post(FORGOT, &json!({"Email": email})).await;
        assert_eq!((asked.status, asked.text.as_str()), (202, ""));
    }
    Anonymous.post(FORGOT, &json!({})).await.fields(&json!({"Email": ["is required"]}));
    let nobody = unique("nobody") + "@person.example";
    let (known, unknown) = (
        Anonymous.post(FORGOT, &json!({"Email": grace.email})).await,
        Anonymous.post(FORGOT, &json!({"Email": nobody})).await,
    );
    // A deployment counts what a source asks for in the same transaction.
    assert_eq!(known.header("server-timing"), unknown.header("server-timing"));
    assert!(known.header("server-timing").contains("calls=1 attempts=1 round_trips=1 "), "{known:?}");
    for _ in 0..4 {
        assert_eq!(Anonymous.post(FORGOT, &json!({"Email": grace.email})).await.status, 202);
    }
    let asked = join_all((0..7).map(|_| async { Anonymous.post(FORGOT, &json!({"Email": grace.email})).await })).await;
    assert!(asked.iter().all(|answer| answer.status == 202), "{asked:?}");
    mails_to(&grace.email, 3).await;
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    let mails = mails_to(&grace.email, 3).await;
    assert_eq!(mails.len(), 3);
    let living = mails.iter().map(link_token).collect::<Vec<_>>();
    let mut used = 0;
    for token in living.iter().rev() {
        used += u32::from(reset(token, PASSWORD).await.status == 200);
    }
    assert_eq!(used, 1, "the first that sets a password ends the others");
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
async fn a_reset_that_a_stranger_asks_for_leaves_a_pending_invitation_good() {
    let tenant = tenant().await;
    let email = format!("{}@person.example", unique("grace"));
    tenant.admin.post(USERS, &invitation(&email)).await.ok();
    let invited = tokens(&email, 1).await.remove(0);
    for _ in 0..4 {
        assert_eq!(Anonymous.post(FORGOT, &json!({"Email": email})).await.status, 202);
    }
    // Nothing follows where there is no account.
    tokens(&email, 1).await;
    reset(&invited, PASSWORD).await.ok();
    assert_eq!(sign_in(&email, PASSWORD).await.status, 200);
}

#[tokio::test]
async fn two_links_of_an_account_used_at_once_set_one_password_and_the_other_link_is_dead() {
    let (one, other) = (tenant().await, tenant().await);
    for _ in 0..5 {
        let email = format!("{}@person.example", unique("grace"));
        one.admin.post(USERS, &invitation(&email)).await.ok();
        other.admin.post(USERS, &invitation(&email)).await.ok();
        let tokens = tokens(&email, 2).await;
        let passwords = ["the first password", "the second password"];
        let (first, second) = tokio::join!(reset(&tokens[0], passwords[0]), reset(&tokens[1], passwords[1]));
        let winner = usize::from(first.status != 200);
        let (won, lost) = if winner == 0 { (first, second) } else { (second, first) };
        assert_eq!(won.ok(), json!({"Success": true}));
        lost.fields(&dead());
        assert_eq!(sign_in(&email, passwords[winner]).await.status, 200);
        assert_eq!(sign_in(&email, passwords[1 - winner]).await.status, 401);
    }
}

#[tokio::test]
async fn a_changed_password_ends_every_link_from_before() {
    let grace = person().await;
    let user = grace.signed_in().await;
    for _ in 0..2 {
        Anonymous.post(FORGOT, &json!({"Email": grace.email})).await;
    }
    let tokens = tokens(&grace.email, 2).await;
    let change = json!({"OldPassword": PASSWORD, "Password": "a new password"});
    user.post("/api/users/me/password", &change).await.ok();
    for token in &tokens {
        reset(token, "another password").await.fields(&dead());
    }
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
async fn a_link_from_before_generations_is_good_until_a_newer_link_is_used() {
    let table = &crate::support::server().table;
    let text = |text: &str| AttributeValue::S(text.to_owned());
    for newer_is_used in [false, true] {
        let grace = person().await;
        Anonymous.post(FORGOT, &json!({"Email": grace.email})).await;
        let old = tokens(&grace.email, 1).await.remove(0);
        let id = old.split_once('.').unwrap().0;
        // As the version before wrote both items.
        let link = dynamodb().update_item().table_name(table).key("pk", text(&format!("LINK#{id}")));
        let link = link.key("sk", text("LINK")).update_expression("REMOVE password_generation");
        link.send().await.unwrap();
        let credential = dynamodb().update_item().table_name(table).key("pk", text(&format!("EMAIL#{}", grace.email)));
        let credential = credential.key("sk", text("EMAIL")).expression_attribute_values(":id", text(id));
        credential.update_expression("SET link_id = :id REMOVE password_generation").send().await.unwrap();

        Anonymous.post(FORGOT, &json!({"Email": grace.email})).await;
        let newer = tokens(&grace.email, 2).await.into_iter().find(|token| *token != old).unwrap();
        let (first, second) = if newer_is_used { (&newer, &old) } else { (&old, &newer) };
        assert_good(second, &grace.email).await;
        reset(first, "a new password").await.ok();
        reset(second, "another password").await.fields(&dead());
        assert_eq!(sign_in(&grace.email, "a new password").await.status, 200);
    }
}

#[tokio::test]
async fn one_link_used_by_eight_at_once_sets_one_password() {
    let grace = person().await;
    Anonymous.post(FORGOT, &json!({"Email": grace.email})).await;
    let token = link_token(&mails_to(&grace.email, 1).await[0]);
    let passwords: Vec<_> = (0..8).map(|n| format!("password number {n}")).collect();
    let answers = join_all(passwords.iter().map(|password| reset(&token, password))).await;
    let winners: Vec<_> =
        passwords.iter().zip(&answers).filter(|(_, answer)| answer.status == 200).map(|(word, _)| word).collect();
    assert_eq!(winners.len(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        answer.fields(&dead());
    }
    assert_eq!(sign_in(&grace.email, winners[0]).await.status, 200);
}

#[tokio::test]
async fn a_made_up_altered_or_expired_link_is_dead() {
    let grace = person().await;
    Anonymous.post(FORGOT, &json!({"Email": grace.email})).await;
    let token = link_token(&mails_to(&grace.email, 1).await[0]);
    let (id, mac) = token.split_once('.').unwrap();
    let other = shared::ids::LinkId::random();
    for made_up in ["", ".", id, &format!("{id}."), &format!("{other}.{mac}"), &format!("{token}A"), &mac.repeat(50)] {
        let answer = Anonymous.post(RESET, &json!({"Token": made_up, "Password": PASSWORD})).await;
        answer.fields(&dead());
    }
    Anonymous.post(RESET, &json!({})).await.fields(&json!({"Token": ["is required"], "Password": ["is required"]}));
    // The table keeps what has ended for a while.
    delete_item(format!("LINK#{id}"), "LINK").await;
    put_item(json!({
        "pk": format!("LINK#{id}"), "sk": "LINK", "kind": "reset", "address": grace.email,
        "expires_at": shared::clock::now() - 1,
    }))
    .await;
    reset(&token, "another password").await.fields(&dead());
    assert_eq!(sign_in(&grace.email, PASSWORD).await.status, 200);
}

#[tokio::test]
async fn the_page_that_a_link_opens_loads_nothing_and_tells_nobody_its_address() {
    let page = Anonymous.send(Anonymous.request(Method::GET, "/account/set-password?token=x")).await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
    assert!(!page.text.contains("src=") && !page.text.contains("http"), "nothing from elsewhere");
    assert!(page.text.contains("history.replaceState"));
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
