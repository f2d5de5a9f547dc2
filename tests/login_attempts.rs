//! Limits on failed login attempts: for one address from one source and from everywhere, in a minute and since the last
//! success; and for one source over all addresses.

use std::net::{IpAddr, Ipv4Addr};

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::join_all;
use local::Options;
use serde_json::{Value, json};

use crate::support::{
    Anonymous, Answer, Caller, Elsewhere, PASSWORD, dynamodb, link_token, mails_to, person, server, start_bundle,
    tenant, unique,
};

const LOGIN: &str = "/api/auth/login";
const WRONG: &str = "The e-mail address or the password is wrong.";
const TOO_MANY: &str = "Too many wrong passwords for this e-mail address; try again later.";
const FROM_THIS_NETWORK: &str = "Too many wrong passwords from this network; try again later.";
const KNOWN_SOURCES_ALONE: &str = "Too many wrong passwords for this e-mail address: sign in from where you did before, or set \
                                   a new password by a mailed link.";

/// A caller at a loopback address of its own.
fn at(last: u8) -> Elsewhere {
    let source = Some(IpAddr::V4(Ipv4Addr::new(127, 9, 0, last)));
    Elsewhere { source, ..Elsewhere::default() }
}

fn login(email: &str, password: &str) -> Value {
    json!({"Email": email, "Password": password})
}

fn statuses(answers: &[Answer]) -> (usize, usize, usize) {
    let count = |status| answers.iter().filter(|answer| answer.status == status).count();
    (count(200), count(401), count(429))
}

#[tokio::test]
async fn ten_wrong_passwords_from_one_source_are_answered_and_then_none() {
    let grace = person().await;
    let here = at(1);
    for left in (0..10).rev() {
        let answer = here.post(LOGIN, &login(&grace.email, "wrong")).await;
        answer.problem(401, "The e-mail address or the password is wrong.");
        assert_eq!(answer.header("ratelimit-policy"), "\"failed-tries\";q=10;w=60");
        assert!(answer.header("ratelimit").starts_with(&format!("\"failed-tries\";r={left};t=")), "{answer:?}");
    }
    for (password, email) in [("wrong", grace.email.clone()), (PASSWORD, grace.email.to_uppercase())] {
        let answer = here.post(LOGIN, &login(&email, password)).await;
        answer.problem(429, TOO_MANY);
        let seconds: u64 = answer.header("retry-after").parse().unwrap();
        assert!((1..=60).contains(&seconds));
        assert_eq!(answer.header("ratelimit"), format!("\"failed-tries\";r=0;t={seconds}"));
    }
    at(2).post(LOGIN, &login(&grace.email, PASSWORD)).await.ok();
    at(1).post(LOGIN, &login(&person().await.email, PASSWORD)).await.ok();
}

#[tokio::test]
async fn an_unknown_address_has_the_same_limit() {
    let nobody = format!("{}@nobody.example", unique("x"));
    let here = at(3);
    let answers = join_all((0..13).map(|_| async { here.post(LOGIN, &login(&nobody, "wrong")).await })).await;
    assert_eq!(statuses(&answers), (0, 10, 3));
}

#[tokio::test]
async fn fifty_guesses_at_once_are_limited_as_one_after_another() {
    let grace = person().await;
    let here = at(4);
    let answers = join_all((0..50).map(|_| async { here.post(LOGIN, &login(&grace.email, "wrong")).await })).await;
    assert_eq!(statuses(&answers), (0, 10, 40));
    assert_eq!(here.post(LOGIN, &login(&grace.email, PASSWORD)).await.status, 429);
}

#[tokio::test]
async fn many_right_passwords_at_once_are_no_failures() {
    let grace = person().await;
    let here = at(5);
    let answers = join_all((0..30).map(|_| async { here.post(LOGIN, &login(&grace.email, PASSWORD)).await })).await;
    assert_eq!(statuses(&answers), (30, 0, 0));
}

/// Nine guesses from each of twelve sources: one hundred count.
async fn guess_everywhere(email: &str, first: u8) {
    let everywhere: Vec<_> = (first..first + 12).map(at).collect();
    let guesses =
        everywhere.iter().flat_map(|source| (0..9).map(|_| async { source.post(LOGIN, &login(email, "wrong")).await }));
    let answers = join_all(guesses).await;
    assert_eq!(statuses(&answers), (0, 100, 8), "one hundred for one address");
}

/// Changes a number of an item that a limit keeps.
async fn set_number(pk: String, sk: &str, name: &str, value: u64) {
    let call = dynamodb().update_item().table_name(&server().table);
    let call = call.key("pk", AttributeValue::S(pk)).key("sk", AttributeValue::S(sk.to_owned()));
    let call = call.update_expression("SET #n = :v").condition_expression("attribute_exists(pk)");
    let call = call.expression_attribute_names("#n", name);
    call.expression_attribute_values(":v", AttributeValue::N(value.to_string())).send().await.unwrap();
}

#[tokio::test]
async fn nobody_is_locked_out_by_failures_in_his_name_from_elsewhere() {
    let grace = person().await;
    let at_home = at(19);
    at_home.post(LOGIN, &login(&grace.email, PASSWORD)).await.ok();
    guess_everywhere(&grace.email, 20).await;
    // A source that failed waits, and one that the address never signed in from may not try, by whichever password.
    at(20).post(LOGIN, &login(&grace.email, PASSWORD)).await.problem(429, TOO_MANY);
    for password in ["wrong", PASSWORD] {
        let refused = at(40).post(LOGIN, &login(&grace.email, password)).await;
        refused.problem(429, KNOWN_SOURCES_ALONE);
        assert_eq!(refused.header("retry-after"), "3600");
    }
    // The owner has all ten attempts where the address signed in before, and the count begins anew.
    for _ in 0..3 {
        at_home.post(LOGIN, &login(&grace.email, "wrong")).await.problem(401, WRONG);
    }
    at_home.post(LOGIN, &login(&grace.email, PASSWORD)).await.ok();
    at(41).post(LOGIN, &login(&grace.email, PASSWORD)).await.ok();
}

#[tokio::test]
async fn an_unknown_address_is_closed_to_guesses_as_one_with_an_account() {
    let nobody = format!("{}@nobody.example", unique("x"));
    guess_everywhere(&nobody, 80).await;
    at(95).post(LOGIN, &login(&nobody, "wrong")).await.problem(429, KNOWN_SOURCES_ALONE);
}

#[tokio::test]
async fn a_source_is_known_for_thirty_days_after_a_sign_in() {
    let grace = person().await;
    at(100).post(LOGIN, &login(&grace.email, PASSWORD)).await.ok();
    at(101).post(LOGIN, &login(&grace.email, "wrong")).await.problem(401, WRONG);
    let tries = format!("TRIES#{}", grace.email);
    set_number(tries.clone(), "FAILURES", "failures", 100).await;
    at(100).post(LOGIN, &login(&grace.email, "wrong")).await.problem(401, WRONG);
    set_number(tries.clone(), "KNOWN#127.9.0.100", "expires_at", shared::clock::now()).await;
    at(100).post(LOGIN, &login(&grace.email, PASSWORD)).await.problem(429, KNOWN_SOURCES_ALONE);
    // A sign-in makes it known again, also over the item that has expired.
    set_number(tries.clone(), "FAILURES", "failures", 99).await;
    at(100).post(LOGIN, &login(&grace.email, PASSWORD)).await.ok();
    at(101).post(LOGIN, &login(&grace.email, "wrong")).await.problem(401, WRONG);
    set_number(tries, "FAILURES", "failures", 100).await;
    at(100).post(LOGIN, &login(&grace.email, PASSWORD)).await.ok();
}

#[tokio::test]
async fn a_mailed_link_opens_an_address_that_guesses_have_closed() {
    let grace = person().await;
    let (tries, here, stranger) = (format!("TRIES#{}", grace.email), at(110), at(111));
    stranger.post(LOGIN, &login(&grace.email, "wrong")).await.problem(401, WRONG);
    set_number(tries.clone(), "FAILURES", "failures", 100).await;
    here.post(LOGIN, &login(&grace.email, PASSWORD)).await.problem(429, KNOWN_SOURCES_ALONE);

    Anonymous.post("/api/auth/forgot-password", &json!({"Email": grace.email})).await;
    let token = link_token(&mails_to(&grace.email, 1).await[0]);
    let reset = json!({"Token": token, "Password": "a password after that"});
    here.post("/api/auth/reset-password", &reset).await.ok();
    // The new password has no failures yet, and strangers who guess on don't keep its owner out.
    stranger.post(LOGIN, &login(&grace.email, "wrong")).await.problem(401, WRONG);
    set_number(tries, "FAILURES", "failures", 100).await;
    stranger.post(LOGIN, &login(&grace.email, "wrong")).await.problem(429, KNOWN_SOURCES_ALONE);
    here.post(LOGIN, &login(&grace.email, "a password after that")).await.ok();
}

#[tokio::test]
async fn a_closed_address_is_closed_at_every_door_that_takes_its_password() {
    let tenant = tenant().await;
    let stranger = at(120);
    stranger.post(LOGIN, &login(&tenant.email, "wrong")).await.problem(401, WRONG);
    set_number(format!("TRIES#{}", tenant.email), "FAILURES", "failures", 100).await;
    let creation = json!({
        "Organization": {"Name": unique("Org")},
        "User": {"FirstName": "A", "LastName": "B", "Email": tenant.email, "Password": PASSWORD},
    });
    at(121).post("/api/organizations", &creation).await.problem(429, KNOWN_SOURCES_ALONE);
    let change = json!({"OldPassword": PASSWORD, "Password": "a new password"});
    let thief = Elsewhere { token: Some(tenant.admin.token.clone()), ..at(122) };
    thief.post("/api/users/me/password", &change).await.problem(429, KNOWN_SOURCES_ALONE);
    // The founder signed in from here.
    Anonymous.post("/api/organizations", &creation).await.ok();
    tenant.admin.post("/api/users/me/password", &change).await.ok();
}

#[tokio::test]
async fn a_good_sign_in_writes_nothing_but_where_its_source_is_new_or_failures_were_counted() {
    let grace = person().await;
    let here = at(130);
    let writes = async || {
        let answer = here.post(LOGIN, &login(&grace.email, PASSWORD)).await;
        let units =
            answer.header("server-timing").split("write_units=").nth(1).unwrap().trim_end_matches('"').to_owned();
        (answer.status, units)
    };
    assert_eq!(writes().await, (200, "1".to_owned()), "the source is new");
    assert_eq!(writes().await, (200, "0".to_owned()));
    here.post(LOGIN, &login(&grace.email, "wrong")).await.problem(401, WRONG);
    assert_eq!(writes().await, (200, "1".to_owned()), "there is a failure");
    assert_eq!(writes().await, (200, "0".to_owned()));
    let yesterday = shared::clock::now() - 25 * 60 * 60;
    set_number(format!("TRIES#{}", grace.email), "KNOWN#127.9.0.130", "signed_in_at", yesterday).await;
    assert_eq!(writes().await, (200, "1".to_owned()), "the memory is older than a day");
    assert_eq!(writes().await, (200, "0".to_owned()));
}

#[tokio::test]
async fn one_source_has_its_wrong_passwords_over_all_addresses() {
    let options = Options { max_wrong_passwords_per_source: 6, ..Options::in_memory() };
    let bundle = start_bundle(&options).await.unwrap();
    let from = |last: u8| Elsewhere { url: Some(bundle.url()), ..at(last) };
    let (here, elsewhere) = (from(1), from(2));
    let mut people = Vec::new();
    for _ in 0..3 {
        let email = format!("{}@person.example", unique("grace"));
        let body = json!({"FirstName": "Grace", "LastName": "Hopper", "Email": email, "Password": PASSWORD});
        elsewhere.post("/api/users", &body).await.ok();
        people.push(email);
    }
    here.post(LOGIN, &login(&people[0], PASSWORD)).await.ok();

    // One password for each address, at once: six are told.
    let strangers: Vec<_> = (0..18).map(|_| format!("{}@nobody.example", unique("x"))).collect();
    let guesses = strangers.iter().chain(&people[1..]).map(|email| (email, login(email, "wrong")));
    let guesses: Vec<_> = guesses.map(|(_, body)| body).collect();
    let answers = join_all(guesses.iter().map(|guess| here.post(LOGIN, guess))).await;
    assert_eq!(statuses(&answers), (0, 6, 14));

    // Neither a right password nor another door is told from then on, nor does an account make a difference.
    for email in [&people[1], &strangers[0]] {
        let refused = here.post(LOGIN, &login(email, PASSWORD)).await;
        refused.problem(429, FROM_THIS_NETWORK);
        let seconds: u64 = refused.header("retry-after").parse().unwrap();
        assert!((1..=600).contains(&seconds));
    }
    let creation = json!({
        "Organization": {"Name": unique("Org")},
        "User": {"FirstName": "A", "LastName": "B", "Email": people[1], "Password": PASSWORD},
    });
    here.post("/api/organizations", &creation).await.problem(429, FROM_THIS_NETWORK);
    // An owner who signed in from here before isn't stopped by a neighbor, and other networks aren't stopped at all.
    here.post(LOGIN, &login(&people[0], PASSWORD)).await.ok();
    elsewhere.post(LOGIN, &login(&people[1], PASSWORD)).await.ok();
    bundle.stop().await;
}

#[tokio::test]
async fn creating_an_organization_with_an_account_shares_the_limit() {
    let tenant = tenant().await;
    let here = at(50);
    let body = |password: &str| {
        json!({
            "Organization": {"Name": unique("Org")},
            "User": {"FirstName": "A", "LastName": "B", "Email": tenant.email, "Password": password},
        })
    };
    for _ in 0..5 {
        let wrong = here.post("/api/organizations", &body("wrong password")).await;
        wrong.fields(&json!({"User.Email": ["has an account already, which has another password"]}));
        assert_eq!(wrong.header("ratelimit-policy"), "\"failed-tries\";q=10;w=60");
        assert_eq!(here.post(LOGIN, &login(&tenant.email, "wrong")).await.status, 401);
    }
    here.post("/api/organizations", &body("wrong password")).await.problem(429, TOO_MANY);
    here.post("/api/organizations", &body(PASSWORD)).await.problem(429, TOO_MANY);
    here.post(LOGIN, &login(&tenant.email, PASSWORD)).await.problem(429, TOO_MANY);
    at(51).post("/api/organizations", &body(PASSWORD)).await.ok();
}

#[tokio::test]
async fn a_header_is_no_source() {
    let grace = person().await;
    let here = at(60);
    let mut answers = Vec::new();
    for n in 0..12 {
        let request = here.request(reqwest::Method::POST, LOGIN).header("x-forwarded-for", format!("192.0.2.{n}"));
        answers.push(here.send(request.json(&login(&grace.email, "wrong"))).await);
    }
    assert_eq!(statuses(&answers), (0, 10, 2));
}

#[tokio::test]
async fn forty_guesses_at_once_with_a_taken_name_tell_no_more_than_the_limit() {
    let tenant = tenant().await;
    let here = at(70);
    let body = |password: &str| {
        json!({
            "Organization": {"Name": tenant.name},
            "User": {"FirstName": "A", "LastName": "B", "Email": tenant.email, "Password": password},
        })
    };
    let guesses: Vec<_> = (0..40).map(|n| body(&format!("wrong number {n}"))).collect();
    let answers = join_all(guesses.iter().map(|guess| here.post("/api/organizations", guess))).await;
    let told = answers.iter().filter(|answer| answer.status == 400).count();
    assert_eq!((told, answers.len() - told), (10, 30));
    here.post("/api/organizations", &body(PASSWORD)).await.problem(429, TOO_MANY);
}

#[tokio::test]
async fn guesses_of_the_old_password_by_a_stolen_token_are_limited_too() {
    let grace = person().await;
    let token = Some(grace.signed_in().await.token);
    let here = Elsewhere { token, ..at(71) };
    let body = json!({"OldPassword": "wrong", "Password": "a new password"});
    let answers = join_all((0..20).map(|_| here.post("/api/users/me/password", &body))).await;
    let told = answers.iter().filter(|answer| answer.status == 400).count();
    assert_eq!((told, answers.len() - told), (10, 10));
}
