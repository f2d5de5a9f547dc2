//! The budgets: sequential DynamoDB round trips per call.

use std::cell::Cell;

use reqwest::Method;
use serde_json::json;

use crate::support::{
    Anonymous, Answer, Caller, PASSWORD, Person, Tenant, link_token, mails_to, person, tenant, unique,
};

const ADMINS: &str = "/api/organizations/users/admins";
const OAUTH: &str = "/oauth2/token";
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

thread_local! {
    /// Whether a call of this test has read the public keys again. Each test has a thread of its own.
    static KEYS_READ: Cell<bool> = const { Cell::new(false) };
}

/// The status and the round trips of an answer.
#[derive(Debug)]
struct Trips(u16, u32);

impl PartialEq<(u16, u32)> for Trips {
    /// An instance of a binary that had no call in the two minutes before its keys are stale reads them within its next:
    /// one round trip more, for one call of a test. The routers share their keys, and always have calls.
    fn eq(&self, (status, budget): &(u16, u32)) -> bool {
        let reads_keys = || cfg!(feature = "lambda") && self.1 == *budget + 1 && !KEYS_READ.replace(true);
        self.0 == *status && (self.1 == *budget || reads_keys())
    }
}

fn trips(answer: &Answer) -> Trips {
    Trips(answer.status, answer.round_trips())
}

/// Asserts a budget that has one round trip more where the organization's code was not read within the last minute.
#[track_caller]
fn keeps_budget_with_code(answer: &Answer, budget: u32, call: &str) {
    let trips = trips(answer);
    assert!(trips == (200, budget) || trips == (200, budget + 1), "{call}: {trips:?}");
}

/// Somebody who buys for a customer of the organization.
async fn associated(tenant: &Tenant) -> Person {
    let (admin, person) = (&tenant.admin, person().await);
    admin.post("/api/organizations/price-tiers", &json!({"Name": "Gold", "CurrencyCode": "EUR"})).await;
    let customer = json!({"CustomerNumber": "C-1", "CompanyName": "A", "Pricing": "Gold"});
    admin.send(admin.request(Method::PUT, "/api/customers").json(&customer)).await.ok();
    let link = json!({"UserId": person.id, "CustomerNumber": "C-1"});
    admin.post("/api/organizations/users/associate-customer", &link).await.ok();
    person
}

#[tokio::test]
async fn each_call_keeps_its_budget() {
    let (tenant, grace) = (tenant().await, person().await);
    let user = grace.signed_in().await;

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

    let (tiers, associate, associations) = (
        "/api/organizations/price-tiers",
        "/api/organizations/users/associate-customer",
        "/api/organizations/users/associations",
    );
    let admin = &tenant.admin;
    let put = async |path: &str, body| admin.send(admin.request(Method::PUT, path).json(&body)).await;
    let patch = async |body| admin.send(admin.request(Method::PATCH, "/api/organization").json(&body)).await;
    assert_eq!(trips(&patch(json!({"Name": unique("Budget")})).await), (200, 2), "change settings");
    assert_eq!(trips(&admin.post(tiers, &json!({"Name": "Gold", "CurrencyCode": "EUR"})).await), (200, 1), "add tier");
    assert_eq!(trips(&admin.post(tiers, &json!({"Name": "Idle", "CurrencyCode": "EUR"})).await), (200, 1), "add tier");
    assert_eq!(trips(&put(tiers, json!({"OldName": "gold", "NewName": "GOLD"})).await), (200, 2), "change tier");
    assert_eq!(trips(&put(tiers, json!({"OldName": "Gold", "NewName": "Silver"})).await), (200, 2), "rename tier");
    let patch = json!({"Name": "Idle", "CurrencyCode": "USD"});
    assert_eq!(trips(&admin.patch(tiers, &patch).await), (200, 2), "patch tier");
    assert_eq!(trips(&admin.patch(tiers, &patch).await), (200, 1), "patch tier, no change");
    assert_eq!(trips(&admin.delete(tiers, &json!({"Name": "Idle"})).await), (200, 2), "remove tier");
    assert_eq!(trips(&admin.get(tiers).await), (200, 1), "list tiers");
    for (number, does) in [("C-1", "create customer"), ("C-1", "replace customer"), ("C-2", "create customer")] {
        let customer = json!({"CustomerNumber": number, "CompanyName": "A", "Pricing": "Silver"});
        assert_eq!(trips(&put("/api/customers", customer).await), (200, 2), "{does}");
    }
    assert_eq!(trips(&admin.get("/api/customers/C-1").await), (200, 1), "view customer");
    assert_eq!(trips(&admin.patch("/api/customers/C-1", &json!({"Active": true})).await), (200, 2), "patch customer");
    assert_eq!(trips(&admin.get("/api/customers").await), (200, 1), "list customers");
    let second = "/api/customers?PageSize=1&PageNumber=2&SortOn=CompanyName";
    assert_eq!(trips(&admin.get(second).await), (200, 2), "a page of customers by its number");
    let filtered = "/api/customers?Filters[0].Field=Pricing&Filters[0].Operator=equals&Filters[0].Value=Silver";
    assert_eq!(trips(&admin.get(filtered).await), (200, 2), "customers of a tier, tested row by row");
    let renamed = admin.patch("/api/customers/C-1", &json!({"CompanyName": "B"})).await;
    assert_eq!(trips(&renamed), (200, 3), "patch customer, another company");
    // Until ten minutes after a tier's change, or the customer's next write, the two are read once more, together.
    assert_eq!(trips(&put(tiers, json!({"OldName": "Silver", "NewName": "Silver"})).await), (200, 1), "no change");
    let euro = json!({"OldName": "Silver", "NewName": "Silver", "CurrencyCode": "EUR"});
    assert_eq!(trips(&put(tiers, euro).await), (200, 2), "change tier");
    assert_eq!(trips(&admin.get("/api/customers/C-1").await), (200, 2), "view customer, its tier just changed");
    assert_eq!(trips(&admin.patch("/api/customers/C-1", &json!({"Active": true})).await), (200, 2), "patch customer");
    assert_eq!(trips(&admin.get("/api/customers/C-1").await), (200, 1), "view customer");
    let link = json!({"UserId": grace.id, "CustomerNumber": "C-1"});
    assert_eq!(trips(&admin.post(associate, &link).await), (200, 2), "associate");
    assert_eq!(trips(&admin.post(associate, &link).await), (200, 1), "associate again");
    let link = json!({"Email": grace.email, "CustomerNumber": "C-2"});
    assert_eq!(trips(&admin.post(associate, &link).await), (200, 4), "move, by address");
    let link = json!({"UserId": grace.id, "CustomerNumber": "C-3"});
    assert_eq!(trips(&admin.post(associate, &link).await), (200, 3), "move");
    let link = json!({"UserId": grace.id, "CustomerNumber": "C-2"});
    assert_eq!(trips(&admin.post(associate, &link).await), (200, 3), "move");
    assert_eq!(trips(&admin.get(associations).await), (200, 1), "list associations");
    admin.post(associate, &json!({"UserId": tenant.admin_id, "CustomerNumber": "C-3"})).await.ok();
    let second = format!("{associations}?PageSize=1&PageNumber=2");
    assert_eq!(trips(&admin.get(&second).await), (200, 2), "a page of associations by its number");

    let login = json!({"Email": grace.email, "Password": PASSWORD});
    assert_eq!(trips(&Anonymous.post("/api/auth/login", &login).await), (200, 3), "sign in");
    let login = json!({"Email": grace.email, "Password": PASSWORD, "OrgCode": tenant.code});
    let signed_in = trips(&Anonymous.post("/api/auth/login", &login).await);
    assert_eq!(signed_in, (200, 4), "sign in for an organization, its customer's tier just changed");
    assert_eq!(
        trips(&user.post("/api/auth/access", &json!({"OrgCode": tenant.code})).await),
        (200, 3),
        "enrich, its tier just changed"
    );
    let customer = json!({"CustomerNumber": "C-2", "CompanyName": "A", "Pricing": "Silver"});
    assert_eq!(trips(&put("/api/customers", customer).await), (200, 2), "replace customer");
    assert_eq!(trips(&Anonymous.post("/api/auth/login", &login).await), (200, 3), "sign in for an organization");
    assert_eq!(trips(&user.post("/api/auth/access", &json!({"OrgCode": tenant.code})).await), (200, 2), "enrich");
    assert_eq!(trips(&admin.delete(associations, &json!({"UserId": grace.id})).await), (200, 3), "dissociate");
    assert_eq!(
        trips(&user.post("/api/auth/access", &json!({"OrgCode": tenant.code})).await),
        (200, 2),
        "enrich, no customer"
    );
    assert_eq!(trips(&admin.delete("/api/customers/C-2", &json!({})).await), (200, 2), "remove customer");

    assert_eq!(trips(&tenant.admin.delete(ADMINS, &json!({"UserId": grace.id})).await), (200, 2), "demote");
    for path in [
        "/health",
        "/openapi.json",
        "/problems",
        "/.well-known/jwks.json",
        "/.well-known/oauth-authorization-server",
        "/.well-known/openid-configuration",
    ] {
        assert_eq!(trips(&Anonymous.get(path).await), (200, 0), "{path}");
    }
}

#[tokio::test]
async fn each_call_for_users_and_in_bulk_keeps_its_budget() {
    let (tenant, grace) = (tenant().await, person().await);
    let admin = &tenant.admin;
    let associate = "/api/organizations/users/associate-customer";
    admin.post("/api/organizations/price-tiers", &json!({"Name": "Silver", "CurrencyCode": "EUR"})).await;
    for user in [&tenant.admin_id, &grace.id] {
        admin.post(associate, &json!({"UserId": user, "CustomerNumber": "C-3"})).await.ok();
    }
    let import = "/api/organizations/users/associations/import";
    let rows = json!({"Rows": [{"UserId": tenant.admin_id, "CustomerNumber": "C-4"}]});
    assert_eq!(trips(&admin.post(import, &rows).await), (200, 4), "import an association");
    assert_eq!(trips(&admin.post(import, &rows).await), (200, 2), "import it again");
    let rows = json!({"Rows": [{"Email": grace.email, "CustomerNumber": "C-4"}]});
    assert_eq!(trips(&admin.post(import, &rows).await), (200, 5), "import an association by address");
    let rows = json!({"Rows": [{"CustomerNumber": "C-9", "CompanyName": "A", "Pricing": "Silver"}]});
    assert_eq!(trips(&admin.post("/api/customers/import", &rows).await), (200, 4), "import a customer");
    assert_eq!(trips(&admin.post("/api/customers/import", &rows).await), (200, 2), "import it again");
    admin.delete("/api/organizations/users/associations", &json!({"UserId": grace.id})).await.ok();

    let users = "/api/organizations/users";
    assert_eq!(trips(&admin.get(users).await), (200, 2), "list users, with their names");
    admin.post(ADMINS, &json!({"Email": grace.email})).await.ok();
    let second = format!("{users}?PageSize=1&PageNumber=2");
    assert_eq!(trips(&admin.get(&second).await), (200, 3), "a page of users by its number");
    let remove = json!({"UserId": grace.id});
    assert_eq!(trips(&admin.delete(users, &remove).await), (200, 2), "remove an admin");
    let new = person().await;
    let link = json!({"UserId": new.id, "CustomerNumber": "C-1"});
    assert_eq!(trips(&admin.post(associate, &link).await), (200, 2), "associate a user who is new here");
    assert_eq!(trips(&admin.post(ADMINS, &json!({"Email": new.email})).await), (200, 2), "promote a customer's user");
    assert_eq!(
        trips(&admin.delete(users, &json!({"UserId": new.id})).await),
        (200, 3),
        "remove an admin with a customer"
    );
}

#[tokio::test]
async fn each_call_for_machines_and_accounts_keeps_its_budget() {
    let tenant = tenant().await;
    let admin = &tenant.admin;
    let api_access = "/api/organizations/api-access";
    let created = admin.post(api_access, &json!({"Name": "Shop"})).await;
    assert_eq!(trips(&created), (200, 2), "make a credential");
    let created = created.json();
    assert_eq!(trips(&admin.get(api_access).await), (200, 1), "list credentials");
    let login =
        json!({"OrgCode": tenant.code, "ClientId": created["ClientId"], "ClientSecret": created["ClientSecret"]});
    keeps_budget_with_code(&Anonymous.post("/api/auth/login", &login).await, 1, "a machine's sign-in");
    let text = |name: &str| created[name].as_str().unwrap();
    let client =
        [("client_id", text("ClientId")), ("client_secret", text("ClientSecret")), ("audience", tenant.code.as_str())];
    let grant = [&client[..], &[("grant_type", "client_credentials")]].concat();
    keeps_budget_with_code(&Anonymous.post_form(OAUTH, &grant).await, 1, "a machine's token by OAuth");
    let buyer = associated(&tenant).await;
    let exchange = [("grant_type", EXCHANGE), ("requested_subject", buyer.id.as_str())];
    let exchanged = Anonymous.post_form(OAUTH, &[&client[..], &exchange].concat()).await;
    keeps_budget_with_code(&exchanged, 2, "a machine's exchange by OAuth");
    let user = buyer.signed_in().await;
    let subject = [
        ("grant_type", EXCHANGE),
        ("subject_token", user.token.as_str()),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
        ("audience", tenant.code.as_str()),
    ];
    assert_eq!(trips(&Anonymous.post_form(OAUTH, &subject).await), (200, 2), "a user's exchange by OAuth");
    let by_client = Anonymous.post_form(OAUTH, &[&client[..2], &subject].concat()).await;
    keeps_budget_with_code(&by_client, 3, "a user's exchange by a client");
    let revoke = json!({"ClientId": created["ClientId"]});
    assert_eq!(trips(&admin.delete(api_access, &revoke).await), (200, 1), "revoke a credential");

    let invitee = json!({"FirstName": "A", "LastName": "B", "Email": format!("{}@new.example", unique("a"))});
    assert_eq!(trips(&admin.post("/api/users", &invitee).await), (200, 2), "invite");
    // An organization of its own: the acceptance proves an address to it.
    let inviting = crate::support::tenant().await;
    let inviting = &inviting.admin;
    let invitations = "/api/organizations/invitations";
    let email = format!("{}@new.example", unique("ida"));
    let ida = json!({"Email": email, "FirstName": "Ida", "LastName": "R", "Roles": ["admin"], "CustomerNumber": "C-1"});
    let first = inviting.post(invitations, &ida).await;
    assert_eq!(trips(&first), (201, 2), "invite into the organization");
    assert_eq!(trips(&inviting.post(invitations, &ida).await), (201, 2), "invite again within the hour");
    assert_eq!(trips(&inviting.get(invitations).await), (200, 1), "list invitations");
    let path =
        |answer: &crate::support::Answer| format!("{invitations}/{}", answer.json()["InvitationId"].as_str().unwrap());
    let again = inviting.send(inviting.request(Method::POST, &format!("{}/resend", path(&first)))).await;
    assert_eq!(trips(&again), (429, 1), "send an invitation again within the hour");
    let token = json!({"Token": link_token(&mails_to(&email, 1).await[0])});
    assert_eq!(trips(&Anonymous.post("/api/invitations/view", &token).await), (200, 2), "view an invitation");
    let acceptance = json!({"Token": token["Token"], "Password": PASSWORD});
    assert_eq!(trips(&Anonymous.post("/api/invitations/accept", &acceptance).await), (200, 4), "accept an invitation");
    let other = json!({"Email": format!("{}@new.example", unique("ida"))});
    let withdrawn = path(&inviting.post(invitations, &other).await);
    assert_eq!(
        trips(&inviting.send(inviting.request(Method::DELETE, &withdrawn)).await),
        (200, 3),
        "withdraw an invitation"
    );
    let grace = person().await;
    admin.post(ADMINS, &json!({"Email": grace.email})).await.ok();
    let user = grace.signed_in().await;
    let me = "/api/users/me";
    assert_eq!(trips(&user.get(me).await), (200, 1), "view account");
    assert_eq!(trips(&user.get("/api/users/me/organizations").await), (200, 2), "list organizations");
    assert_eq!(trips(&user.patch(me, &json!({"PhoneNumber": "+1 555"})).await), (200, 2), "change phone number");
    assert_eq!(trips(&user.patch(me, &json!({"FirstName": "Amazing"})).await), (200, 4), "change names");
    let forgot = json!({"Email": grace.email});
    assert_eq!(trips(&Anonymous.post("/api/auth/forgot-password", &forgot).await), (202, 1), "forgot password");
    let change = json!({"OldPassword": PASSWORD, "Password": "a new password"});
    assert_eq!(trips(&user.post("/api/users/me/password", &change).await), (200, 4), "change password");

    // The first proof of an address keeps its organizations; the second use of a link has nothing to keep. By then the
    // welcome, the link from above and the notice of the new password have come, and then another two.
    for (number, expected) in [(3, 6), (5, 3)] {
        let known: Vec<_> = mails_to(&grace.email, number).await.iter().map(|mail| mail["Text"].clone()).collect();
        Anonymous.post("/api/auth/forgot-password", &forgot).await;
        let mail = loop {
            let mails = mails_to(&grace.email, number + 1).await;
            let new = mails
                .into_iter()
                .find(|mail| mail["Subject"] == "Set a new password" && !known.contains(&mail["Text"]));
            if let Some(mail) = new {
                break mail;
            }
        };
        let reset = json!({"Token": link_token(&mail), "Password": PASSWORD});
        let answer = Anonymous.post("/api/auth/reset-password", &reset).await;
        assert_eq!(trips(&answer), (200, expected), "use a link");
    }
    for path in ["/account/set-password", "/nowhere"] {
        assert_eq!(Anonymous.get(path).await.round_trips(), 0, "{path}");
    }
}
