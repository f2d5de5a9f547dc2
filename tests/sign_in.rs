//! `POST /api/auth/login`, `POST /api/auth/access`, and what the tokens say.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use p256::ecdsa::{Signature, VerifyingKey, signature::Verifier};
use serde_json::{Value, json};
use shared::ids;

use crate::support::{
    Anonymous, Caller, Member, PASSWORD, claims_of, entitlements_claim, person, server, tenant, tenant_named, unique,
};

const LOGIN: &str = "/api/auth/login";
const ACCESS: &str = "/api/auth/access";

/// Claims without those that differ from token to token, which are checked here.
fn identity(token: &str, life: u64) -> Value {
    let mut claims = claims_of(token);
    let all = claims.as_object_mut().unwrap();
    let (issued, end) = (all.remove("iat").unwrap().as_u64().unwrap(), all.remove("exp").unwrap().as_u64().unwrap());
    assert_eq!(end - issued, life);
    assert!(shared::clock::now().abs_diff(issued) < 60);
    assert!(all.remove("jti").unwrap().as_str().unwrap().len() >= 20);
    assert_eq!(all.remove("iss").unwrap(), server().issuer);
    // A person asks for a token by this API itself.
    assert_eq!(all.remove("client_id").unwrap(), server().issuer);
    let audience = if all["token_use"] == "user" { &*server().issuer } else { "organizations-api" };
    assert_eq!(all.remove("aud").unwrap(), audience);
    claims
}

#[tokio::test]
async fn a_user_token_names_a_user_and_no_organization() {
    let tenant = tenant().await;
    let answer = Anonymous.post(LOGIN, &json!({"Email": tenant.email, "Password": PASSWORD})).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    let answer = answer.ok();
    let token = answer["AccessToken"].as_str().unwrap();
    assert_eq!(
        identity(token, 12 * 60 * 60),
        json!({"token_use": "user", "sub": tenant.admin_id, "sid": claims_of(token)["sid"], "email_verified": false})
    );
    let organizations = json!([{"IdentityOrganizationId": tenant.code, "Name": tenant.name, "Roles": ["admin"]}]);
    let expected = json!({
        "AccessToken": token, "TokenUse": "user", "TokenType": "Bearer", "ExpiresIn": 43200, "UserId": tenant.admin_id,
        "Organizations": organizations,
    });
    assert_eq!(answer, expected);
    let user = Member { token: token.to_owned() };
    let admin_route = user.get("/api/organization").await;
    admin_route.problem(403, "This needs the admin role of an organization.");
}

#[tokio::test]
async fn a_sign_in_with_a_code_gives_that_organizations_token() {
    let tenant = tenant().await;
    let body = json!({"Email": tenant.email.to_uppercase(), "Password": PASSWORD, "OrgCode": tenant.code});
    let answer = Anonymous.post(LOGIN, &body).await.ok();
    let token = answer["AccessToken"].as_str().unwrap();
    let expected = json!({
        "token_use": "organization", "sub": tenant.admin_id, "OrganizationId": tenant.id, "OrgCode": tenant.code,
        "sid": claims_of(token)["sid"], "email_verified": false, "Roles": ["admin"],
            "entitlements": entitlements_claim("free"),
    });
    assert_eq!(identity(token, 60 * 60), expected);
    let organizations = json!([{"IdentityOrganizationId": tenant.code, "Name": tenant.name, "Roles": ["admin"]}]);
    let expected = json!({
        "AccessToken": token, "TokenUse": "organization", "TokenType": "Bearer", "ExpiresIn": 3600,
        "UserId": tenant.admin_id, "Organizations": organizations,
    });
    assert_eq!(answer, expected);
    Member { token: token.to_owned() }.get("/api/organization").await.ok();
}

#[tokio::test]
async fn a_user_token_is_exchanged_for_an_organizations() {
    let tenant = tenant().await;
    let answer = Anonymous.post(LOGIN, &json!({"Email": tenant.email, "Password": PASSWORD})).await.ok();
    let user = Member { token: answer["AccessToken"].as_str().unwrap().to_owned() };
    for name in ["OrgCode", "IdentityOrganizationId"] {
        let access = user.post(ACCESS, &json!({name: tenant.code})).await.ok();
        let token = access["AccessToken"].as_str().unwrap();
        let expected = json!({
            "AccessToken": token, "TokenUse": "organization", "TokenType": "Bearer", "ExpiresIn": 3600,
            "OrganizationId": tenant.id, "UserId": tenant.admin_id, "Roles": ["admin"], "CustomerNumber": null, "PriceTier": null,
            "CurrencyCode": null,
        });
        assert_eq!(access, expected);
        let expected = json!({
            "token_use": "organization", "sub": tenant.admin_id, "OrganizationId": tenant.id, "OrgCode": tenant.code,
            "sid": claims_of(token)["sid"], "email_verified": false, "Roles": ["admin"],
            "entitlements": entitlements_claim("free"),
        });
        assert_eq!(identity(token, 60 * 60), expected);
        Member { token: token.to_owned() }.get("/api/organization").await.ok();
    }
}

#[tokio::test]
async fn an_organization_token_renews_nothing_and_leads_nowhere_else() {
    let (tenant, other) = (tenant().await, tenant_named(&unique("Other")).await);
    for code in [&tenant.code, &other.code] {
        let answer = tenant.admin.post(ACCESS, &json!({"OrgCode": code})).await;
        answer.problem(403, "This needs a user token, as a sign-in without OrgCode gives it, or a machine's.");
    }
}

#[tokio::test]
async fn who_belongs_to_several_organizations_gets_each_ones_own_token() {
    let grace = person().await;
    let tenants = [tenant().await, tenant().await, tenant().await];
    for tenant in &tenants {
        tenant.promote(&grace.email).await;
    }
    let answer = Anonymous.post(LOGIN, &json!({"Email": grace.email, "Password": PASSWORD})).await.ok();
    let mut listed = answer["Organizations"].as_array().unwrap().clone();
    let mut expected: Vec<_> = (tenants.iter())
        .map(|tenant| json!({"IdentityOrganizationId": tenant.code, "Name": tenant.name, "Roles": ["admin"]}))
        .collect();
    listed.sort_by_key(ToString::to_string);
    expected.sort_by_key(ToString::to_string);
    assert_eq!(listed, expected);

    let user = grace.signed_in().await;
    for tenant in &tenants {
        let access = user.post(ACCESS, &json!({"OrgCode": tenant.code})).await.ok();
        assert_eq!(access["OrganizationId"], tenant.id);
        let token = access["AccessToken"].as_str().unwrap().to_owned();
        let view = Member { token }.get("/api/organization").await.ok();
        assert_eq!(view["Organization"]["Name"], tenant.name);
    }
}

#[tokio::test]
async fn wrong_credentials_get_the_same_answer_whatever_is_wrong() {
    let tenant = tenant().await;
    let cases = [
        json!({"Email": tenant.email, "Password": "wrong password"}),
        json!({"Email": tenant.email, "Password": ""}),
        json!({"Email": tenant.email, "Password": format!("{PASSWORD} ")}),
        json!({"Email": "nobody@nowhere.example", "Password": PASSWORD}),
        json!({"Email": "no address", "Password": PASSWORD}),
        json!({"Email": tenant.email, "Password": "wrong password", "OrgCode": tenant.code}),
        json!({"Email": tenant.email, "Password": "wrong password", "OrgCode": "org_00000000"}),
    ];
    for body in cases {
        let answer = Anonymous.post(LOGIN, &body).await;
        answer.problem(401, "The e-mail address or the password is wrong.");
        assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"organizations\"");
    }
}

#[tokio::test]
async fn a_sign_in_names_every_bad_field() {
    Anonymous.post(LOGIN, &json!({})).await.fields(&json!({"Email": ["is required"], "Password": ["is required"]}));
    let body = json!({"Email": 1, "Password": [], "OrgCode": {}});
    let fault = ["must be a string"];
    Anonymous.post(LOGIN, &body).await.fields(&json!({"Email": fault, "Password": fault, "OrgCode": fault}));
}

#[tokio::test]
async fn a_code_that_no_organization_has_is_a_bad_field() {
    let (tenant, grace) = (tenant().await, person().await);
    let user = grace.signed_in().await;
    let unknown = json!({"OrgCode": ["is no organization's code"]});
    for code in
        [format!("org_{}", ids::random_id(12)), "org_".to_owned(), tenant.id.clone(), "#ORG".to_owned(), String::new()]
    {
        user.post(ACCESS, &json!({"OrgCode": code})).await.fields(&unknown);
        let login = json!({"Email": grace.email, "Password": PASSWORD, "OrgCode": code});
        Anonymous.post(LOGIN, &login).await.fields(&unknown);
    }
    let code = format!("org_{}", ids::random_id(12));
    let other_name = user.post(ACCESS, &json!({"IdentityOrganizationId": code})).await;
    other_name.fields(&json!({"IdentityOrganizationId": ["is no organization's code"]}));
    user.post(ACCESS, &json!({})).await.fields(&json!({"OrgCode": ["is required"]}));
    user.post(ACCESS, &json!({"OrgCode": 1})).await.fields(&json!({"OrgCode": ["must be a string"]}));
}

#[tokio::test]
async fn who_has_no_role_in_an_organization_gets_no_token_of_it() {
    let (tenant, grace) = (tenant().await, person().await);
    let none = "You have no role in this organization.";
    let user = grace.signed_in().await;
    user.post(ACCESS, &json!({"OrgCode": tenant.code})).await.problem(403, none);
    let for_another = user.post(ACCESS, &json!({"OrgCode": tenant.code, "UserId": tenant.admin_id})).await;
    for_another.problem(403, "Only a machine may enrich a token for another user.");
    let login = json!({"Email": grace.email, "Password": PASSWORD, "OrgCode": tenant.code});
    Anonymous.post(LOGIN, &login).await.problem(403, none);
}

#[tokio::test]
async fn any_library_can_verify_a_token_by_the_published_keys() {
    let tenant = tenant().await;
    let discovery = Anonymous.get("/.well-known/openid-configuration").await;
    assert_eq!(discovery.header("cache-control"), "public, max-age=300");
    let discovery = discovery.ok();
    assert_eq!(discovery["issuer"], server().issuer);
    assert_eq!(discovery["jwks_uri"], format!("{}/.well-known/jwks.json", server().issuer));
    assert_eq!(discovery["id_token_signing_alg_values_supported"], json!(["ES256"]));

    let key_set = Anonymous.get("/.well-known/jwks.json").await.ok();
    let kid = jsonwebtoken::decode_header(&tenant.admin.token).unwrap().kid.unwrap();
    let keys = key_set["keys"].as_array().unwrap();
    let key = keys.iter().find(|key| key["kid"] == kid.as_str()).unwrap();
    let expected = json!({
        "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": kid, "x": key["x"], "y": key["y"],
    });
    assert_eq!(key, &expected, "the public half alone");

    // Verified by other code than ours: the P-256 implementation of the RustCrypto project.
    let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    let point = [&[4][..], &bytes(key["x"].as_str().unwrap()), &bytes(key["y"].as_str().unwrap())].concat();
    let (message, signature) = tenant.admin.token.rsplit_once('.').unwrap();
    let signature = Signature::from_slice(&bytes(signature)).unwrap();
    VerifyingKey::from_sec1_bytes(&point).unwrap().verify(message.as_bytes(), &signature).unwrap();
}

#[tokio::test]
async fn a_password_is_the_same_however_a_keyboard_composes_it() {
    let (composed, decomposed) = ("p\u{e4}ssw\u{f6}rter", "pa\u{308}sswo\u{308}rter");
    let sign_in = async |email: &str, password: &str| {
        Anonymous.post(LOGIN, &json!({"Email": email, "Password": password})).await.status
    };
    for (set, typed) in [(composed, decomposed), (decomposed, composed)] {
        let email = format!("{}@person.example", unique("grace"));
        let body = json!({"FirstName": "Grace", "LastName": "Hopper", "Email": email, "Password": set});
        Anonymous.post("/api/users", &body).await.ok();
        assert_eq!((sign_in(&email, set).await, sign_in(&email, typed).await), (200, 200));
        assert_eq!(sign_in(&email, "passworter").await, 401);
        let user = Anonymous.post(LOGIN, &json!({"Email": email, "Password": typed})).await.ok();
        let user = crate::support::Member { token: user["AccessToken"].as_str().unwrap().to_owned() };
        let change = json!({"OldPassword": typed, "Password": "another good one"});
        assert_eq!(user.post("/api/users/me/password", &change).await.status, 200);
    }
    // Eight characters as they are typed, and four of them composed.
    let email = format!("{}@person.example", unique("grace"));
    let body = json!({"FirstName": "G", "LastName": "H", "Email": email, "Password": "a\u{308}".repeat(4)});
    let fault = json!({"Password": ["must have 8 to 128 characters"]});
    Anonymous.post("/api/users", &body).await.fields(&fault);
}
