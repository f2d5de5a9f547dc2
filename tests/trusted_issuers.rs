//! Tokens of other identity providers.

use std::{sync::atomic::Ordering, time::Duration};

use futures_util::future::join_all;
use local::{Bundle, Options};
use serde_json::{Value, json};
use shared::clock;

use crate::support::{Answer, Caller, Elsewhere, Idp, IdpAnswer, IdpKey, PASSWORD, claims_of, unique};

const RSA: &str = include_str!("fixtures/rsa-2048.pem");
const ED25519: &str = include_str!("fixtures/ed25519.pem");
const ACCESS: &str = "/api/auth/access";

struct World {
    bundle: Bundle,
    idp: Idp,
    key: IdpKey,
    anyone: Elsewhere,
    /// An organization, and its founder's address and id.
    code: String,
    email: String,
    founder: String,
}

impl World {
    async fn new(key: IdpKey) -> Self {
        let idp = Idp::start(IdpAnswer::keys(&[key.jwk("one")])).await;
        let trusted = json!([
            {"Issuer": "https://other.example", "Audience": "shop", "KeySet": "https://localhost:1/keys"},
            {"Issuer": idp.name, "Audience": "shop", "KeySet": idp.key_set_url},
        ]);
        let options = Options {
            trusted_issuers: Some(trusted.to_string()),
            trusted_issuers_ca_file: Some(idp.ca_file.to_str().unwrap().to_owned()),
            ..Options::in_memory()
        };
        let bundle = Bundle::start(&options).await.unwrap();
        let anyone = Elsewhere { url: Some(bundle.url()), ..Elsewhere::default() };
        let email = format!("{}@founder.example", unique("ada"));
        let user = json!({"FirstName": "Ada", "LastName": "Lovelace", "Email": email, "Password": PASSWORD});
        let body = json!({"Organization": {"Name": unique("Org")}, "User": user});
        let created = anyone.post("/api/organizations", &body).await.ok();
        let code = created["Slug"].as_str().unwrap().to_owned();
        let login = json!({"Email": email, "Password": PASSWORD});
        let signed_in = anyone.post("/api/auth/login", &login).await.ok();
        let founder = signed_in["UserId"].as_str().unwrap().to_owned();
        Self { bundle, idp, key, anyone, code, email, founder }
    }

    fn claims(&self, subject: &str) -> Value {
        let now = clock::now();
        json!({
            "iss": self.idp.name, "aud": ["shop", "else"], "sub": subject, "iat": now, "exp": now + 300,
            "email": self.email.to_uppercase(), "email_verified": true,
        })
    }

    fn header(&self) -> Value {
        json!({"alg": self.key.algorithm(), "kid": "one", "typ": "JWT"})
    }

    async fn access(&self, token: &str) -> Answer {
        let caller = Elsewhere { token: Some(token.to_owned()), ..self.anyone.clone() };
        caller.post(ACCESS, &json!({"OrgCode": self.code})).await
    }

    async fn access_with(&self, claims: &Value) -> Answer {
        self.access(&self.key.sign(&self.header(), claims)).await
    }
}

#[tokio::test]
async fn a_token_of_a_trusted_issuer_becomes_our_organization_token_by_each_algorithm() {
    for key in [IdpKey::rsa(RSA), IdpKey::p256(), IdpKey::ed25519(ED25519)] {
        let world = World::new(key).await;
        let algorithm = world.key.algorithm();
        let access = world.access_with(&world.claims("u-1")).await.ok();
        assert_eq!((&access["UserId"], &access["Roles"]), (&json!(world.founder), &json!(["admin"])), "{algorithm}");
        let token = access["AccessToken"].as_str().unwrap().to_owned();
        assert_eq!(claims_of(&token)["iss"], world.bundle.url(), "it is our own");
        let admin = Elsewhere { token: Some(token), ..world.anyone.clone() };
        admin.get("/api/organization").await.ok();
        let foreign = world.key.sign(&world.header(), &world.claims("u-1"));
        let foreign = Elsewhere { token: Some(foreign), ..world.anyone.clone() };
        for path in ["/api/organization", "/api/users/me"] {
            assert_eq!(foreign.get(path).await.status, 401, "elsewhere it stands for nothing");
        }
        world.bundle.stop().await;
    }
}

#[tokio::test]
async fn each_bad_claim_header_and_signature_is_refused() {
    let world = World::new(IdpKey::p256()).await;
    let now = clock::now();
    for (name, value, status) in [
        ("iss", json!("https://evil.example"), 401),
        ("aud", json!("other"), 401),
        ("aud", Value::Null, 401),
        ("exp", json!(now - 100), 401),
        ("exp", Value::Null, 401),
        ("nbf", json!(now + 300), 401),
        ("sub", json!(""), 401),
        ("sub", Value::Null, 401),
        ("email_verified", json!(false), 403),
        ("email_verified", Value::Null, 403),
        ("email_verified", json!(1), 403),
        ("email", Value::Null, 403),
        ("email", json!("no address"), 403),
        ("email", json!("nobody@nowhere.example"), 403),
    ] {
        let mut claims = world.claims("u-1");
        claims[name] = value.clone();
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        }
        assert_eq!(world.access_with(&claims).await.status, status, "{name} {value}");
    }
    let claims = world.claims("u-1");
    let other = IdpKey::p256();
    for token in [
        other.sign(&world.header(), &claims),
        world.key.sign(&json!({"alg": "none", "kid": "one"}), &claims),
        world.key.sign(&json!({"alg": "HS256", "kid": "one"}), &claims),
        world.key.sign(&json!({"alg": "RS256", "kid": "one"}), &claims),
        world.key.sign(&json!({"alg": "ES256", "kid": "two"}), &claims),
        world.key.sign(&world.header(), &claims) + "x",
    ] {
        assert_eq!(world.access(&token).await.status, 401, "{token}");
    }
    assert_eq!(world.access_with(&claims).await.status, 200, "as it should be");
    // A key of another kind or use than it says is none.
    for (name, value) in [("alg", "RS256"), ("use", "enc"), ("kty", "oct"), ("crv", "P-384")] {
        let mut jwk = world.key.jwk("changed");
        jwk[name] = json!(value);
        let world = World::new(IdpKey::p256()).await;
        world.idp.answers(IdpAnswer::keys(&[jwk]));
        let token = world.key.sign(&json!({"alg": "ES256", "kid": "changed"}), &claims);
        assert_eq!(world.access(&token).await.status, 401, "{name}");
    }
}

#[tokio::test]
async fn a_key_set_that_cant_be_reached_is_503_and_never_accepted() {
    let world = World::new(IdpKey::p256()).await;
    let elsewhere = Idp::start(IdpAnswer::keys(&[world.key.jwk("one")])).await;
    for answer in [
        IdpAnswer::Status(500),
        IdpAnswer::Status(404),
        IdpAnswer::Redirect(elsewhere.key_set_url.clone()),
        IdpAnswer::Huge,
        IdpAnswer::KeySet(json!("no set")),
        IdpAnswer::Nothing,
    ] {
        // A failure is remembered for a second.
        tokio::time::sleep(Duration::from_millis(1100)).await;
        world.idp.answers(answer.clone());
        let refused = world.access_with(&world.claims("u-1")).await;
        refused.problem(503, "The service is busy; try again.");
        assert!(!refused.header("retry-after").is_empty(), "{answer:?}");
    }
    assert_eq!(elsewhere.fetches.load(Ordering::SeqCst), 0, "no redirect is followed");
    world.idp.answers(IdpAnswer::keys(&[world.key.jwk("one")]));
    tokio::time::sleep(Duration::from_millis(1100)).await;
    world.access_with(&world.claims("u-1")).await.ok();
    // A server that nothing vouches for.
    let mut claims = world.claims("u-1");
    claims["iss"] = json!("https://other.example");
    assert_eq!(world.access_with(&claims).await.status, 503);
}

#[tokio::test]
async fn a_flood_of_invented_keys_is_no_flood_of_fetches() {
    let world = World::new(IdpKey::p256()).await;
    world.access_with(&world.claims("u-1")).await.ok();
    let tokens: Vec<_> = (0..40)
        .map(|n| world.key.sign(&json!({"alg": "ES256", "kid": format!("invented-{n}")}), &world.claims("u-1")))
        .collect();
    let answers = join_all(tokens.iter().map(|token| world.access(token))).await;
    assert!(answers.iter().all(|answer| answer.status == 401));
    assert!(world.idp.fetches.load(Ordering::SeqCst) <= 2);
    world.access_with(&world.claims("u-1")).await.ok();
}

#[tokio::test]
async fn an_account_is_bound_to_issuer_and_subject_from_the_first_time_on() {
    let world = World::new(IdpKey::p256()).await;
    world.access_with(&world.claims("u-1")).await.ok();
    // The address moved on, there; the account stays the subject's.
    let mut moved = world.claims("u-1");
    moved["email"] = json!("new@elsewhere.example");
    assert_eq!(world.access_with(&moved).await.ok()["UserId"], world.founder.as_str());
    // The address belongs to another subject now.
    let taken = world.access_with(&world.claims("u-2")).await;
    taken.problem(403, "The account is bound to another identity of this issuer.");
    // Sixteen first times at once bind once.
    let other = World::new(IdpKey::p256()).await;
    let subjects: Vec<_> = (0..16).map(|n| other.claims(&format!("u-{}", n % 2))).collect();
    let answers = join_all(subjects.iter().map(|claims| other.access_with(claims))).await;
    let in_of = |parity: usize| answers.iter().skip(parity).step_by(2).filter(|answer| answer.status == 200).count();
    assert_eq!([in_of(0), in_of(1)].iter().filter(|count| **count == 8).count(), 1, "{:?}", [in_of(0), in_of(1)]);
    assert_eq!(in_of(0) + in_of(1), 8);
}

#[tokio::test]
async fn the_first_proof_by_an_issuer_ends_what_a_squatter_has() {
    let world = World::new(IdpKey::p256()).await;
    let login = json!({"Email": world.email, "Password": PASSWORD});
    let before = world.anyone.post("/api/auth/login", &login).await.ok();
    let before = Elsewhere { token: Some(before["AccessToken"].as_str().unwrap().to_owned()), ..world.anyone.clone() };
    world.access_with(&world.claims("u-1")).await.ok();
    assert_eq!(before.post(ACCESS, &json!({"OrgCode": world.code})).await.status, 401);
    assert_eq!(world.anyone.post("/api/auth/login", &login).await.status, 401);
}

#[tokio::test]
async fn an_identity_enriches_for_nobody_else() {
    let world = World::new(IdpKey::p256()).await;
    let token = world.key.sign(&world.header(), &world.claims("u-1"));
    let caller = Elsewhere { token: Some(token), ..world.anyone.clone() };
    let body = json!({"OrgCode": world.code, "UserId": world.founder});
    caller.post(ACCESS, &body).await.problem(403, "Only a machine may enrich a token for another user.");
    let unknown = caller.post(ACCESS, &json!({"OrgCode": "org_unknown99"})).await;
    unknown.fields(&json!({"OrgCode": ["is no organization's code"]}));
}
