//! Tokens as another service verifies them, by the key set and `jsonwebtoken` alone. `docs/verifying-tokens.md` quotes
//! this file.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode, decode_header,
    errors::{ErrorKind, Result},
    jwk::JwkSet,
};
use serde::Deserialize;
use serde_json::{Value, json};
use shared::{claims::install_crypto, clock};

use crate::support::{Anonymous, Caller, IdpKey, PASSWORD, Tenant, claims_of, server, tenant};

const AUDIENCE: &str = "organizations-api";

/// A token without one of these claims is refused.
#[derive(Debug, Deserialize)]
struct Claims {
    sub: String,
    client_id: String,
    iat: u64,
    jti: String,
    #[serde(rename = "OrganizationId")]
    organization_id: String,
}

async fn fetch_keys(api: &str) -> reqwest::Result<JwkSet> {
    reqwest::get(format!("{api}/.well-known/jwks.json")).await?.json().await
}

fn verify(token: &str, keys: &JwkSet, issuer: &str, audience: &str) -> Result<Claims> {
    let header = decode_header(token)?;
    if header.typ.as_deref() != Some("at+jwt") {
        return Err(ErrorKind::InvalidToken.into());
    }
    let key = header.kid.and_then(|kid| keys.find(&kid)).ok_or(ErrorKind::InvalidToken)?;
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[audience]);
    validation.set_required_spec_claims(&["iss", "exp", "aud", "sub"]);
    Ok(decode::<Claims>(token, &DecodingKey::from_jwk(key)?, &validation)?.claims)
}

/// The API's key set. What verifies signatures is `ring`, in place of a feature of `jsonwebtoken`.
async fn keys() -> JwkSet {
    install_crypto();
    fetch_keys(&server().url).await.unwrap()
}

/// The reason why a token is refused.
fn refusal(token: &str, keys: &JwkSet) -> ErrorKind {
    verify(token, keys, &server().issuer, AUDIENCE).unwrap_err().into_kind()
}

async fn user_token(tenant: &Tenant) -> String {
    let login = json!({"Email": tenant.email, "Password": PASSWORD});
    Anonymous.post("/api/auth/login", &login).await.ok()["AccessToken"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn another_service_verifies_an_organization_token_by_the_key_set() {
    let tenant = tenant().await;
    let keys = keys().await;
    let claims = verify(&tenant.admin.token, &keys, &server().issuer, AUDIENCE).unwrap();
    assert_eq!(claims.sub, tenant.admin_id);
    assert_eq!(claims.client_id, server().issuer);
    assert_eq!(claims.organization_id, tenant.id);
    assert!(claims.iat <= clock::now());
    assert!(!claims.jti.is_empty());
}

#[tokio::test]
async fn another_service_refuses_a_user_token_and_one_of_another_issuer_or_audience() {
    let tenant = tenant().await;
    let keys = keys().await;
    let user_token = user_token(&tenant).await;
    assert_eq!(claims_of(&user_token)["aud"], json!(server().issuer));
    // A user token names no organization either, and the claims are read before the audience is compared.
    assert!(matches!(refusal(&user_token, &keys), ErrorKind::Json(_)));
    let kid = decode_header(&user_token).unwrap().kid.unwrap();
    let key = DecodingKey::from_jwk(keys.find(&kid).unwrap()).unwrap();
    let mut expected = Validation::new(Algorithm::ES256);
    expected.set_audience(&[AUDIENCE]);
    let any_claims = decode::<Value>(&user_token, &key, &expected);
    assert_eq!(any_claims.unwrap_err().into_kind(), ErrorKind::InvalidAudience);
    let token = &tenant.admin.token;
    let elsewhere = verify(token, &keys, "https://other.example", AUDIENCE).unwrap_err();
    assert_eq!(elsewhere.into_kind(), ErrorKind::InvalidIssuer);
    let elsewhere = verify(token, &keys, &server().issuer, "another-service").unwrap_err();
    assert_eq!(elsewhere.into_kind(), ErrorKind::InvalidAudience);
}

#[tokio::test]
async fn another_service_refuses_a_tampered_token() {
    let (tenant, other) = (tenant().await, tenant().await);
    let keys = keys().await;
    let token = &tenant.admin.token;
    let (_, others_signature) = other.admin.token.rsplit_once('.').unwrap();
    let (signed, _) = token.rsplit_once('.').unwrap();
    assert_eq!(refusal(&format!("{signed}.{others_signature}"), &keys), ErrorKind::InvalidSignature);
    let kid = decode_header(token).unwrap().kid.unwrap();
    let stranger = IdpKey::p256();
    let sign = |header: Value| stranger.sign(&header, &claims_of(token));
    let forged = sign(json!({"alg": "ES256", "typ": "at+jwt", "kid": kid}));
    assert_eq!(refusal(&forged, &keys), ErrorKind::InvalidSignature);
    let unknown = sign(json!({"alg": "ES256", "typ": "at+jwt", "kid": "unknown"}));
    assert_eq!(refusal(&unknown, &keys), ErrorKind::InvalidToken);
    let (_, rest) = token.split_once('.').unwrap();
    let symmetric = URL_SAFE_NO_PAD.encode(json!({"alg": "HS256", "typ": "at+jwt", "kid": kid}).to_string());
    assert_eq!(refusal(&format!("{symmetric}.{rest}"), &keys), ErrorKind::InvalidAlgorithm);
}

#[tokio::test]
async fn another_service_refuses_a_well_signed_token_of_another_type_or_without_a_claim() {
    install_crypto();
    let key = IdpKey::p256();
    let keys: JwkSet = serde_json::from_value(json!({"keys": [key.jwk("one")]})).unwrap();
    let header = json!({"alg": "ES256", "typ": "at+jwt", "kid": "one"});
    let now = clock::now();
    let claims = json!({
        "iss": server().issuer, "aud": AUDIENCE, "sub": "kp_1", "client_id": server().issuer, "iat": now,
        "exp": now + 600, "jti": "1", "OrganizationId": "1",
    });
    verify(&key.sign(&header, &claims), &keys, &server().issuer, AUDIENCE).unwrap();
    for name in ["iss", "aud", "exp", "sub", "client_id", "iat", "jti", "OrganizationId"] {
        let mut claims = claims.clone();
        claims.as_object_mut().unwrap().remove(name);
        let reason = refusal(&key.sign(&header, &claims), &keys);
        let is_missing = matches!(reason, ErrorKind::MissingRequiredClaim(_) | ErrorKind::Json(_));
        assert!(is_missing, "without {name}: {reason:?}");
    }
    for (name, value, expected) in [
        ("aud", json!(server().issuer), ErrorKind::InvalidAudience),
        ("iss", json!("https://other.example"), ErrorKind::InvalidIssuer),
        // A minute is allowed for clocks that differ.
        ("exp", json!(now - 90), ErrorKind::ExpiredSignature),
    ] {
        let mut claims = claims.clone();
        claims[name] = value;
        assert_eq!(refusal(&key.sign(&header, &claims), &keys), expected, "{name}");
    }
    for token_type in ["JWT", "logout+jwt"] {
        let header = json!({"alg": "ES256", "typ": token_type, "kid": "one"});
        assert_eq!(refusal(&key.sign(&header, &claims), &keys), ErrorKind::InvalidToken, "{token_type}");
    }
}
