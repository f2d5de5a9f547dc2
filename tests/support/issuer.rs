//! Another identity provider: its keys, made by OpenSSL and by the `RustCrypto` project, and its key set behind TLS.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use p256::{SecretKey, elliptic_curve::sec1::ToSec1Point, pkcs8::EncodePrivateKey};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use ring::{
    rand::SystemRandom,
    rsa::PublicKeyComponents,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring::default_provider,
        pki_types::{PrivateKeyDer, pem::PemObject},
    },
};

/// A signing key of the provider's.
pub(crate) enum IdpKey {
    Rsa(RsaKeyPair),
    P256(Box<(SecretKey, EcdsaKeyPair)>),
    Ed25519(Ed25519KeyPair),
}

fn text(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl IdpKey {
    pub(crate) fn rsa(pem: &str) -> Self {
        let der = PrivateKeyDer::from_pem_slice(pem.as_bytes()).unwrap();
        Self::Rsa(RsaKeyPair::from_pkcs8(der.secret_der()).unwrap())
    }

    pub(crate) fn p256() -> Self {
        let secret = SecretKey::from_slice(&rand::random::<[u8; 32]>()).unwrap();
        let der = secret.to_pkcs8_der().unwrap();
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der.as_bytes(), &SystemRandom::new()).unwrap();
        Self::P256(Box::new((secret, pair)))
    }

    pub(crate) fn ed25519(pem: &str) -> Self {
        let der = PrivateKeyDer::from_pem_slice(pem.as_bytes()).unwrap();
        Self::Ed25519(Ed25519KeyPair::from_pkcs8_maybe_unchecked(der.secret_der()).unwrap())
    }

    pub(crate) fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "RS256",
            Self::P256(_) => "ES256",
            Self::Ed25519(_) => "EdDSA",
        }
    }

    pub(crate) fn jwk(&self, kid: &str) -> Value {
        let mut jwk = match self {
            Self::Rsa(key) => {
                let public = PublicKeyComponents::<Vec<u8>>::from(key.public_key());
                json!({"kty": "RSA", "n": text(public.n), "e": text(public.e)})
            }
            Self::P256(key) => {
                let point = key.0.public_key().to_sec1_point(false);
                json!({"kty": "EC", "crv": "P-256", "x": text(point.x().unwrap()), "y": text(point.y().unwrap())})
            }
            Self::Ed25519(key) => json!({"kty": "OKP", "crv": "Ed25519", "x": text(key.public_key())}),
        };
        jwk["kid"] = json!(kid);
        jwk["alg"] = json!(self.algorithm());
        jwk["use"] = json!("sig");
        jwk
    }

    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", text(header.to_string()), text(claims.to_string()));
        let random = SystemRandom::new();
        let signature = match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message.as_bytes(), &mut signature).unwrap();
                signature
            }
            Self::P256(key) => key.1.sign(&random, message.as_bytes()).unwrap().as_ref().to_vec(),
            Self::Ed25519(key) => key.sign(message.as_bytes()).as_ref().to_vec(),
        };
        format!("{message}.{}", text(signature))
    }
}

/// How the provider answers.
#[derive(Clone, Debug)]
pub(crate) enum IdpAnswer {
    KeySet(Value),
    Status(u16),
    Redirect(String),
    Huge,
    Nothing,
}

/// The provider's server.
pub(crate) struct Idp {
    pub(crate) name: String,
    pub(crate) key_set_url: String,
    pub(crate) ca_file: PathBuf,
    pub(crate) fetches: Arc<AtomicUsize>,
    answer: Arc<Mutex<IdpAnswer>>,
    _directory: tempfile::TempDir,
}

impl Idp {
    pub(crate) async fn start(answer: IdpAnswer) -> Self {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let ca_file = directory.path().join("ca.pem");
        std::fs::write(&ca_file, cert.pem()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(signing_key.serialize_pem().as_bytes()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let idp = Self {
            name: url.clone(),
            key_set_url: format!("{url}/keys"),
            ca_file,
            fetches: Arc::default(),
            answer: Arc::new(Mutex::new(answer)),
            _directory: directory,
        };
        let (acceptor, answer, fetches) =
            (TlsAcceptor::from(Arc::new(config)), idp.answer.clone(), idp.fetches.clone());
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (acceptor, answer, fetches) = (acceptor.clone(), answer.clone(), fetches.clone());
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let mut request = [0; 4096];
                    if stream.read(&mut request).await.unwrap_or(0) == 0 {
                        return;
                    }
                    fetches.fetch_add(1, Ordering::SeqCst);
                    let answer = answer.lock().unwrap().clone();
                    let _ = stream.write_all(answer.http().as_bytes()).await;
                    if matches!(answer, IdpAnswer::Nothing) {
                        std::future::pending::<()>().await;
                    }
                    let _ = stream.shutdown().await;
                });
            }
        });
        idp
    }

    pub(crate) fn answers(&self, answer: IdpAnswer) {
        *self.answer.lock().unwrap() = answer;
    }
}

impl IdpAnswer {
    pub(crate) fn keys(keys: &[Value]) -> Self {
        Self::KeySet(json!({"keys": keys}))
    }

    fn http(&self) -> String {
        let whole = |status: &str, headers: &str, body: &str| {
            let length = body.len();
            format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}")
        };
        match self {
            Self::KeySet(set) => whole("200 OK", "Content-Type: application/json\r\n", &set.to_string()),
            Self::Status(status) => whole(&format!("{status} X"), "", ""),
            Self::Redirect(to) => whole("302 Found", &format!("Location: {to}\r\n"), ""),
            Self::Huge => whole("200 OK", "", &format!("{{\"keys\": [], \"x\": \"{}\"}}", "x".repeat(70_000))),
            Self::Nothing => String::new(),
        }
    }
}
