//! How a client authenticates, and the token of its own that it gets.

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;

use crate::support::{Caller, Member, server, tenant};

use super::{Basic, EXCHANGE, TOKEN, WRONG_CLIENT, grant, issued, machine, post, refused, user_token};

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
