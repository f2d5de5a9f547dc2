//! The exchange of a token, which is the enrichment in the words of OAuth.

use local::Options;
use serde_json::{Value, json};
use shared::clock;

use crate::support::{
    Caller, Elsewhere, Idp, IdpAnswer, IdpKey, Member, PASSWORD, claims_of, entitlements_claim, person, server,
    start_bundle, tenant, unique,
};

use super::{
    ACCESS_TOKEN, Basic, EXCHANGE, JWT, TOKEN, WRONG_CLIENT, associate, exchange, exchange_by, exchanged, grant,
    issued, machine, post, refused,
};

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
