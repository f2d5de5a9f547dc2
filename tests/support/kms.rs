//! AWS KMS with one key, in whatever state a test wants it.

use std::sync::{Arc, Mutex};

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use p256::{
    SecretKey,
    ecdsa::{Signature, SigningKey, signature::hazmat::PrehashSigner},
    pkcs8::EncodePublicKey,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What KMS does with a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KmsMood {
    Signs,
    /// Refuses each call by this error.
    Refuses(&'static str),
    /// Has a key of the same curve that agrees on keys and signs nothing.
    AgreesOnKeys,
    /// Answers what is no signature.
    AnswersGibberish,
    /// Takes each call and never answers.
    Hangs,
}

#[derive(Clone)]
pub(crate) struct Kms {
    pub(crate) url: String,
    secret: SecretKey,
    mood: Arc<Mutex<KmsMood>>,
}

impl Kms {
    /// The ARN of the only key.
    pub(crate) const ARN: &str = "arn:aws:kms:eu-central-1:123456789012:key/4f1c3ef5-6b4a-4a3a-9d5e-000000000001";

    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let kms = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            secret: SecretKey::from_slice(&rand::random::<[u8; 32]>()).unwrap(),
            mood: Arc::new(Mutex::new(KmsMood::Signs)),
        };
        let router = Router::new().route("/", post(answer)).with_state(kms.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        kms
    }

    pub(crate) fn is(&self, mood: KmsMood) {
        *self.mood.lock().unwrap() = mood;
    }

    fn public_key(&self, usage: &str, algorithms: &[&str]) -> Value {
        let document = self.secret.public_key().to_public_key_der().unwrap();
        json!({
            "KeyId": Self::ARN, "KeySpec": "ECC_NIST_P256", "KeyUsage": usage, "SigningAlgorithms": algorithms,
            "PublicKey": STANDARD.encode(document.as_bytes()),
        })
    }

    /// The signature of a digest, as a DER document.
    fn sign(&self, asked: &Value) -> Value {
        assert_eq!((&asked["MessageType"], &asked["SigningAlgorithm"]), (&json!("DIGEST"), &json!("ECDSA_SHA_256")));
        let digest = STANDARD.decode(asked["Message"].as_str().unwrap()).unwrap();
        let signature: Signature = SigningKey::from(&self.secret).sign_prehash(&digest).unwrap();
        json!({
            "KeyId": Self::ARN, "SigningAlgorithm": "ECDSA_SHA_256",
            "Signature": STANDARD.encode(signature.to_der().as_bytes()),
        })
    }
}

// The body comes as bytes, since axum reads no JSON of the SDK's type, `application/x-amz-json-1.1`.
async fn answer(State(kms): State<Kms>, headers: HeaderMap, body: Bytes) -> Response {
    let asked: Value = serde_json::from_slice(&body).unwrap();
    let refused = |kind: &str| {
        let body = json!({"__type": kind, "message": "as the test wants it"});
        (StatusCode::BAD_REQUEST, Json(body)).into_response()
    };
    let mood = kms.mood.lock().unwrap().clone();
    match (mood, headers["x-amz-target"].to_str().unwrap()) {
        (KmsMood::Refuses(kind), _) => refused(kind),
        (KmsMood::Hangs, _) => std::future::pending().await,
        _ if asked["KeyId"] != Kms::ARN => refused("NotFoundException"),
        (KmsMood::AgreesOnKeys, "TrentService.GetPublicKey") => {
            Json(kms.public_key("KEY_AGREEMENT", &[])).into_response()
        }
        (_, "TrentService.GetPublicKey") => Json(kms.public_key("SIGN_VERIFY", &["ECDSA_SHA_256"])).into_response(),
        (KmsMood::AnswersGibberish, "TrentService.Sign") => Json(json!({"Signature": "AAAA"})).into_response(),
        (_, "TrentService.Sign") => Json(kms.sign(&asked)).into_response(),
        (_, target) => panic!("nobody calls {target}"),
    }
}
