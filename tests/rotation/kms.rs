//! A key of AWS KMS in the place of the secret.

use auth::Key;
use serde_json::json;
use shared::ids;

use super::{World, derived};
use crate::support::{Caller, Elsewhere, Kms, KmsMood, PASSWORD};

const BUSY: &str = "The service is busy, and nothing was changed; try again.";

fn of(kms: &Kms) -> Key {
    Key::of_kms(Kms::ARN, Some(&kms.url))
}

async fn sign_in(world: &World, auth: &Elsewhere) -> crate::support::Answer {
    auth.post("/api/auth/login", &json!({"Email": world.email, "Password": PASSWORD})).await
}

/// Changes over from one key to another, as the documents have it.
async fn change(old: impl Fn() -> Key, new: impl Fn() -> Key) {
    let world = World::new().await;
    let (old_kid, old_token) = world.token_of(&world.auth(old(), None).await).await;
    let before = world.published().await;

    let (kid, token) = world.token_of(&world.auth(new(), Some(old())).await).await;
    assert_eq!(kid, old_kid, "the new key is published and does not sign yet");
    world.use_token(&token).await.ok();
    let published = world.published().await;
    let new_kid = published.iter().find(|kid| !before.contains(kid)).unwrap();

    world.publish_earlier(new_kid).await;
    let (kid, token) = world.token_of(&world.auth(new(), Some(old())).await).await;
    assert_eq!(&kid, new_kid);
    for token in [&token, &old_token] {
        world.use_token(token).await.ok();
    }
}

#[tokio::test]
async fn a_token_that_kms_signed_is_taken_by_a_process_that_started_before() {
    let (world, kms) = (World::new().await, Kms::start().await);
    let auth = world.auth(of(&kms), None).await;
    let (kid, token) = world.token_of(&auth).await;
    world.use_token(&token).await.ok();
    let key_set = auth.get("/.well-known/jwks.json").await.ok();
    let published = key_set["keys"].as_array().unwrap().iter().find(|key| key["kid"] == kid.as_str()).unwrap();
    assert_eq!((&published["alg"], &published["crv"]), (&json!("ES256"), &json!("P-256")));
    // Another start finds the same key.
    assert_eq!(world.token_of(&world.auth(of(&kms), None).await).await.0, kid);
}

#[tokio::test]
async fn a_secret_is_exchanged_for_a_key_of_kms_without_a_token_refused() {
    let (kms, secret) = (Kms::start().await, ids::random_id(48));
    change(|| derived(&secret), || of(&kms)).await;
}

#[tokio::test]
async fn a_key_of_kms_is_exchanged_for_another_one_without_a_token_refused() {
    let (one, other) = (Kms::start().await, Kms::start().await);
    change(|| of(&one), || of(&other)).await;
}

#[tokio::test]
async fn a_key_of_kms_is_exchanged_for_a_secret_without_a_token_refused() {
    let (kms, secret) = (Kms::start().await, ids::random_id(48));
    change(|| of(&kms), || derived(&secret)).await;
}

#[tokio::test]
async fn while_kms_is_busy_a_sign_in_is_503_and_while_the_key_may_not_be_used_500() {
    let (world, kms) = (World::new().await, Kms::start().await);
    let auth = world.auth(of(&kms), None).await;
    for kind in ["ThrottlingException", "KMSInternalException"] {
        kms.is(KmsMood::Refuses(kind));
        sign_in(&world, &auth).await.problem(503, BUSY);
    }
    for mood in [
        KmsMood::Refuses("DisabledException"),
        KmsMood::Refuses("AccessDeniedException"),
        KmsMood::Refuses("KMSInvalidStateException"),
        KmsMood::AnswersGibberish,
    ] {
        kms.is(mood);
        sign_in(&world, &auth).await.bare_problem(500);
    }
    kms.is(KmsMood::Signs);
    world.use_token(&world.token_of(&auth).await.1).await.ok();
}

#[tokio::test]
async fn a_kms_that_never_answers_is_given_up_after_seconds() {
    let (world, kms) = (World::new().await, Kms::start().await);
    let auth = world.auth(of(&kms), None).await;
    kms.is(KmsMood::Hangs);
    sign_in(&world, &auth).await.problem(503, BUSY);
}

#[tokio::test]
async fn a_start_goes_on_without_kms_answers_what_needs_no_signature_and_signs_once_kms_is_back() {
    let (world, kms) = (World::new().await, Kms::start().await);
    kms.is(KmsMood::Refuses("ThrottlingException"));
    let auth = world.auth(of(&kms), None).await;
    auth.get("/.well-known/jwks.json").await.ok();
    sign_in(&world, &auth).await.problem(503, BUSY);
    kms.is(KmsMood::Signs);
    world.use_token(&world.token_of(&auth).await.1).await.ok();
}

#[tokio::test]
async fn a_previous_key_that_is_disabled_stops_nobodys_sign_in() {
    let (world, kms) = (World::new().await, Kms::start().await);
    let (old_kid, _) = world.token_of(&world.auth(of(&kms), None).await).await;
    kms.is(KmsMood::Refuses("DisabledException"));
    let auth = world.auth(derived(&ids::random_id(48)), Some(of(&kms))).await;
    let (kid, token) = world.token_of(&auth).await;
    assert_ne!(kid, old_kid);
    world.use_token(&token).await.ok();
}

#[tokio::test]
async fn a_key_that_does_not_sign_is_never_published() {
    let (world, kms) = (World::new().await, Kms::start().await);
    let before = world.published().await;
    kms.is(KmsMood::AgreesOnKeys);
    let auth = world.auth(of(&kms), None).await;
    sign_in(&world, &auth).await.bare_problem(500);
    assert_eq!(world.published().await, before);
}

// The binaries of functions are built for the suite over them alone.
#[cfg(feature = "lambda")]
#[tokio::test]
async fn a_start_with_a_secret_and_a_key_of_kms_says_so_and_ends() {
    let mut auth = tokio::process::Command::new(crate::support::binary("auth"));
    auth.env_clear().env("SIGNING_SECRET", ids::random_id(48)).env("SIGNING_KEY_ARN", Kms::ARN);
    auth.envs([("TABLE_NAME", "t"), ("ISSUER", "https://api.acme.example"), ("AUDIENCE", "a")]);
    // Nobody listens there.
    auth.env("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    let output = auth.output().await.unwrap();
    assert!(!output.status.success());
    let lines = String::from_utf8(output.stdout).unwrap();
    let mut lines = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let said = lines.find(|line| line["level"] == "ERROR").unwrap();
    assert_eq!(
        (&said["message"], &said["cause"]),
        (
            &json!("the function can't start"),
            &json!("the environment variable SIGNING_KEY_ARN can't be set beside SIGNING_SECRET")
        )
    );
}
