//! `POST /oauth2/token`, for clients that speak OAuth, and the documents by which they find it.

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::STANDARD};
use local::Options;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use shared::clock;

use crate::support::{
    Anonymous, Answer, Caller, Elsewhere, Idp, IdpAnswer, IdpKey, Member, PASSWORD, Person, Tenant, claims_of,
    entitlements_claim, person, server, start_bundle, tenant, unique,
};

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
async fn a_machine_gets_the_token_of_its_sign_in_by_its_id_and_secret() {
    let tenant = tenant().await;
    let machine = machine(&tenant, "full").await;
    let (id, secret) = (machine.id.as_str(), machine.secret.as_str());
    let with_code = format!("{}.{id}", tenant.code);
    let of_audience = [("grant_type", "client_credentials"), ("audience", tenant.code.as_str())];
    let alone = [("grant_type", "client_credentials")];
    let expected = json!({"token_type": "Bearer", "expires_in": 3600, "scope": "admin"});
    for answer in [
        grant(id, secret, &[("audience", &tenant.code)]).await,
        grant(&with_code, secret, &[]).await,
        grant(&with_code, secret, &[("audience", &tenant.code)]).await,
        Basic::new(id, secret).post_form(TOKEN, &of_audience).await,
        Basic::new(&with_code, secret).post_form(TOKEN, &alone).await,
        // Id and secret are form-encoded before they are put together (RFC 6749, section 2.3.1).
        Basic::new(&with_code.replace('_', "%5F").replace('.', "%2E"), secret).post_form(TOKEN, &alone).await,
        Basic::new(&with_code, secret).post_form(TOKEN, &[&alone[..], &[("client_id", &with_code)]].concat()).await,
        // What isn't known is ignored, and what is empty counts as left out (RFC 6749, section 3.2).
        grant(&with_code, secret, &[("scope", "customer"), ("audience", ""), ("nonce", "1")]).await,
    ] {
        let claims = issued(answer, &expected);
        let names: BTreeSet<_> = claims.as_object().unwrap().keys().map(String::as_str).collect();
        let all =
            ["OrgCode", "OrganizationId", "Roles", "aud", "client_id", "exp", "iat", "iss", "jti", "sub", "token_use"];
        assert_eq!(names, BTreeSet::from(all));
        let identity = json!({
            "iss": server().issuer, "aud": "organizations-api", "sub": id, "client_id": id, "token_use": "machine",
            "OrganizationId": tenant.id, "OrgCode": tenant.code, "Roles": ["admin"],
        });
        for (name, value) in identity.as_object().unwrap() {
            assert_eq!(&claims[name], value, "{name}");
        }
    }
    let token = grant(&with_code, secret, &[]).await.ok()["access_token"].as_str().unwrap().to_owned();
    Member { token }.get("/api/organization").await.ok();
}

#[tokio::test]
async fn the_token_of_a_restricted_machine_has_no_scope() {
    let tenant = tenant().await;
    for access in ["read", "exchange"] {
        let machine = machine(&tenant, access).await;
        let answer = grant(&machine.id, &machine.secret, &[("audience", &tenant.code)]).await;
        let claims = issued(answer, &json!({"token_type": "Bearer", "expires_in": 3600}));
        assert_eq!((&claims["Roles"], &claims["Access"]), (&json!([]), &json!(access)));
    }
}

#[tokio::test]
async fn whatever_is_wrong_with_a_client_the_answer_is_the_same() {
    let (tenant, other) = (tenant().await, crate::support::tenant().await);
    let (machine, revoked) = (machine(&tenant, "full").await, machine(&tenant, "full").await);
    revoked.revoke(&tenant).await;
    let unknown = format!("client_{}", "0".repeat(24));
    let code = tenant.code.as_str();
    for (id, secret, code) in [
        (machine.id.as_str(), "wrong", code),
        (&machine.id, &machine.key, code),
        (&machine.id, &machine.secret, &other.code),
        (&machine.id, &machine.secret, "org_nowhere00"),
        (&machine.id, &machine.secret, "ORG#1"),
        (&unknown, &machine.secret, code),
        ("client_x", &machine.secret, code),
        (&revoked.id, &revoked.secret, code),
    ] {
        for rest in [
            &[("grant_type", "client_credentials")][..],
            &[("grant_type", EXCHANGE), ("requested_subject", &tenant.admin_id)],
        ] {
            let rest = [rest, &[("audience", code)]].concat();
            let in_body = post(&[&rest[..], &[("client_id", id), ("client_secret", secret)]].concat()).await;
            refused(&in_body, 400, "invalid_client", WRONG_CLIENT);
            let by_basic = Basic::new(id, secret).post_form(TOKEN, &rest).await;
            refused(&by_basic, 401, "invalid_client", WRONG_CLIENT);
        }
    }
}

#[tokio::test]
async fn a_client_authenticates_in_one_way_and_whole() {
    let tenant = tenant().await;
    let machine = machine(&tenant, "full").await;
    let grant = [("grant_type", "client_credentials"), ("audience", tenant.code.as_str())];
    let with = |rest: &[(&'static str, &'static str)]| [&grant[..], rest].concat();
    let none = "A client id and a secret are needed.";
    for parameters in [with(&[]), with(&[("client_id", "client_x")]), with(&[("client_secret", "")])] {
        refused(&post(&parameters).await, 400, "invalid_client", none);
    }
    let user = Member { token: user_token(&tenant).await };
    refused(&user.post_form(TOKEN, &grant).await, 401, "invalid_client", none);
    refused(&post(&with(&[("client_secret", "x")])).await, 400, "invalid_client", "A client id is needed.");
    let assertion = "A client authenticates by its secret alone.";
    refused(&post(&with(&[("client_assertion", "x")])).await, 400, "invalid_client", assertion);

    let basic = Basic::new(&machine.id, &machine.secret);
    let both = "A client authenticates by Basic or in the body, and not by both.";
    let answer = basic.post_form(TOKEN, &with(&[("client_secret", "x")])).await;
    refused(&answer, 400, "invalid_request", both);
    let another = "The client_id is another one than that of the Basic credentials.";
    let answer = basic.post_form(TOKEN, &with(&[("client_id", "client_x")])).await;
    refused(&answer, 400, "invalid_request", another);
    for malformed in ["Basic", "Basic ???", &format!("Basic {}", STANDARD.encode("no colon")), "Basic JUZGOng="] {
        let answer = Basic(malformed.to_owned()).post_form(TOKEN, &grant).await;
        refused(&answer, 401, "invalid_client", "The Basic credentials can't be read.");
    }
    let nowhere = "The organization's code is needed, as the audience or before the client id and a dot.";
    let answer = basic.post_form(TOKEN, &grant[..1]).await;
    refused(&answer, 400, "invalid_request", nowhere);
    let elsewhere = Basic::new(&format!("org_another00.{}", machine.id), &machine.secret);
    let own = "A machine is good for its own organization alone.";
    refused(&elsewhere.post_form(TOKEN, &grant).await, 400, "invalid_target", own);
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
async fn a_user_token_is_exchanged_for_one_of_the_organization() {
    let (tenant, grace) = (tenant().await, person().await);
    associate(&tenant, &grace).await;
    let user = grace.signed_in().await.token;
    let claims = issued(exchange(&user, &tenant.code, &[]).await, &exchanged("customer"));
    let identity = json!({
        "iss": server().issuer, "aud": "organizations-api", "sub": grace.id, "client_id": server().issuer,
        "token_use": "organization", "OrganizationId": tenant.id, "OrgCode": tenant.code, "Roles": ["customer"],
        "CustomerNumber": "C-1", "PriceTier": "Gold", "CurrencyCode": "EUR", "email_verified": false,
        "entitlements": entitlements_claim("free"),
    });
    let mut rest = claims.clone();
    for technical in ["iat", "exp", "jti", "sid"] {
        assert!(rest.as_object_mut().unwrap().remove(technical).is_some(), "{technical}");
    }
    assert_eq!(rest, identity);
    assert_eq!(claims["sid"], claims_of(&user)["sid"]);

    tenant.promote(&grace.email).await;
    let both = exchange(&user, &tenant.code, &[("requested_token_type", ACCESS_TOKEN)]).await;
    issued(both, &exchanged("admin customer"));
    // A public client may name itself; there is no register of such.
    let public = exchange(&user, &tenant.code, &[("client_id", "a browser"), ("scope", "x")]).await;
    assert_eq!(issued(public, &exchanged("admin customer"))["client_id"], server().issuer);
    let as_jwt = exchange(&user, &tenant.code, &[("requested_token_type", JWT)]).await;
    let mut expected = exchanged("admin customer");
    expected["issued_token_type"] = json!(JWT);
    issued(as_jwt, &expected);
}

#[tokio::test]
async fn a_machine_exchanges_as_the_client_or_by_its_token_for_a_user_of_its_own() {
    let (tenant, grace) = (tenant().await, person().await);
    associate(&tenant, &grace).await;
    let machine = machine(&tenant, "exchange").await;
    let with_code = format!("{}.{}", tenant.code, machine.id);
    let token = grant(&with_code, &machine.secret, &[]).await.ok()["access_token"].as_str().unwrap().to_owned();
    let basic = Basic::new(&with_code, &machine.secret);
    let user = ("requested_subject", grace.id.as_str());
    let answers = [
        basic.post_form(TOKEN, &[("grant_type", EXCHANGE), user]).await,
        basic.post_form(TOKEN, &[("grant_type", EXCHANGE), user, ("audience", &tenant.code)]).await,
        exchange(&token, &tenant.code, &[user]).await,
        exchange_by(&basic, &token, &tenant.code, &[user]).await,
    ];
    for answer in answers {
        let claims = issued(answer, &exchanged("customer"));
        let expected = json!([grace.id, {"sub": machine.id}, machine.id, "organization", null]);
        let told = ["sub", "act", "client_id", "token_use", "sid"].map(|name| claims[name].clone());
        assert_eq!(json!(told), expected);
    }

    // Without a user, the machine has nothing to exchange.
    let answer = basic.post_form(TOKEN, &[("grant_type", EXCHANGE)]).await;
    refused(&answer, 400, "invalid_request", "A subject_token is needed.");
    let needed = "requested_subject is required.";
    refused(&exchange(&token, &tenant.code, &[]).await, 400, "invalid_request", needed);
    let nobody = "You have no role in this organization.";
    for id in [tenant.admin_id.as_str(), "kp_nobody"] {
        let answer = exchange(&token, &tenant.code, &[("requested_subject", id)]).await;
        refused(&answer, 400, "invalid_target", nobody);
    }
    let foreign = exchange(&token, &crate::support::tenant().await.code, &[user]).await;
    refused(&foreign, 400, "invalid_target", "A machine may enrich tokens of its own organization alone.");
    machine.revoke(&tenant).await;
    let lost = "You are not an admin of this organization.";
    refused(&exchange(&token, &tenant.code, &[user]).await, 400, "invalid_request", lost);
    let answer = basic.post_form(TOKEN, &[("grant_type", EXCHANGE), user]).await;
    refused(&answer, 401, "invalid_client", WRONG_CLIENT);
}

#[tokio::test]
async fn a_machine_exchanges_a_users_own_token_as_the_client_that_the_token_names() {
    let (tenant, grace) = (tenant().await, person().await);
    associate(&tenant, &grace).await;
    let (shop, other) = (machine(&tenant, "full").await, machine(&tenant, "full").await);
    let reader = machine(&tenant, "read").await;
    let basic = Basic::new(&shop.id, &shop.secret);
    let user = grace.signed_in().await.token;
    let claims = issued(exchange_by(&basic, &user, &tenant.code, &[]).await, &exchanged("customer"));
    assert_eq!((&claims["client_id"], &claims["act"]), (&json!(shop.id), &Value::Null));
    assert_eq!(claims["sid"], claims_of(&user)["sid"]);

    let wrong = Basic::new(&shop.id, "wrong");
    refused(&exchange_by(&wrong, &user, &tenant.code, &[]).await, 401, "invalid_client", WRONG_CLIENT);
    let reader = Basic::new(&reader.id, &reader.secret);
    let not_covered = "The access of this machine credential doesn't cover this.";
    refused(&exchange_by(&reader, &user, &tenant.code, &[]).await, 400, "unauthorized_client", not_covered);
    let token = grant(&other.id, &other.secret, &[("audience", &tenant.code)]).await.ok();
    let token = token["access_token"].as_str().unwrap();
    let answer = exchange_by(&basic, token, &tenant.code, &[("requested_subject", &grace.id)]).await;
    refused(&answer, 400, "invalid_request", "The subject_token is another machine's than the client.");
    let acting = "Only a machine may enrich a token for another user.";
    let answer = exchange_by(&basic, &user, &tenant.code, &[("requested_subject", &grace.id)]).await;
    refused(&answer, 400, "invalid_request", acting);
}

#[tokio::test]
async fn an_exchange_refuses_what_the_enrichment_refuses() {
    let (tenant, grace) = (tenant().await, person().await);
    let user = grace.signed_in().await.token;
    let code = tenant.code.as_str();
    let role = "You have no role in this organization.";
    refused(&exchange(&user, code, &[]).await, 400, "invalid_target", role);
    for unknown in ["org_nowhere00", "ORG#1"] {
        let answer = exchange(&user, unknown, &[]).await;
        refused(&answer, 400, "invalid_target", "The audience is no organization's code.");
    }
    let acting = "Only a machine may enrich a token for another user.";
    let answer = exchange(&user, code, &[("requested_subject", &tenant.admin_id)]).await;
    refused(&answer, 400, "invalid_request", acting);
    let kind = "This needs a user token, as a sign-in without OrgCode gives it, or a machine's.";
    refused(&exchange(&tenant.admin.token, code, &[]).await, 400, "invalid_request", kind);
    let bad = "The access token is malformed, wrongly signed, or not for this service.";
    let machine = machine(&tenant, "full").await;
    for token in ["x", &user[1..], &machine.key] {
        refused(&exchange(token, code, &[]).await, 400, "invalid_request", bad);
    }

    let mut parameters =
        vec![("grant_type", EXCHANGE), ("subject_token", user.as_str()), ("subject_token_type", ACCESS_TOKEN)];
    let audience = "The audience is needed: the organization's code.";
    refused(&post(&parameters).await, 400, "invalid_request", audience);
    parameters.push(("audience", code));
    let actor = post(&[&parameters[..], &[("actor_token", "x")]].concat()).await;
    refused(&actor, 400, "invalid_request", "An actor_token is not supported.");
    let types = format!("must be {ACCESS_TOKEN} or {JWT}.");
    let requested = post(&[&parameters[..], &[("requested_token_type", "x")]].concat()).await;
    refused(&requested, 400, "invalid_request", &format!("The requested_token_type {types}"));
    parameters[2].1 = "urn:ietf:params:oauth:token-type:refresh_token";
    refused(&post(&parameters).await, 400, "invalid_request", &format!("The subject_token_type {types}"));
    parameters.remove(2);
    refused(&post(&parameters).await, 400, "invalid_request", "The subject_token_type is needed.");
    let alone = [("grant_type", EXCHANGE), ("subject_token_type", JWT), ("audience", code)];
    refused(&post(&alone).await, 400, "invalid_request", "A subject_token_type needs a subject_token.");
    refused(&post(&[alone[0], alone[2]]).await, 400, "invalid_request", "A subject_token is needed.");

    Member { token: user.clone() }.post("/api/auth/logout", &json!({})).await.ok();
    let ended = "The sign-in that the access token came from has ended.";
    refused(&exchange(&user, code, &[]).await, 400, "invalid_request", ended);
}

#[tokio::test]
async fn a_trusted_issuers_token_is_exchanged_by_its_own_rules() {
    let key = IdpKey::p256();
    let idp = Idp::start(IdpAnswer::keys(&[key.jwk("one")])).await;
    let trusted = json!([
        {"Issuer": idp.name, "Audience": "shop", "KeySet": idp.key_set_url, "Domains": ["founder.example"]},
    ]);
    let options = Options {
        trusted_issuers: Some(trusted.to_string()),
        trusted_issuers_ca_file: Some(idp.ca_file.to_str().unwrap().to_owned()),
        ..Options::in_memory()
    };
    let bundle = start_bundle(&options).await.unwrap();
    let anyone = Elsewhere { url: Some(bundle.url()), ..Elsewhere::default() };
    let email = format!("{}@founder.example", unique("ada"));
    let user = json!({"FirstName": "Ada", "LastName": "Lovelace", "Email": email, "Password": PASSWORD});
    let body = json!({"Organization": {"Name": unique("Org")}, "User": user});
    let created = anyone.post("/api/organizations", &body).await.ok();
    let code = created["IdentityOrganizationId"].as_str().unwrap();
    let now = clock::now();
    let mut claims = json!({
        "iss": idp.name, "aud": "shop", "sub": "u-1", "iat": now, "exp": now + 300, "email": email,
        "email_verified": true,
    });
    let header = json!({"alg": "ES256", "kid": "one", "typ": "JWT"});
    let token = key.sign(&header, &claims);
    let issued = issued(exchange_by(&anyone, &token, code, &[]).await, &exchanged("admin"));
    assert_eq!((&issued["iss"], &issued["client_id"]), (&json!(bundle.url()), &json!(bundle.url())));
    let answer = exchange_by(&anyone, &token, code, &[("requested_subject", "kp_x")]).await;
    let acting = "Only a machine may enrich a token for another user.";
    refused(&answer, 400, "invalid_request", acting);

    claims["email_verified"] = json!(false);
    let answer = exchange_by(&anyone, &key.sign(&header, &claims), code, &[]).await;
    let unverified = "The issuer of this token has not verified the e-mail address.";
    refused(&answer, 400, "invalid_request", unverified);
    bundle.stop().await;
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
