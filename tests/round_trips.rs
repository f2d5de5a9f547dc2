//! The budgets: sequential DynamoDB round trips per call.

use serde_json::json;

use crate::support::{Anonymous, Caller, PASSWORD, person, tenant, unique};

const ADMINS: &str = "/api/organizations/users/admins";

#[tokio::test]
async fn each_call_keeps_its_budget() {
    let tenant = tenant().await;
    let grace = person().await;
    let user = grace.signed_in().await;
    let trips = |answer: &crate::support::Answer| (answer.status, answer.round_trips());

    let mut body = json!({
        "Organization": {"Name": unique("Budget")},
        "User": {"FirstName": "A", "LastName": "B", "Email": format!("{}@new.example", unique("a")), "Password": PASSWORD},
    });
    assert_eq!(trips(&Anonymous.post("/api/organizations", &body).await), (200, 1), "create organization");
    body["Organization"]["Name"] = json!(unique("Budget"));
    assert_eq!(trips(&Anonymous.post("/api/organizations", &body).await), (200, 2), "create, with an account");

    let account = json!({
        "FirstName": "A", "LastName": "B", "Email": format!("{}@new.example", unique("a")), "Password": PASSWORD,
    });
    assert_eq!(trips(&Anonymous.post("/api/users", &account).await), (200, 1), "create account");

    assert_eq!(trips(&tenant.admin.get("/api/organization").await), (200, 1), "view organization");
    assert_eq!(trips(&tenant.admin.get(ADMINS).await), (200, 1), "list admins");
    assert_eq!(trips(&tenant.admin.post(ADMINS, &json!({"Email": grace.email})).await), (200, 2), "promote");
    assert_eq!(trips(&tenant.admin.post(ADMINS, &json!({})).await), (400, 1), "a bad body costs the role check");

    let login = json!({"Email": grace.email, "Password": PASSWORD});
    assert_eq!(trips(&Anonymous.post("/api/auth/login", &login).await), (200, 3), "sign in");
    let login = json!({"Email": grace.email, "Password": PASSWORD, "OrgCode": tenant.code});
    assert_eq!(trips(&Anonymous.post("/api/auth/login", &login).await), (200, 3), "sign in for an organization");
    assert_eq!(trips(&user.post("/api/auth/access", &json!({"OrgCode": tenant.code})).await), (200, 2), "enrich");

    assert_eq!(trips(&tenant.admin.delete(ADMINS, &json!({"UserId": grace.id})).await), (200, 1), "demote");
    for path in ["/health", "/openapi.json", "/.well-known/jwks.json", "/.well-known/openid-configuration"] {
        assert_eq!(trips(&Anonymous.get(path).await), (200, 0), "{path}");
    }
}
