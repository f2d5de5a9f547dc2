//! `POST /oauth2/token`, for clients that speak OAuth, and the documents by which they find it.

mod clients;
mod exchanges;

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{Anonymous, Answer, Caller, PASSWORD, Person, Tenant, claims_of, person, server, tenant};

const TOKEN: &str = "/oauth2/token";
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
const FORM: &str = "application/x-www-form-urlencoded";
const WRONG_CLIENT: &str = "The client id or its secret is wrong.";
const CHALLENGE: &str = "Basic realm=\"organizations\", charset=\"UTF-8\"";

/// A client that authenticates by HTTP Basic, or by whatever header a test makes up.
#[derive(Clone, Debug)]
struct Basic(String);

impl Basic {
    fn new(id: &str, secret: &str) -> Self {
        Self(format!("Basic {}", STANDARD.encode(format!("{id}:{secret}"))))
    }
}

impl Caller for Basic {
    fn sign(&self, request: RequestBuilder) -> RequestBuilder {
        request.header("authorization", &self.0)
    }
}

/// A machine credential as its maker saw it.
struct Machine {
    id: String,
    secret: String,
    key: String,
}

async fn machine(tenant: &Tenant, access: &str) -> Machine {
    let body = json!({"Name": "Web shop", "Access": access});
    let created = tenant.admin.post("/api/organizations/api-access", &body).await.ok();
    let text = |name: &str| created[name].as_str().unwrap().to_owned();
    Machine { id: text("ClientId"), secret: text("ClientSecret"), key: text("ApiKey") }
}

impl Machine {
    async fn revoke(&self, tenant: &Tenant) {
        tenant.admin.delete("/api/organizations/api-access", &json!({"ClientId": self.id})).await.ok();
    }
}

async fn post(parameters: &[(&str, &str)]) -> Answer {
    Anonymous.post_form(TOKEN, parameters).await
}

/// The whole answer that a client credentials grant gets.
async fn grant(id: &str, secret: &str, rest: &[(&str, &str)]) -> Answer {
    let parameters = [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)];
    post(&[&parameters, rest].concat()).await
}

/// The whole answer that an exchange of an access token gets.
async fn exchange(token: &str, code: &str, rest: &[(&str, &str)]) -> Answer {
    exchange_by(&Anonymous, token, code, rest).await
}

async fn exchange_by(caller: &impl Caller, token: &str, code: &str, rest: &[(&str, &str)]) -> Answer {
    let parameters =
        [("grant_type", EXCHANGE), ("subject_token", token), ("subject_token_type", ACCESS_TOKEN), ("audience", code)];
    caller.post_form(TOKEN, &[&parameters, rest].concat()).await
}

/// Asserts a whole refusal by the rules of OAuth.
#[track_caller]
fn refused(answer: &Answer, status: u16, error: &str, description: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!((answer.header("cache-control"), answer.header("pragma")), ("no-store", "no-cache"));
    assert_eq!(answer.header("www-authenticate"), if status == 401 { CHALLENGE } else { "" });
    assert_eq!(answer.json(), json!({"error": error, "error_description": description}));
}

/// Asserts a whole answer with a token, and returns its claims.
#[track_caller]
fn issued(answer: Answer, expected: &Value) -> Value {
    assert_eq!((answer.header("cache-control"), answer.header("pragma")), ("no-store", "no-cache"));
    let mut body = answer.ok();
    let token = body.as_object_mut().unwrap().remove("access_token").unwrap();
    assert_eq!(&body, expected);
    let token = token.as_str().unwrap();
    let header = jsonwebtoken::decode_header(token).unwrap();
    assert_eq!(header.typ.as_deref(), Some("at+jwt"));
    claims_of(token)
}

fn exchanged(scope: &str) -> Value {
    json!({"issued_token_type": ACCESS_TOKEN, "token_type": "Bearer", "expires_in": 3600, "scope": scope})
}

async fn associate(tenant: &Tenant, person: &Person) {
    tenant.admin.post("/api/organizations/price-tiers", &json!({"Name": "Gold", "CurrencyCode": "EUR"})).await;
    let customer = json!({"CustomerNumber": "C-1", "CompanyName": "Acme", "Pricing": "Gold"});
    tenant.admin.send(tenant.admin.request(Method::PUT, "/api/customers").json(&customer)).await.ok();
    let link = json!({"UserId": person.id, "CustomerNumber": "C-1"});
    tenant.admin.post("/api/organizations/users/associate-customer", &link).await.ok();
}

/// The user token of an organization's founder.
async fn user_token(tenant: &Tenant) -> String {
    let login = json!({"Email": tenant.email, "Password": PASSWORD});
    Anonymous.post("/api/auth/login", &login).await.ok()["AccessToken"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_request_that_is_no_grant_is_told_so_in_the_words_of_oauth() {
    refused(&post(&[]).await, 400, "invalid_request", "A grant_type is needed.");
    refused(&post(&[("grant_type", "")]).await, 400, "invalid_request", "A grant_type is needed.");
    let unsupported = "The grant types are client_credentials and token exchange.";
    for grant in ["password", "authorization_code", "refresh_token", "CLIENT_CREDENTIALS"] {
        refused(&post(&[("grant_type", grant)]).await, 400, "unsupported_grant_type", unsupported);
    }
    let twice = "The parameter audience is there more than once.";
    for (first, second) in [("a", "a"), ("a", "b"), ("a", ""), ("", "")] {
        let answer = post(&[("grant_type", "client_credentials"), ("audience", first), ("audience", second)]).await;
        refused(&answer, 400, "invalid_request", twice);
    }
    let answer = post(&[("x\"\u{fc}", "1"), ("x\"\u{fc}", "2")]).await;
    refused(&answer, 400, "invalid_request", "The parameter x?? is there more than once.");
    let answer = Anonymous.raw(Method::POST, TOKEN, Some(FORM), "grant_type=client_credentials&audience=%FF").await;
    refused(&answer, 400, "invalid_request", "audience must be UTF-8.");
    let answer = Anonymous.raw(Method::POST, TOKEN, Some(FORM), &b"grant_type=\xff"[..]).await;
    refused(&answer, 400, "invalid_request", "The body must be UTF-8.");
}

#[tokio::test]
async fn a_body_that_is_no_form_or_too_long_is_refused_as_everywhere() {
    let detail = "The body's Content-Type must be application/x-www-form-urlencoded.";
    for kind in [None, Some("application/json"), Some("text/plain"), Some("multipart/form-data")] {
        let answer = Anonymous.raw(Method::POST, TOKEN, kind, "grant_type=client_credentials").await;
        answer.problem(415, detail);
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    let form = Anonymous.request(Method::POST, TOKEN).header("content-type", FORM);
    let compressed = Anonymous.send(form.header("content-encoding", "gzip").body("grant_type=x")).await;
    compressed.problem(415, "The body must have no Content-Encoding.");
    let long = format!("grant_type=client_credentials&audience={}", "x".repeat(64 * 1024));
    let answer = Anonymous.raw(Method::POST, TOKEN, Some(FORM), long).await;
    answer.problem(413, "The body is longer than 65536 bytes.");
    let kind = Some("Application/X-WWW-Form-Urlencoded; charset=UTF-8");
    let answer = Anonymous.raw(Method::POST, TOKEN, kind, "grant_type=x").await;
    let unsupported = "The grant types are client_credentials and token exchange.";
    refused(&answer, 400, "unsupported_grant_type", unsupported);
    Anonymous.get(TOKEN).await.bare_problem(405);
}

#[tokio::test]
async fn a_client_finds_the_endpoint_by_the_issuers_address_and_nothing_that_is_not_there() {
    let issuer = &server().issuer;
    let metadata = json!({
        "issuer": issuer,
        "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
        "token_endpoint": format!("{issuer}/oauth2/token"),
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "grant_types_supported": ["client_credentials", EXCHANGE],
        "response_types_supported": [],
        "scopes_supported": ["admin", "customer"],
    });
    let answer = Anonymous.get("/.well-known/oauth-authorization-server").await;
    assert_eq!(answer.header("cache-control"), "public, max-age=300");
    assert_eq!(answer.ok(), metadata);

    let mut discovery = Anonymous.get("/.well-known/openid-configuration").await.ok();
    let claims = discovery["claims_supported"].take();
    let mut expected = metadata;
    expected["subject_types_supported"] = json!(["public"]);
    expected["id_token_signing_alg_values_supported"] = json!(["ES256"]);
    expected["claims_supported"] = Value::Null;
    assert_eq!(discovery, expected);
    let (tenant, grace) = (tenant().await, person().await);
    associate(&tenant, &grace).await;
    let machine = machine(&tenant, "read").await;
    let basic = Basic::new(&format!("{}.{}", tenant.code, machine.id), &machine.secret);
    let of_machine = basic.post_form(TOKEN, &[("grant_type", "client_credentials")]).await.ok();
    let user = grace.signed_in().await.token;
    let organization = exchange(&user, &tenant.code, &[]).await.ok();
    let claimed: BTreeSet<_> = claims.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    for token in
        [user.as_str(), of_machine["access_token"].as_str().unwrap(), organization["access_token"].as_str().unwrap()]
    {
        for name in claims_of(token).as_object().unwrap().keys() {
            assert!(claimed.contains(name.as_str()), "{name}");
        }
    }
}
