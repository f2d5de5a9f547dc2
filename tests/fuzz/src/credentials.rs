//! Tokens and API keys: none is accepted that wasn't signed by a published key, for us, and for as long as it says.

use std::{cell::LazyCell, future::Future};

use axum::http::{HeaderMap, HeaderValue};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::Value;
use shared::{
    claims::{ApiKey, Claims, Credentials, KeySet, KeySource, KeysRead, PublicKey, Verifier},
    clock::now,
};
use tokio::runtime::{Builder, Runtime};

const ISSUER: &str = "https://api.acme.example";
const AUDIENCE: &str = "organizations-api";
/// Key ids have the form of thumbprints.
const KEY_ID: &str = "pVSK9jsfgckxfjc7a66ILy00FPlidvkzjV92yJJoveY";
/// A year that tokens of this corpus end in.
const FUTURE: u64 = 4_000_000_000;

struct Published(PublicKey);

impl KeySource for Published {
    fn all(&self) -> KeysRead<'_, Vec<PublicKey>> {
        Box::pin(async { Ok(vec![self.0.clone()]) })
    }
}

struct Service {
    runtime: Runtime,
    verifier: Verifier,
    key: EcdsaKeyPair,
    stranger: EcdsaKeyPair,
    /// A good token.
    token: String,
}

thread_local! {
    static SERVICE: LazyCell<Service> = LazyCell::new(Service::new);
}

fn text(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn pair() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap()
}

fn sign(key: &EcdsaKeyPair, header: &str, payload: &str) -> String {
    let message = format!("{}.{}", text(header), text(payload));
    let signature = key.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
    format!("{message}.{}", text(signature))
}

impl Service {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        let (key, stranger) = (pair(), pair());
        let (x, y) = key.public_key().as_ref()[1..].split_at(32);
        let public = PublicKey { kid: KEY_ID.to_owned(), x: text(x), y: text(y), published_at: 0, ended_at: None };
        let keys = KeySet::new(Published(public));
        runtime.block_on(keys.fill());
        let header = format!(r#"{{"typ":"at+jwt","alg":"ES256","kid":"{KEY_ID}"}}"#);
        let payload = format!(
            r#"{{"iss":"{ISSUER}","aud":"{ISSUER}","iat":0,"exp":{FUTURE},"jti":"one","token_use":"user","sub":"kp_4l1x0zq8w7c2m5n9b3v6a1s0","sid":"s","email_verified":true}}"#
        );
        let token = sign(&key, &header, &payload);
        Self { runtime, verifier: Verifier::new(keys, ISSUER, AUDIENCE), key, stranger, token }
    }

    fn verify(&self, token: &str) -> Option<Claims> {
        self.wait(self.verifier.verify(token)).ok().map(|claims| (*claims).clone())
    }

    fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }
}

/// What somebody sends in a header, a token's header, and its claims, a line each. `$KID` is the published key's id.
pub(crate) fn run(data: &[u8]) {
    let [sent, header, payload] = crate::lines(data);
    SERVICE.with(|service| {
        check_key(&sent);
        check_headers(service, &sent);
        check_altered(service, sent.as_bytes());
        check_signed(service, &header.replace("$KID", KEY_ID), &payload);
    });
}

/// A key's form is exact: whatever is read as one is made of its parts again.
fn check_key(sent: &str) {
    let Some(key) = ApiKey::parse(sent) else { return };
    let parts: Vec<_> = sent.split('_').collect();
    assert_eq!(parts[..2], ["orgkey", key.organization_id.as_str()]);
    assert_eq!(format!("client_{}", parts[2]), key.client_id.as_str());
    assert_eq!((parts.len(), parts[3].len()), (4, 50));
}

/// Nobody is let in by a text that he made up.
fn check_headers(service: &Service, sent: &str) {
    let Ok(value) = HeaderValue::from_str(sent) else { return };
    for name in ["authorization", "x-api-key"] {
        let headers = HeaderMap::from_iter([(name.parse().unwrap(), value.clone())]);
        match service.wait(service.verifier.authenticate(&headers)) {
            Ok(Credentials::Token(identity)) => panic!("{sent} is {identity:?}"),
            Ok(Credentials::Key(key)) => assert_eq!(ApiKey::parse(sent.trim()), Some(key)),
            Err(_) => {}
        }
    }
}

/// A good token with what was sent laid over it, from either end.
fn check_altered(service: &Service, sent: &[u8]) {
    let good = service.verify(&service.token).expect("the good token is good");
    for backwards in [false, true] {
        let mut bytes = service.token.clone().into_bytes();
        let length = bytes.len();
        for (place, byte) in sent.iter().take(length).enumerate() {
            // A space stands for what stays.
            if *byte != b' ' {
                bytes[if backwards { length - 1 - place } else { place }] = *byte;
            }
        }
        let altered = String::from_utf8_lossy(&bytes).into_owned();
        if altered != service.token {
            assert_eq!(service.verify(&altered), None, "{altered} is no token of {good:?}");
        }
    }
}

/// Any header and claims, signed by a published key, are accepted if they are ours, and signed by a stranger's never.
fn check_signed(service: &Service, header: &str, payload: &str) {
    assert_eq!(service.verify(&sign(&service.stranger, header, payload)), None, "a stranger's");
    let Some(claims) = service.verify(&sign(&service.key, header, payload)) else { return };
    let (header, payload): (Value, Value) =
        (serde_json::from_str(header).unwrap(), serde_json::from_str(payload).unwrap());
    assert_eq!((&header["alg"], &header["kid"]), (&Value::from("ES256"), &Value::from(KEY_ID)));
    let kind = header["typ"].as_str().unwrap().to_ascii_lowercase();
    let untyped = matches!(kind.trim_start_matches("application/"), "jwt");
    assert!(untyped || kind.ends_with("at+jwt"), "{kind}");
    assert_eq!(claims.iss, ISSUER);
    assert!(claims.exp > now());
    assert!(payload["nbf"].as_u64().is_none_or(|from| from <= now()), "{payload}");
    let of_user = payload["token_use"] == "user";
    assert_eq!(claims.aud, if of_user && !untyped { ISSUER } else { AUDIENCE });
    assert_eq!(payload["aud"], claims.aud.as_str(), "the claims are those that were signed");
}
