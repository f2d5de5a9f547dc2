//! What every route has in common: methods, bodies, content types, problem answers.

use reqwest::Method;
use serde_json::json;

use crate::support::{Anonymous, Caller, PASSWORD, tenant, unique};

const ADMINS: &str = "/api/organizations/users/admins";
const JSON: Option<&str> = Some("application/json");

/// Every route that takes a body.
const WITH_BODY: [(Method, &str); 17] = [
    (Method::POST, "/api/organizations"),
    (Method::POST, "/api/users"),
    (Method::POST, "/api/auth/login"),
    (Method::POST, "/api/auth/access"),
    (Method::POST, ADMINS),
    (Method::DELETE, ADMINS),
    (Method::DELETE, "/api/organizations/users"),
    (Method::PATCH, "/api/organization"),
    (Method::POST, "/api/organizations/users/associate-customer"),
    (Method::DELETE, "/api/organizations/users/associations"),
    (Method::POST, "/api/organizations/price-tiers"),
    (Method::PUT, "/api/organizations/price-tiers"),
    (Method::DELETE, "/api/organizations/price-tiers"),
    (Method::PATCH, "/api/organizations/price-tiers"),
    (Method::PUT, "/api/customers"),
    (Method::PATCH, "/api/customers/C-1"),
    (Method::PATCH, "/api/users/me"),
];

#[tokio::test]
async fn the_service_says_that_it_is_there() {
    assert_eq!(Anonymous.get("/health").await.ok(), json!({"Status": "ok"}));
}

#[tokio::test]
async fn each_request_has_an_id_of_its_own() {
    let (one, other) = (Anonymous.get("/health").await, Anonymous.get("/health").await);
    assert_ne!(one.header("x-request-id"), other.header("x-request-id"));
}

#[tokio::test]
async fn unknown_paths_are_404_with_or_without_a_token() {
    let tenant = tenant().await;
    for path in ["/api", "/api/organizations/", "/api/organizations/users/", "/api/Organization", "/nowhere?x=1"] {
        Anonymous.get(path).await.bare_problem(404);
        tenant.admin.get(path).await.bare_problem(404);
        Anonymous.raw(Method::DELETE, path, Some("text/plain"), "x").await.bare_problem(404);
    }
}

#[tokio::test]
async fn known_paths_with_another_method_are_405_and_say_which_are_allowed() {
    let cases = [
        ("/api/organizations", Method::GET, "POST"),
        ("/api/organization", Method::DELETE, "GET,HEAD,PATCH"),
        ("/api/organizations/users/associate-customer", Method::GET, "POST"),
        ("/api/organizations/users/associations", Method::POST, "DELETE,GET,HEAD"),
        ("/api/organizations/price-tiers", Method::OPTIONS, "DELETE,GET,HEAD,PATCH,POST,PUT"),
        ("/api/customers", Method::POST, "DELETE,GET,HEAD,PATCH,PUT"),
        ("/api/customers/C-1", Method::PUT, "DELETE,GET,HEAD,PATCH"),
        ("/api/organizations/users", Method::POST, "DELETE,GET,HEAD"),
        (ADMINS, Method::PUT, "DELETE,GET,HEAD,POST"),
        ("/api/auth/login", Method::GET, "POST"),
        ("/api/auth/access", Method::DELETE, "POST"),
        ("/api/users", Method::GET, "POST"),
        ("/health", Method::POST, "GET,HEAD"),
        ("/openapi.json", Method::PUT, "GET,HEAD"),
        ("/problems", Method::PUT, "GET,HEAD"),
        ("/.well-known/jwks.json", Method::POST, "GET,HEAD"),
        ("/.well-known/oauth-authorization-server", Method::POST, "GET,HEAD"),
        ("/.well-known/openid-configuration", Method::POST, "GET,HEAD"),
        ("/oauth2/token", Method::GET, "POST"),
    ];
    for (path, method, allowed) in cases {
        let answer = Anonymous.raw(method, path, Some("text/plain"), "not json").await;
        answer.bare_problem(405);
        let mut allow: Vec<_> = answer.header("allow").split(',').map(str::trim).collect();
        allow.sort_unstable();
        assert_eq!(allow.join(","), allowed, "{path}");
    }
}

#[tokio::test]
async fn a_body_without_a_json_content_type_is_415() {
    let tenant = tenant().await;
    let user = crate::support::person().await.signed_in().await;
    for (method, path) in WITH_BODY {
        for kind in [
            None,
            Some("text/plain"),
            Some("application/x-www-form-urlencoded"),
            Some("json"),
            Some("application/jsonp"),
        ] {
            let answer = if path == "/api/auth/access" {
                user.raw(method.clone(), path, kind, "{}").await
            } else {
                tenant.admin.raw(method.clone(), path, kind, "{}").await
            };
            answer.problem(415, "The body's Content-Type must be application/json.");
            assert_eq!(answer.header("accept-patch"), accept_patch(&method), "{path}");
        }
    }
}

/// What a 415 says of the bodies that a route takes (RFC 5789, section 3.1).
fn accept_patch(method: &Method) -> &'static str {
    if *method == Method::PATCH { "application/merge-patch+json, application/json" } else { "" }
}

#[tokio::test]
async fn a_body_with_a_content_encoding_is_415() {
    let tenant = tenant().await;
    let user = crate::support::person().await.signed_in().await;
    for (method, path) in WITH_BODY {
        let caller = if path == "/api/auth/access" { &user } else { &tenant.admin };
        for (encoding, refused) in
            [("gzip", true), ("identity, br", true), ("Identity", false), ("identity,", false), ("x", true)]
        {
            let request = caller.request(method.clone(), path).header("content-encoding", encoding);
            let answer = caller.send(request.header("content-type", "application/json").body("[]")).await;
            if refused {
                answer.problem(415, "The body must have no Content-Encoding.");
                assert_eq!(answer.header("accept-encoding"), "identity");
                assert_eq!(answer.header("accept-patch"), accept_patch(&method), "{path}");
            } else {
                answer.problem(400, "The body must be a JSON object.");
            }
        }
    }
}

#[tokio::test]
async fn a_byte_order_mark_before_a_body_is_skipped() {
    let admin = tenant().await.admin;
    let patch = "\u{feff}{\"BillingCity\": \"Berlin\"}";
    let patched = admin.raw(Method::PATCH, "/api/organization", JSON, patch).await.ok();
    assert_eq!(patched["Organization"]["BillingCity"], "Berlin");
    admin.raw(Method::PATCH, "/api/organization", JSON, "\u{feff}").await.problem(400, "A JSON body is needed.");
    let twice = admin.raw(Method::PATCH, "/api/organization", JSON, "\u{feff}\u{feff}{}").await;
    twice.problem(400, "The body is no valid JSON (line 1, column 1).");
}

#[tokio::test]
async fn any_json_content_type_is_taken() {
    let body = json!({"FirstName": "Grace", "LastName": "Hopper", "Password": PASSWORD});
    for kind in [
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/merge-patch+json",
        "application/vnd.acme+json",
    ] {
        let mut body = body.clone();
        body["Email"] = json!(format!("{}@person.example", unique("grace")));
        Anonymous.raw(Method::POST, "/api/users", Some(kind), body.to_string()).await.ok();
    }
}

#[tokio::test]
async fn a_body_of_64_kib_is_read_and_one_beyond_is_413() {
    let tenant = tenant().await;
    let user = crate::support::person().await.signed_in().await;
    let padded = |length: usize| {
        let frame = json!({"Padding": ""}).to_string().len();
        json!({"Padding": "x".repeat(length - frame)}).to_string()
    };
    for (method, path) in WITH_BODY {
        let caller = if path == "/api/auth/access" { &user } else { &tenant.admin };
        let longest = caller.raw(method.clone(), path, JSON, padded(64 * 1024)).await;
        assert_eq!(longest.status, 400, "{path}");
        assert_eq!(longest.json()["errors"]["Padding"], json!(["is no field of this request"]), "{path}: it was read");
        for (length, kind) in [(64 * 1024 + 1, JSON), (1_000_000, JSON), (64 * 1024 + 1, Some("text/plain"))] {
            let answer = caller.raw(method.clone(), path, kind, padded(length)).await;
            answer.problem(413, "The body is longer than 65536 bytes.");
        }
    }
}

#[tokio::test]
async fn a_body_that_is_empty_or_no_json_object_is_400() {
    let tenant = tenant().await;
    let user = crate::support::person().await.signed_in().await;
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    let bodies: [(&[u8], &str); 8] = [
        (b"{\"Email\":", "The body is no valid JSON (line 1, column 9)."),
        (b"{\"Email\": \"a\"}}", "The body is no valid JSON (line 1, column 15)."),
        (b"{'Email': 'a'}", "The body is no valid JSON (line 1, column 2)."),
        (b"\"\xff\"", "The body is no valid JSON (line 1, column 2)."),
        (deep.as_bytes(), "The body is no valid JSON (line 1, column 128)."),
        (b"[]", "The body must be a JSON object."),
        (b"null", "The body must be a JSON object."),
        (b"\"Email\"", "The body must be a JSON object."),
    ];
    for (method, path) in WITH_BODY {
        let caller = if path == "/api/auth/access" { &user } else { &tenant.admin };
        for (body, detail) in bodies {
            caller.raw(method.clone(), path, JSON, body.to_vec()).await.problem(400, detail);
        }
        if method != Method::DELETE {
            caller.raw(method.clone(), path, JSON, "").await.problem(400, "A JSON body is needed.");
            caller.raw(method, path, None, "").await.problem(400, "A JSON body is needed.");
        }
    }
}

#[tokio::test]
async fn the_checks_come_in_the_contracts_order() {
    let user = crate::support::person().await.signed_in().await;
    let long = "x".repeat(70_000);
    // 405 before 401, 401 before 403, 403 before 413 and 415, those before 400.
    Anonymous.raw(Method::PUT, ADMINS, None, long.clone()).await.bare_problem(405);
    Anonymous.raw(Method::POST, ADMINS, None, long.clone()).await.problem(401, "An access token is needed.");
    let not_admin = "This needs the admin role of an organization.";
    user.raw(Method::POST, ADMINS, None, long.clone()).await.problem(403, not_admin);
    user.raw(Method::POST, ADMINS, JSON, "{").await.problem(403, not_admin);
    let admin = tenant().await.admin;
    admin.raw(Method::POST, ADMINS, None, long).await.problem(413, "The body is longer than 65536 bytes.");
}

#[tokio::test]
async fn a_problem_never_says_how_the_service_works_inside() {
    let tenant = tenant().await;
    for path in ["/api/organization?pk=ORG%23x", "/%00", "/%ff", "/api/organizations/users/admins/%2e%2e"] {
        let answer = tenant.admin.get(path).await;
        for word in ["org#", "dynamodb", "amazonaws", "panicked", "src/"] {
            assert!(!answer.text.to_lowercase().contains(word), "{path}: {answer:?}");
        }
    }
}
