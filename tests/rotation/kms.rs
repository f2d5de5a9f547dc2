//! A key of AWS KMS in the place of the secret.

use auth::Key;
use serde_json::json;
use shared::ids;

use super::{World, derived};
use crate::support::{Caller, Kms, KmsMood, PASSWORD};

async fn of(kms: &Kms) -> Key {
    Key::of_kms(Kms::ARN, Some(&kms.url)).await.unwrap()
}

#[tokio::test]
async fn a_token_that_kms_signed_is_taken_by_every_function() {
    let (world, kms) = (World::new().await, Kms::start().await);
    let auth = world.auth(of(&kms).await, None).await;
    let (kid, token) = world.token_of(&auth).await;
    let key_set = auth.get("/.well-known/jwks.json").await.ok();
    let published = key_set["keys"].as_array().unwrap().iter().find(|key| key["kid"] == kid.as_str()).unwrap();
    assert_eq!(
        (&published["alg"], &published["crv"], &published["use"]),
        (&json!("ES256"), &json!("P-256"), &json!("sig"))
    );
    world.use_token(&token).await.ok();
    // Another start finds the same key.
    assert_eq!(world.token_of(&world.auth(of(&kms).await, None).await).await.0, kid);
}

#[tokio::test]
async fn a_secret_is_exchanged_for_a_key_of_kms_without_a_token_refused() {
    let (world, kms) = (World::new().await, Kms::start().await);
    let secret = ids::random_id(48);
    let (old_kid, old_token) = world.token_of(&world.auth(derived(&secret), None).await).await;
    let before = world.published().await;

    let rotating = world.auth(of(&kms).await, Some(derived(&secret))).await;
    let (kid, token) = world.token_of(&rotating).await;
    assert_eq!(kid, old_kid, "the key of KMS is published and does not sign yet");
    world.use_token(&token).await.ok();
    let published = world.published().await;
    let new_kid = published.iter().find(|kid| !before.contains(kid)).unwrap();

    world.publish_earlier(new_kid).await;
    let (kid, token) = world.token_of(&world.auth(of(&kms).await, Some(derived(&secret))).await).await;
    assert_eq!(&kid, new_kid);
    for token in [&token, &old_token] {
        world.use_token(token).await.ok();
    }
}

#[tokio::test]
async fn while_kms_refuses_a_sign_in_is_503_and_the_next_one_is_good() {
    let (world, kms) = (World::new().await, Kms::start().await);
    let auth = world.auth(of(&kms).await, None).await;
    let login = json!({"Email": world.email, "Password": PASSWORD});
    for kind in ["ThrottlingException", "KMSInternalException", "DisabledException", "AccessDeniedException"] {
        kms.is(KmsMood::Refuses(kind));
        auth.post("/api/auth/login", &login)
            .await
            .problem(503, "The service is busy, and nothing was changed; try again.");
    }
    kms.is(KmsMood::Signs);
    world.use_token(&world.token_of(&auth).await.1).await.ok();
}

#[tokio::test]
async fn a_key_that_does_not_sign_or_is_unknown_is_refused_at_start() {
    let kms = Kms::start().await;
    let refusal = async |arn| Key::of_kms(arn, Some(&kms.url)).await.unwrap_err().to_string();
    let other = "arn:aws:kms:eu-central-1:123456789012:key/4f1c3ef5-6b4a-4a3a-9d5e-000000000002";
    assert_eq!(refusal(other).await, "KMS: refused: NotFoundException");
    kms.is(KmsMood::AgreesOnKeys);
    assert_eq!(refusal(Kms::ARN).await, "the key of KMS can't be used: it does not sign by ECDSA_SHA_256");
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
    let said = String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success());
    assert!(said.contains("the environment variable SIGNING_KEY_ARN can't be set beside SIGNING_SECRET"), "{said}");
}
