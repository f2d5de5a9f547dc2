//! Instructions of the hot paths, counted by valgrind's callgrind: the same on every run of one toolchain and machine
//! type.
//!
//! `make bench-instructions` prints a table and compares it with `bench/instructions.json`; with `--write` it writes
//! that file. Past +10 % it fails.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark fails by panicking and prints its table")]

use std::{collections::BTreeMap, env, fs, path::Path, process::Command, sync::Arc};

use aws_sdk_dynamodb::Client;
use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
    },
    orchestrator::{HttpRequest, HttpResponse},
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::body::SdkBody;
use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http_body_util::BodyExt;
use lambda_http::tower::ServiceExt;
use p256::{
    SecretKey,
    ecdsa::{Signature, SigningKey, signature::Signer},
    elliptic_curve::sec1::ToSec1Point,
};
use serde_json::json;
use shared::{App, claims, clock, config::Config, dynamo, service, table::Table};

const ISSUER: &str = "https://api.example";
const ORGANIZATION: &str = "5f2b9c0e7d1a4b6c8e0f1a2b";
/// As long as a thumbprint: any other id is refused without a look.
const KID: &str = "oneoneoneoneoneoneoneoneoneoneoneoneoneoneo";
const SESSION: &str = "k7w2m9x4c1v8b5n3";
const USER: &str = "kp_4l1x0zq8w7c2m5n9b3v6a1s0";
/// Calls between two counts: what is done once isn't counted.
const CALLS: u64 = 20;
/// The growth of a path, in percent, from which on the check fails.
const TOLERANCE: u64 = 10;

/// A DynamoDB in memory: each operation has one answer.
#[derive(Clone, Debug)]
struct Memory(Arc<BTreeMap<&'static str, String>>);

impl HttpConnector for Memory {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        let asked = request.body().bytes().unwrap_or_default();
        // The second Query of a list is for its rows.
        let rows = operation == "Query" && asked.windows(4).any(|bytes| bytes == b"\"E#\"" || bytes == b"\"E#k");
        let name = if rows { "Rows" } else { &operation };
        let body = self.0.get(name).cloned().unwrap_or_else(|| panic!("no answer to {target}"));
        HttpConnectorFuture::ready(Ok(HttpResponse::new(200.try_into().unwrap(), SdkBody::from(body))))
    }
}

impl HttpClient for Memory {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

struct World {
    app: App,
    token: String,
}

impl World {
    async fn new() -> Self {
        let secret = SecretKey::from_slice(&[7; 32]).unwrap();
        let point = secret.public_key().to_sec1_point(false);
        let encoded = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let key = json!({
            "pk": {"S": "KEYS"}, "sk": {"S": format!("KEY#{KID}")}, "kid": {"S": KID},
            "x": {"S": encoded(point.x().unwrap())}, "y": {"S": encoded(point.y().unwrap())},
        });
        let keys = json!({"Items": [key]}).to_string();
        let app = Self::app(BTreeMap::from([("Query", keys)])).await;
        let now = clock::now();
        let claims = json!({
            "iss": ISSUER, "aud": "organizations-api", "sub": USER, "iat": now, "exp": now + 3600,
            "jti": "one", "token_use": "organization", "OrganizationId": ORGANIZATION, "OrgCode": "org_acme12345678",
            "Roles": ["admin"], "sid": SESSION, "email_verified": true,
        });
        let header = json!({"alg": "ES256", "typ": "at+jwt", "kid": KID}).to_string();
        let message = format!("{}.{}", encoded(header.as_bytes()), encoded(claims.to_string().as_bytes()));
        let signature: Signature = SigningKey::from(&secret).sign(message.as_bytes());
        let token = format!("{message}.{}", encoded(&signature.to_bytes()));
        Self { app, token }
    }

    async fn app(answers: BTreeMap<&'static str, String>) -> App {
        let client = SharedHttpClient::new(Memory(Arc::new(answers)));
        let config = dynamo::Table::client_config(Some("http://memory")).http_client(client).build();
        let table = Table::new(dynamo::Table::new(Client::from_conf(config), "organizations"));
        let table = table.requiring_verified_email(false);
        let config =
            Config { issuer: ISSUER.to_owned(), audience: "organizations-api".to_owned(), ..Config::default() };
        let app = App::on(table, &config);
        app.verifier.keys().fill().await;
        app
    }

    /// A router on an organization with a thousand links, in a bucket.
    async fn on_links(&self, make: impl Fn(App) -> Router, rows: usize) -> Router {
        let text = |text: &str| json!({"S": text});
        let role = json!([
            {"sk": text("#ORG")}, {"sk": text(&format!("ADMIN#{USER}"))},
            {"sk": text("USER"), "session_id": text(SESSION)},
        ]);
        let bucket = json!({"sk": text("B#"), "entries": {"N": "1000"}, "count": {"N": "1000"}, "epoch": text("e")});
        let links: Vec<_> = (0..rows)
            .map(|n| {
                let user = format!("kp_{n:024}");
                json!({"sk": text(&format!("E#{user}")), "user_id": text(&user), "customer_number": text(&format!("C-{n}"))})
            })
            .collect();
        let app = Self::app(BTreeMap::from([
            ("Query", json!({"Items": [bucket]}).to_string()),
            ("Rows", json!({"Items": links}).to_string()),
            ("BatchGetItem", json!({"Responses": {"organizations": role}}).to_string()),
        ]))
        .await;
        service::wrap(make(App { table: app.table, ..self.app.clone() }), ISSUER)
    }

    async fn on_organization(&self) -> Router {
        let text = |text: &str| json!({"S": text});
        let organization = json!({
            "sk": text("#ORG"), "id": text(ORGANIZATION), "code": text("org_acme12345678"), "Name": text("Acme"),
            "created_at": text("2026-11-24T08:00:00Z"), "updated_at": text("2026-11-24T08:00:00Z"),
            "version": {"N": "1"}, "admin_count": {"N": "1"},
        });
        let standing = json!([
            {"sk": text(&format!("ADMIN#{USER}"))}, {"sk": text("USER"), "session_id": text(SESSION)},
        ]);
        let app = Self::app(BTreeMap::from([
            ("Query", json!({"Items": [organization]}).to_string()),
            ("BatchGetItem", json!({"Responses": {"organizations": standing}}).to_string()),
        ]))
        .await;
        service::wrap(organizations::router(App { table: app.table, ..self.app.clone() }), ISSUER)
    }

    async fn get(&self, router: &Router, path: &str) {
        let request = Request::get(path).header("authorization", format!("Bearer {}", self.token));
        let answer = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let status = answer.status();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(status, StatusCode::OK, "{path}: {}", String::from_utf8_lossy(&body));
    }
}

const PATHS: [&str; 6] = [
    "verify a new token",
    "verify a token again",
    "GET organization, whole",
    "list a page of 25 links, whole",
    "list a page of 1,000 links, whole",
    "list by five filters, whole",
];

/// Goes a path so many times.
async fn go(path: &str, times: u64) {
    let world = World::new().await;
    let links = |app: App| associations::router(app);
    let list = "/api/organizations/users/associations";
    let filters = r#"[{"Field":"UserId","Operator":"startswith","Value":"kp_"},{"Field":"UserId","Operator":"gte","Value":"kp_0"},{"Field":"UserId","Operator":"lt","Value":"kp_z"},{"Field":"UserId","Operator":"gt","Value":"kp"},{"Field":"UserId","Operator":"lte","Value":"kp_zz"}]"#;
    let filters: String = url::form_urlencoded::byte_serialize(filters.as_bytes()).collect();
    match path {
        "verify a new token" => {
            for _ in 0..times {
                // Another verifier each time: none remembers the token.
                let verifier = claims::Verifier::new(world.app.verifier.keys().clone(), ISSUER, "organizations-api");
                verifier.verify(&world.token).await.unwrap();
            }
        }
        "verify a token again" => {
            world.app.verifier.verify(&world.token).await.unwrap();
            for _ in 0..times {
                world.app.verifier.verify(&world.token).await.unwrap();
            }
        }
        "GET organization, whole" => {
            let router = world.on_organization().await;
            for _ in 0..times {
                world.get(&router, "/api/organization").await;
            }
        }
        "list a page of 25 links, whole" => {
            let router = world.on_links(links, 25).await;
            for _ in 0..times {
                world.get(&router, list).await;
            }
        }
        "list a page of 1,000 links, whole" => {
            let router = world.on_links(links, 1_000).await;
            for _ in 0..times {
                world.get(&router, &format!("{list}?PageSize=1000")).await;
            }
        }
        _ => {
            let router = world.on_links(links, 25).await;
            for _ in 0..times {
                world.get(&router, &format!("{list}?Filters={filters}")).await;
            }
        }
    }
}

/// Instructions of a process that goes a path so many times.
fn instructions(path: &str, times: u64) -> u64 {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe().unwrap())
        .args(["--go", path, &times.to_string()])
        .output()
        .unwrap_or_else(|error| panic!("valgrind: {error}"));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    let collected = said.lines().find_map(|line| line.split("Collected : ").nth(1));
    collected.unwrap_or_else(|| panic!("{said}")).trim().parse().unwrap()
}

fn main() {
    let arguments: Vec<_> = env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--go") {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(go(&arguments[at + 1], arguments[at + 2].parse().unwrap()));
        return;
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions.json");
    let known: BTreeMap<String, u64> =
        fs::read(&file).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
    let mut counted = BTreeMap::new();
    let mut grown = Vec::new();
    println!("| path | instructions | before |\n| --- | --- | --- |");
    for path in PATHS {
        let per_call = (instructions(path, 5 + CALLS) - instructions(path, 5)) / CALLS;
        let before = known.get(path).copied();
        println!("| {path} | {per_call} | {} |", before.map_or_else(String::new, |before| before.to_string()));
        if before.is_some_and(|before| per_call > before + before * TOLERANCE / 100) {
            grown.push(path);
        }
        counted.insert(path.to_owned(), per_call);
    }
    if arguments.iter().any(|argument| argument == "--write") {
        fs::write(&file, serde_json::to_string_pretty(&json!(counted)).unwrap() + "\n").unwrap();
    }
    assert!(grown.is_empty(), "more than {TOLERANCE} % more instructions: {grown:?}");
}
