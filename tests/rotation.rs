//! Another signing key: published ahead, two keys at once, old tokens good until they end.

mod kms;

use auth::{AuthApp, Issuer, Key, TrustedIssuers};
use local::Bundle;
use serde_json::json;
use shared::{App, clock, config::Config, dynamo, ids, service, table::Table};
use tokio::{net::TcpListener, process::Command};

use crate::support::{Answer, Caller, Elsewhere, PASSWORD, binary, start_bundle, unique};

const AHEAD: u64 = 300;

/// A bundle, whose `auth` runs once more beside it with other secrets.
struct World {
    bundle: Bundle,
    email: String,
}

impl World {
    async fn new() -> Self {
        let bundle = start_bundle(&local::Options::in_memory()).await.unwrap();
        let anyone = Elsewhere { url: Some(bundle.url()), ..Elsewhere::default() };
        let email = format!("{}@person.example", unique("grace"));
        let user = json!({"FirstName": "Grace", "LastName": "Hopper", "Email": email, "Password": PASSWORD});
        anyone.post("/api/users", &user).await.ok();
        Self { bundle, email }
    }

    fn config(&self) -> Config {
        Config {
            table_name: Bundle::TABLE.to_owned(),
            issuer: self.bundle.url(),
            audience: "organizations-api".to_owned(),
            dynamodb_endpoint: Some(self.bundle.dynamodb_url()),
            ..Config::default()
        }
    }

    fn table(&self) -> Table {
        Table::connect(&self.config())
    }

    /// Another start of `auth`.
    async fn auth(&self, key: Key, previous: Option<Key>) -> Elsewhere {
        let config = self.config();
        let issuer = previous.into_iter().fold(Issuer::new(key, &config).unwrap(), Issuer::in_place_of);
        let app = App::new(&config);
        let auth = AuthApp::start(app, issuer, TrustedIssuers::default()).await;
        let router = service::wrap(auth::router(auth), &config.issuer);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router.into_make_service_with_connect_info::<Peer>()).await });
        Elsewhere { url: Some(url), ..Elsewhere::default() }
    }

    async fn token_of(&self, auth: &Elsewhere) -> (String, String) {
        let login = json!({"Email": self.email, "Password": PASSWORD});
        let token = auth.post("/api/auth/login", &login).await.ok()["AccessToken"].as_str().unwrap().to_owned();
        (jsonwebtoken::decode_header(&token).unwrap().kid.unwrap(), token)
    }

    /// Asks a function that started before any of this.
    async fn use_token(&self, token: &str) -> Answer {
        let caller = Elsewhere { url: Some(self.bundle.url()), token: Some(token.to_owned()), source: None };
        caller.get("/api/users/me").await
    }

    /// Moves a key's publication into the past.
    async fn publish_earlier(&self, kid: &str) {
        let key = self.table().public_keys().await.unwrap().into_iter().find(|key| key.kid == kid).unwrap();
        let item = json!({
            "pk": "KEYS", "sk": format!("KEY#{kid}"), "kid": kid, "x": key.x, "y": key.y,
            "published_at": key.published_at - AHEAD,
        });
        let client = aws_sdk_dynamodb::Client::from_conf(
            dynamo::Table::client_config(Some(&self.bundle.dynamodb_url())).build(),
        );
        let item = serde_dynamo::to_item(item).unwrap();
        client.put_item().table_name(Bundle::TABLE).set_item(Some(item)).send().await.unwrap();
    }

    async fn published(&self) -> Vec<String> {
        let keys = self.table().public_keys().await.unwrap();
        let now = clock::now();
        keys.into_iter().filter(|key| key.ended_at.is_none_or(|end| end > now)).map(|key| key.kid).collect()
    }
}

fn derived(secret: &str) -> Key {
    Key::derived_from(secret).unwrap()
}

#[derive(Clone)]
struct Peer;

impl axum::extract::connect_info::Connected<axum::serve::IncomingStream<'_, TcpListener>> for Peer {
    fn connect_info(_: axum::serve::IncomingStream<'_, TcpListener>) -> Self {
        Self
    }
}

#[tokio::test]
async fn a_secret_is_exchanged_without_a_token_refused() {
    let world = World::new().await;
    let (old, new) = (ids::random_id(48), ids::random_id(48));
    let before = world.auth(derived(&old), None).await;
    let (old_kid, old_token) = world.token_of(&before).await;

    // Published, and not yet signing.
    let rotating = world.auth(derived(&new), Some(derived(&old))).await;
    let (kid, token) = world.token_of(&rotating).await;
    assert_eq!(kid, old_kid);
    world.use_token(&token).await.ok();
    let new_kid = {
        let key_set = rotating.get("/.well-known/jwks.json").await.ok();
        let kids: Vec<_> = key_set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap()).collect();
        assert_eq!(kids.len(), 3, "the bundle's own, the old and the new one");
        let known = world.token_of(&Elsewhere { url: Some(world.bundle.url()), ..Elsewhere::default() }).await.0;
        (*kids.iter().find(|kid| **kid != old_kid && **kid != known).unwrap()).to_owned()
    };

    // Five minutes later it signs, and both are good.
    world.publish_earlier(&new_kid).await;
    let rotated = world.auth(derived(&new), Some(derived(&old))).await;
    let (kid, new_token) = world.token_of(&rotated).await;
    assert_eq!(kid, new_kid);
    world.use_token(&new_token).await.ok();
    world.use_token(&old_token).await.ok();

    // Then the old one is retired: its tokens end with it.
    world.table().retire_key(&old_kid, clock::now()).await.unwrap();
    assert!(!world.published().await.contains(&old_kid));
    let after = world.auth(derived(&new), None).await;
    let mine = Elsewhere { token: Some(old_token), ..after.clone() };
    assert_eq!(mine.post("/api/auth/access", &json!({"OrgCode": "org_unknown99"})).await.status, 401);
    world.use_token(&world.token_of(&after).await.1).await.ok();
}

#[tokio::test]
async fn a_retired_key_never_signs() {
    let world = World::new().await;
    let secret = ids::random_id(48);
    let (kid, _) = world.token_of(&world.auth(derived(&secret), None).await).await;
    world.table().retire_key(&kid, clock::now()).await.unwrap();
    let again = world.auth(derived(&secret), None).await;
    let login = json!({"Email": world.email, "Password": PASSWORD});
    assert_eq!(again.post("/api/auth/login", &login).await.status, 503);
    // Nor does another retirement bring it back for a while.
    assert!(!world.table().retire_key(&kid, clock::now() + 3600).await.unwrap());
    assert!(!world.published().await.contains(&kid));
}

#[tokio::test]
async fn the_command_retires_a_key_unless_it_is_the_last() {
    let world = World::new().await;
    let retire = async |kid: &str, after: &str| {
        let mut command = Command::new(binary("operate"));
        command.args(["retire-key", kid, "--after", after, "--table", Bundle::TABLE]);
        command.env("AWS_ENDPOINT_URL_DYNAMODB", world.bundle.dynamodb_url());
        let output = command.output().await.unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    let own = world.published().await.remove(0);
    let (done, why) = retire(&own, "0").await;
    assert!(!done && why.contains("no other key is in use"), "{why}");
    let (other, _) = world.token_of(&world.auth(derived(&ids::random_id(48)), None).await).await;
    assert!(retire("unknown", "0").await.1.contains("no signing key of this id, or it ends sooner"));
    assert!(retire(&other, "3600").await.0);
    assert_eq!(world.published().await.len(), 2, "until it ends");
    assert!(retire(&other, "0").await.0);
    assert_eq!(world.published().await, [own]);
}
