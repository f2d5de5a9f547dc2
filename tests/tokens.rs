//! Tokens that are made up or altered.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::future::join_all;
use local::Options;
use p256::{
    SecretKey,
    ecdsa::{Signature, SigningKey, signature::Signer},
    elliptic_curve::sec1::ToSec1Point,
    pkcs8::EncodePublicKey,
};
use ring::hmac;
use serde_json::{Value, json};
use shared::{clock, ids};

use crate::support::{
    Anonymous, Answer, Caller, Elsewhere, Member, PASSWORD, Tenant, claims_of, put_item, server, start_bundle, tenant,
};

/// A key of the test's own.
struct Key {
    kid: String,
    secret: SecretKey,
}

impl Key {
    fn random() -> Self {
        let secret = SecretKey::from_slice(&rand::random::<[u8; 32]>()).unwrap();
        Self { kid: ids::random_id(43), secret }
    }

    /// Puts the public half where the service looks for keys, and returns when every process finds it: a process that
    /// was just asked for an unknown key looks again after a second.
    async fn trusted(self) -> Self {
        let point = self.secret.public_key().to_sec1_point(false);
        let coordinate = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        put_item(json!({
            "pk": "KEYS", "sk": format!("KEY#{}", self.kid), "entity": "public key",
            "kid": self.kid, "x": coordinate(point.x().unwrap()), "y": coordinate(point.y().unwrap()),
        }))
        .await;
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        self
    }

    fn sign(&self, claims: &Value) -> String {
        self.sign_as("at+jwt", claims)
    }

    fn sign_as(&self, token_type: &str, claims: &Value) -> String {
        let header = encoded(&json!({"alg": "ES256", "typ": token_type, "kid": self.kid}));
        let message = format!("{header}.{}", encoded(claims));
        let signature: Signature = SigningKey::from(&self.secret).sign(message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }
}

fn good_claims(tenant: &Tenant) -> Value {
    let now = clock::now();
    json!({
        "iss": server().issuer, "aud": "organizations-api", "sub": tenant.admin_id, "iat": now, "exp": now + 600,
        "jti": ids::random_id(24), "token_use": "organization", "OrganizationId": tenant.id, "OrgCode": tenant.code,
        "Roles": ["admin"],
    })
}

async fn view(token: &str) -> Answer {
    get("/api/organization", token).await
}

async fn get(path: &str, token: &str) -> Answer {
    Member { token: token.to_owned() }.get(path).await
}

#[track_caller]
fn refused(answer: &Answer) {
    answer.problem(401, "The access token is malformed, wrongly signed, or not for this service.");
    let challenge =
        "Bearer realm=\"organizations\", error=\"invalid_token\", error_description=\"the token can't be used\"";
    assert_eq!(answer.header("www-authenticate"), challenge);
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

#[tokio::test]
async fn a_call_without_a_token_is_asked_for_one() {
    for path in ["/api/organization", "/api/organizations/users/admins"] {
        let answer = Anonymous.get(path).await;
        answer.problem(401, "An access token is needed.");
        assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"organizations\"");
    }
    let access = Anonymous.post("/api/auth/access", &json!({})).await;
    access.problem(401, "An access token is needed.");
}

#[tokio::test]
async fn a_token_of_another_type_is_refused_and_one_from_before_types_is_not() {
    let tenant = tenant().await;
    let key = Key::random().trusted().await;
    let login = json!({"Email": tenant.email, "Password": PASSWORD});
    let user = Anonymous.post("/api/auth/login", &login).await.ok();
    let user = claims_of(user["AccessToken"].as_str().unwrap());
    let organization = good_claims(&tenant);
    for token_type in ["logout+jwt", "secevent+jwt", "application/id+jwt", ""] {
        refused(&view(&key.sign_as(token_type, &organization)).await);
    }
    for token_type in ["AT+JWT", "application/at+jwt", "JWT"] {
        view(&key.sign_as(token_type, &organization)).await.ok();
    }
    // Before tokens had a type, a user token's audience was that of all services.
    let mut before = user.clone();
    before["aud"] = organization["aud"].clone();
    get("/api/users/me", &key.sign_as("JWT", &before)).await.ok();
    refused(&get("/api/users/me", &key.sign(&before)).await);
    refused(&get("/api/users/me", &key.sign_as("JWT", &user)).await);
}

#[tokio::test]
async fn each_bad_claim_of_a_well_signed_token_is_refused() {
    let tenant = tenant().await;
    let key = Key::random().trusted().await;
    let credential = tenant.admin.post("/api/organizations/api-access", &json!({"Name": "ERP"})).await.ok();
    let machine = json!({
        "OrgCode": tenant.code, "ClientId": credential["ClientId"], "ClientSecret": credential["ClientSecret"],
    });
    let owner = json!({"Email": tenant.email, "Password": PASSWORD});
    let signed_in = async |login: &Value| Anonymous.post("/api/auth/login", login).await.ok()["AccessToken"].clone();
    let (user, machine) = (signed_in(&owner).await, signed_in(&machine).await);

    let of_all = [
        ("iss", json!("https://elsewhere.example")),
        ("iss", Value::Null),
        ("aud", json!("another-api")),
        ("aud", Value::Null),
        ("exp", Value::Null),
        ("exp", json!("tomorrow")),
        ("nbf", json!(clock::now() + 600)),
        ("sub", Value::Null),
        ("sub", json!("ADMIN#kp")),
        ("token_use", json!("refresh")),
        ("token_use", Value::Null),
    ];
    let of_organizations = [
        ("OrganizationId", Value::Null),
        ("OrganizationId", json!("ORG")),
        ("OrgCode", Value::Null),
        ("Roles", json!(["owner"])),
        ("Roles", Value::Null),
        ("token_use", json!("user")),
    ];
    let of_users = [("sid", Value::Null), ("token_use", json!("organization")), ("token_use", json!("machine"))];
    for (token, path, of_kind) in [
        (&tenant.admin.token, "/api/organization", &of_organizations[..]),
        (&machine.as_str().unwrap().to_owned(), "/api/organization", &of_organizations),
        (&user.as_str().unwrap().to_owned(), "/api/users/me", &of_users),
    ] {
        let good = claims_of(token);
        assert_eq!(
            get(path, &key.sign(&good)).await.status,
            200,
            "the key and the claims are good as they are: {good}"
        );
        for (claim, value) in of_all.iter().chain(of_kind) {
            let mut claims = good.clone();
            if value.is_null() {
                claims.as_object_mut().unwrap().remove(*claim);
            } else {
                claims[claim] = value.clone();
            }
            let answer = get(path, &key.sign(&claims)).await;
            assert_eq!(answer.status, 401, "{path} {claim} {value}: {answer:?}");
            refused(&answer);
        }
    }
    let mut claims = good_claims(&tenant);
    claims["Roles"] = json!([]);
    view(&key.sign(&claims)).await.problem(403, "This needs the admin role of an organization.");
}

#[tokio::test]
async fn an_expired_token_is_refused_and_says_so() {
    let tenant = tenant().await;
    let key = Key::random().trusted().await;
    let mut claims = good_claims(&tenant);
    claims["exp"] = json!(clock::now() - 1);
    let answer = view(&key.sign(&claims)).await;
    answer.problem(401, "The access token has expired.");
    let challenge = answer.header("www-authenticate");
    assert!(challenge.ends_with("error=\"invalid_token\", error_description=\"the token has expired\""), "{challenge}");
}

#[tokio::test]
async fn a_token_signed_by_nobodys_key_is_refused() {
    let tenant = tenant().await;
    let stranger = Key::random();
    refused(&view(&stranger.sign(&good_claims(&tenant))).await);
    // A stranger's signature under a trusted key's id.
    let kid = jsonwebtoken::decode_header(&tenant.admin.token).unwrap().kid.unwrap();
    let forged = Key { kid, ..stranger }.sign(&good_claims(&tenant));
    refused(&view(&forged).await);
}

#[tokio::test]
async fn an_altered_token_is_refused() {
    let (tenant, other) = (tenant().await, tenant().await);
    let parts: Vec<_> = tenant.admin.token.split('.').collect();
    let [header, payload, signature] = parts[..] else { panic!("a token has three parts") };
    let swapped = encoded(&good_claims(&other));
    let none = encoded(&json!({"alg": "none", "typ": "JWT"}));
    let others_payload = other.admin.token.split('.').nth(1).unwrap();
    let forged = [
        format!("{header}.{swapped}.{signature}"),
        format!("{header}.{others_payload}.{signature}"),
        format!("{header}.{payload}."),
        format!("{header}.{payload}"),
        format!("{header}.{payload}.{}", URL_SAFE_NO_PAD.encode([0; 64])),
        format!("{none}.{payload}."),
        format!("{none}.{payload}.{signature}"),
        format!("{header}.{payload}.{signature}.{signature}"),
        "not-a-token".to_owned(),
        "a.b.c".to_owned(),
    ];
    for token in forged {
        refused(&view(&token).await);
    }
    let empty = Anonymous
        .send(Anonymous.request(reqwest::Method::GET, "/api/organization").header("authorization", "Bearer"))
        .await;
    refused(&empty);
}

/// The public key as the key set shows it.
fn public_jwk(key: &Key) -> Value {
    let point = key.secret.public_key().to_sec1_point(false);
    let coordinate = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    json!({"kty": "EC", "crv": "P-256", "x": coordinate(point.x().unwrap()), "y": coordinate(point.y().unwrap())})
}

#[tokio::test]
async fn a_token_signed_with_the_public_key_as_an_hmac_secret_is_refused() {
    let tenant = tenant().await;
    let key = Key::random().trusted().await;
    view(&key.sign(&good_claims(&tenant))).await.ok();
    let header = encoded(&json!({"alg": "HS256", "typ": "JWT", "kid": key.kid}));
    let message = format!("{header}.{}", encoded(&good_claims(&tenant)));
    let public = key.secret.public_key();
    let secrets = [
        public.to_public_key_der().unwrap().as_bytes().to_vec(),
        public.to_sec1_point(false).as_bytes().to_vec(),
        serde_json::to_vec(&public_jwk(&key)).unwrap(),
    ];
    for secret in secrets {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), message.as_bytes());
        refused(&view(&format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag))).await);
    }
}

#[tokio::test]
async fn a_key_that_has_ended_verifies_nothing() {
    let tenant = tenant().await;
    let key = Key::random();
    let point = key.secret.public_key().to_sec1_point(false);
    put_item(json!({
        "pk": "KEYS", "sk": format!("KEY#{}", key.kid), "entity": "public key", "kid": key.kid,
        "x": URL_SAFE_NO_PAD.encode(point.x().unwrap()), "y": URL_SAFE_NO_PAD.encode(point.y().unwrap()),
        "expires_at": clock::now() - 1,
    }))
    .await;
    refused(&view(&key.sign(&good_claims(&tenant))).await);
}

#[tokio::test]
async fn a_flood_of_invented_keys_is_refused_and_no_flood_of_reads() {
    // A process of its own: on the shared one other tests look up keys, too.
    let bundle = start_bundle(&Options::in_memory()).await.unwrap();
    let claims = json!({"sub": "kp_000000000000000000000000"});
    let call = async |key: Key| {
        let anyone = Elsewhere { url: Some(bundle.url()), token: Some(key.sign(&claims)), ..Elsewhere::default() };
        let answer = anyone.get("/api/organization").await;
        refused(&answer);
        usize::try_from(answer.round_trips()).unwrap()
    };
    let started = Instant::now();
    assert_eq!(call(Key::random()).await, 1, "the first is looked up");
    let reads = join_all((0..40).map(|_| call(Key::random()))).await.into_iter().sum::<usize>();
    assert!(reads <= usize::try_from(started.elapsed().as_secs()).unwrap(), "{reads} reads after the first");
    bundle.stop().await;
}

#[tokio::test]
async fn a_flood_of_invented_keys_keeps_no_new_key_out() {
    let tenant = tenant().await;
    let stop = AtomicBool::new(false);
    let flood = async {
        let mut answers = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            answers.push(view(&Key::random().sign(&good_claims(&tenant))).await);
        }
        answers
    };
    let new = async {
        for _ in 0..3 {
            view(&Key::random().trusted().await.sign(&good_claims(&tenant))).await.ok();
        }
        stop.store(true, Ordering::Relaxed);
    };
    let (answers, ()) = tokio::join!(flood, new);
    assert!(answers.len() > 10, "{}", answers.len());
    answers.iter().for_each(refused);
}

#[tokio::test]
async fn a_key_id_of_another_form_is_refused_without_a_read() {
    let tenant = tenant().await;
    for kid in ["made-up".to_owned(), "x".repeat(2_000), format!("KEYS#{}", ids::random_id(38)), ids::random_id(44)] {
        let answer = view(&Key { kid, ..Key::random() }.sign(&good_claims(&tenant))).await;
        refused(&answer);
        assert_eq!(answer.round_trips(), 0);
    }
}

#[tokio::test]
async fn an_unknown_key_is_taken_on_no_route() {
    let tenant = tenant().await;
    for path in [
        "/api/organization",
        "/api/organizations/users/admins",
        "/api/organizations/users/associations",
        "/api/organizations/price-tiers",
        "/api/organizations/api-access",
        "/api/customers/C-1",
        "/api/users/me",
    ] {
        refused(&get(path, &Key::random().sign(&good_claims(&tenant))).await);
    }
}
