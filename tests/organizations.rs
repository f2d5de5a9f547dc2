//! `POST /api/organizations` and `GET /api/organization`.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Anonymous, Caller, PASSWORD, delete_item, dynamodb, entitlements_of, mails_to, person, server, tenant,
    tenant_named, unique,
};

const PATH: &str = "/api/organizations";

fn founder(email: &str) -> Value {
    json!({"FirstName": "Ada", "LastName": "Lovelace", "Email": email, "Password": PASSWORD})
}

fn address() -> String {
    format!("{}@founder.example", unique("ada"))
}

fn creation(name: &str, email: &str) -> Value {
    json!({"Organization": {"Name": name}, "User": founder(email)})
}

#[tokio::test]
async fn an_organization_is_created_with_its_first_admin_who_is_welcomed() {
    let (name, email) = (unique("Acme & Söhne"), address());
    let created = Anonymous.post(PATH, &creation(&name, &email)).await.ok();
    let id = created["OrganizationId"].as_str().unwrap();
    let code = created["IdentityOrganizationId"].as_str().unwrap();
    assert_eq!(id.len(), 24);
    assert!(id.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')), "{id}");
    let letters: String = name.chars().filter(char::is_ascii_alphanumeric).take(20).collect();
    let random = code.strip_prefix(&format!("org_{}", letters.to_lowercase())).unwrap();
    assert_eq!(random.len(), 8);
    let expected = json!({"OrganizationId": id, "IdentityOrganizationId": code, "Name": name, "Slug": code});
    assert_eq!(created, expected);

    let mails = mails_to(&email, 1).await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0]["Subject"], format!("{name} is ready"));
    let text = mails[0]["Text"].as_str().unwrap();
    assert!(text.starts_with(&format!("Hello Ada,\n\nYour organization {name} is set up")), "{text}");
    let html = mails[0]["Html"].as_str().unwrap();
    assert!(html.contains(&name.replace('&', "&#38;")), "names are escaped: {html}");
}

#[tokio::test]
async fn an_admin_sees_the_organization_as_it_was_sent() {
    let (name, email) = (unique("Acme"), address());
    let details = json!({
        "Name": format!("  {name} "),
        "BillingAddress1": "Hauptstraße 1",
        "BillingAddress2": "c/o Ada",
        "BillingCity": "Mu\u{308}nchen",
        "BillingStateProvince": "BY",
        "BillingPostalCode": "80331",
        "BillingCountry": "DE",
        "PhoneNumber": "+49 89 2180",
        "Email": "Office@Acme.example",
        "Website": "HTTPS://acme.example/Über uns?x=1".replace(' ', "-"),
    });
    let created = Anonymous.post(PATH, &json!({"Organization": details, "User": founder(&email)})).await.ok();
    let login = json!({"Email": email, "Password": PASSWORD, "OrgCode": created["Slug"]});
    let token = Anonymous.post("/api/auth/login", &login).await.ok()["AccessToken"].as_str().unwrap().to_owned();

    let answer = crate::support::Member { token }.get("/api/organization").await;
    assert!(answer.header("etag").starts_with("\"1-"), "{answer:?}");
    let view = answer.ok();
    let organization = &view["Organization"];
    let created_at = organization["CreatedAt"].as_str().unwrap();
    assert!(created_at.len() >= 20 && created_at.ends_with('Z') && created_at.contains('T'), "{created_at}");
    let expected = json!({
        "Organization": {
            "OrganizationId": created["OrganizationId"],
            "IdentityOrganizationId": created["Slug"],
            "Slug": created["Slug"],
            "Name": name,
            "BillingAddress1": "Hauptstraße 1",
            "BillingAddress2": "c/o Ada",
            "BillingCity": "München",
            "BillingStateProvince": "BY",
            "BillingPostalCode": "80331",
            "BillingCountry": "DE",
            "PhoneNumber": "+49 89 2180",
            "Email": "Office@Acme.example",
            "Website": "HTTPS://acme.example/Über-uns?x=1",
            "CreatedAt": created_at,
            "UpdatedAt": created_at,
        },
        "Subscriptions": [],
        "Entitlements": entitlements_of("free"),
    });
    assert_eq!(view, expected);
}

#[tokio::test]
async fn absent_fields_are_left_out_of_the_view() {
    let tenant = tenant().await;
    let view = tenant.admin.get("/api/organization").await.ok();
    let mut fields: Vec<_> = view["Organization"].as_object().unwrap().keys().map(String::as_str).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["CreatedAt", "IdentityOrganizationId", "Name", "OrganizationId", "Slug", "UpdatedAt"]);
}

#[tokio::test]
async fn each_field_rule_is_named_and_nothing_is_created() {
    let long = |length: usize| "x".repeat(length);
    let at_most = |length| json!([format!("must have at most {length} characters")]);
    let control = json!(["must not hold control characters"]);
    let cases = [
        ("Organization", "Name", json!(null), json!(["is required"])),
        ("Organization", "Name", json!("   "), json!(["must have 1 to 200 characters"])),
        ("Organization", "Name", json!(long(201)), at_most(200)),
        ("Organization", "Name", json!("a\u{0}b"), control.clone()),
        ("Organization", "Name", json!(["Acme"]), json!(["must be a string"])),
        ("Organization", "BillingAddress1", json!(long(201)), at_most(200)),
        ("Organization", "BillingAddress2", json!(long(201)), at_most(200)),
        ("Organization", "BillingCity", json!("a\nb"), control.clone()),
        ("Organization", "BillingStateProvince", json!(long(201)), at_most(200)),
        ("Organization", "BillingPostalCode", json!(80331), json!(["must be a string"])),
        (
            "Organization",
            "BillingCountry",
            json!("Germany"),
            json!(["must be an ISO 3166-1 alpha-2 country code such as DE"]),
        ),
        ("Organization", "PhoneNumber", json!(long(41)), at_most(40)),
        ("Organization", "Email", json!("office"), json!(["must be an e-mail address"])),
        ("Organization", "Email", json!(format!("{}@acme.example", long(243))), at_most(254)),
        ("Organization", "Website", json!("acme.example"), json!(["must be an absolute http or https address"])),
        ("Organization", "Website", json!(format!("https://acme.example/{}", long(2048))), at_most(2048)),
        ("User", "FirstName", json!(""), json!(["must have 1 to 100 characters"])),
        ("User", "FirstName", json!(long(101)), at_most(100)),
        ("User", "LastName", json!(null), json!(["is required"])),
        ("User", "LastName", json!("a\u{7}"), control),
        ("User", "Email", json!(null), json!(["is required"])),
        ("User", "Email", json!("ada"), json!(["must be an e-mail address"])),
        ("User", "Email", json!(format!("{}@acme.example", long(243))), at_most(254)),
        ("User", "Password", json!("1234567"), json!(["must have 8 to 128 characters"])),
        ("User", "Password", json!(long(129)), json!(["must have 8 to 128 characters"])),
        ("User", "Password", json!(12_345_678), json!(["must be a string"])),
        ("User", "PhoneNumber", json!(long(41)), at_most(40)),
    ];
    for (object, field, value, fault) in cases {
        let name = unique("Refused");
        let mut body = creation(&name, &address());
        body[object][field] = value.clone();
        let answer = Anonymous.post(PATH, &body).await;
        answer.fields(&json!({format!("{object}.{field}"): fault}));
        // The name is still free: nothing was created.
        tenant_named(&name).await;
    }
}

#[tokio::test]
async fn every_bad_field_is_named_in_one_answer() {
    let email = address();
    let body = json!({
        "Organization": {"Name": 1, "BillingCountry": "XX", "Website": "ftp://acme.example"},
        "User": {"FirstName": "Ada", "Email": email, "Password": email.to_uppercase()},
    });
    Anonymous.post(PATH, &body).await.fields(&json!({
        "Organization.Name": ["must be a string"],
        "Organization.BillingCountry": ["must be an ISO 3166-1 alpha-2 country code such as DE"],
        "Organization.Website": ["must be an absolute http or https address"],
        "User.LastName": ["is required"],
        "User.Password": ["must not be the e-mail address"],
    }));
    Anonymous.post(PATH, &json!({"User": "Ada"})).await.fields(&json!({
        "Organization.Name": ["is required"],
        "User": ["must be an object"],
    }));
}

#[tokio::test]
async fn the_longest_values_are_taken() {
    let name: String = unique("Ünï").chars().chain("ü".repeat(200).chars()).take(200).collect();
    let email = format!("{}@{}.example", unique("ada"), ["x".repeat(60), "y".repeat(60), "z".repeat(60)].join("."));
    let mut body = creation(&name, &email);
    body["User"]["Password"] = json!("p".repeat(128));
    body["User"]["FirstName"] = json!("F".repeat(100));
    body["Organization"]["BillingCity"] = json!("c".repeat(200));
    body["Organization"]["PhoneNumber"] = json!("0".repeat(40));
    assert_eq!(Anonymous.post(PATH, &body).await.ok()["Name"], name);
}

#[tokio::test]
async fn a_name_is_taken_whatever_its_case_spaces_or_composition() {
    let name = unique("Straße Üni");
    tenant_named(&name).await;
    for taken in [name.clone(), name.to_uppercase(), format!("  {name} "), name.replace('Ü', "U\u{308}")] {
        let answer = Anonymous.post(PATH, &creation(&taken, &address())).await;
        answer.fields(&json!({"Organization.Name": ["is taken"]}));
    }
}

#[tokio::test]
async fn sixteen_creates_of_one_name_give_exactly_one_organization() {
    let name = unique("Race");
    let bodies: Vec<_> = (0..16).map(|_| creation(&name, &address())).collect();
    let answers = join_all(bodies.iter().map(|body| Anonymous.post(PATH, body))).await;
    let (created, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
    assert_eq!((created.len(), refused.len()), (1, 15));
    for answer in refused {
        answer.fields(&json!({"Organization.Name": ["is taken"]}));
    }
}

#[tokio::test]
async fn a_refused_create_leaves_no_account_behind() {
    let tenant = tenant().await;
    let email = address();
    let answer = Anonymous.post(PATH, &creation(&tenant.name, &email)).await;
    answer.fields(&json!({"Organization.Name": ["is taken"]}));
    let answer = Anonymous.post("/api/auth/login", &json!({"Email": email, "Password": PASSWORD})).await;
    assert_eq!(answer.status, 401);
    Anonymous.post(PATH, &creation(&unique("Second try"), &email)).await.ok();
}

#[tokio::test]
async fn an_account_founds_another_organization_by_its_password() {
    let grace = person().await;
    let name = unique("Grace's");
    let mut body = creation(&name, &grace.email.to_uppercase());
    body["User"]["FirstName"] = json!("Somebody else");
    let created = Anonymous.post(PATH, &body).await.ok();

    let login = json!({"Email": grace.email, "Password": PASSWORD, "OrgCode": created["Slug"]});
    let signed_in = Anonymous.post("/api/auth/login", &login).await.ok();
    assert_eq!(signed_in["UserId"], grace.id);
    let admin = crate::support::Member { token: signed_in["AccessToken"].as_str().unwrap().to_owned() };
    let expected = json!([{
        "Id": grace.id, "Email": grace.email, "FirstName": "Grace", "LastName": "Hopper", "Roles": ["admin"],
    }]);
    assert_eq!(admin.get("/api/organizations/users/admins").await.ok(), expected, "the account's names are unchanged");
    let mails = mails_to(&grace.email, 1).await;
    assert_eq!(mails[0]["Subject"], format!("{name} is ready"));
}

#[tokio::test]
async fn an_account_founds_nothing_with_another_password() {
    let (grace, tenant) = (person().await, tenant().await);
    let name = unique("Not Grace's");
    let mut body = creation(&name, &grace.email);
    body["User"]["Password"] = json!("another password");
    let known = json!(["has an account already, which has another password"]);
    Anonymous.post(PATH, &body).await.fields(&json!({"User.Email": known}));
    tenant_named(&name).await;

    body["Organization"]["Name"] = json!(tenant.name);
    Anonymous.post(PATH, &body).await.fields(&json!({"Organization.Name": ["is taken"], "User.Email": known}));

    let taken = creation(&tenant.name, &grace.email);
    Anonymous.post(PATH, &taken).await.fields(&json!({"Organization.Name": ["is taken"]}));
}

#[tokio::test]
async fn an_organization_that_is_gone_is_no_answer_to_its_admins() {
    let tenant = tenant().await;
    delete_item(format!("ORG#{}", tenant.id), "#ORG").await;
    let gone = "The organization of this token no longer exists.";
    tenant.admin.get("/api/organization").await.problem(400, gone);
    let admins = "/api/organizations/users/admins";
    tenant.admin.get(admins).await.problem(400, gone);
    tenant.admin.post(admins, &json!({"Email": tenant.email})).await.problem(400, gone);
    tenant.admin.post(admins, &json!({})).await.problem(400, gone);
    tenant.admin.delete(admins, &json!({"UserId": tenant.admin_id})).await.problem(400, gone);
    tenant.admin.delete(admins, &json!({"UserId": person().await.id})).await.problem(400, gone);
    let grace = person().await.id;
    let customer = json!({"CustomerNumber": "C-1", "CompanyName": "A", "Pricing": "Gold"});
    for (method, path, body) in [
        (Method::PATCH, "/api/organization", json!({"BillingCity": "Berlin"})),
        (
            Method::POST,
            "/api/organizations/users/associate-customer",
            json!({"UserId": grace, "CustomerNumber": "C-1"}),
        ),
        (Method::DELETE, "/api/organizations/users/associations", json!({"UserId": grace})),
        (Method::GET, "/api/organizations/users/associations", json!({})),
        (Method::GET, "/api/organizations/price-tiers", json!({})),
        (Method::POST, "/api/organizations/price-tiers", json!({"Name": "Gold", "CurrencyCode": "EUR"})),
        (Method::PUT, "/api/organizations/price-tiers", json!({"OldName": "a", "NewName": "A"})),
        (Method::DELETE, "/api/organizations/price-tiers", json!({"Name": "a"})),
        (Method::PUT, "/api/customers", customer),
        (Method::GET, "/api/customers/C-1", json!({})),
        (Method::DELETE, "/api/customers/C-1", json!({})),
    ] {
        tenant.admin.send(tenant.admin.request(method, path).json(&body)).await.problem(400, gone);
    }
}

#[tokio::test]
async fn the_table_holds_no_password() {
    let tenant = tenant().await;
    let items = dynamodb().scan().table_name(&server().table).send().await.unwrap().items.unwrap();
    assert!(items.iter().any(|item| format!("{item:?}").contains(&tenant.email)));
    assert!(!items.iter().any(|item| format!("{item:?}").contains(PASSWORD)));
}
