//! Names and numbers: each of their characters shows.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Anonymous, Caller, PASSWORD, person, tenant, unique};

/// A zero-width space, joiner and non-joiner, a soft hyphen, a word joiner, fillers, a variation selector, direction
/// marks, a tag, and a byte order mark.
const HIDDEN: [char; 13] = [
    '\u{200b}',
    '\u{200d}',
    '\u{200c}',
    '\u{ad}',
    '\u{2060}',
    '\u{3164}',
    '\u{115f}',
    '\u{ffa0}',
    '\u{fe0f}',
    '\u{202e}',
    '\u{200f}',
    '\u{e0041}',
    '\u{feff}',
];

fn fault() -> Value {
    json!(["must hold printable characters only"])
}

#[tokio::test]
async fn no_name_looks_like_another_or_like_none_by_what_does_not_show() {
    let name = unique("Zenith");
    let tenant = crate::support::tenant_named(&name).await;
    let email = format!("{}@acme.example", unique("ada"));
    let user = json!({"FirstName": "Ada", "LastName": "L", "Email": email, "Password": PASSWORD});
    for hidden in HIDDEN {
        for alike in [format!("{name}{hidden}"), format!("{hidden}"), format!("Ze{hidden}nith")] {
            let body = json!({"Organization": {"Name": alike}, "User": user});
            Anonymous.post("/api/organizations", &body).await.fields(&json!({"Organization.Name": fault()}));
            tenant.admin.patch("/api/organization", &json!({"Name": alike})).await.fields(&json!({"Name": fault()}));
        }
    }
    assert_eq!(tenant.admin.get("/api/organization").await.ok()["Organization"]["Name"], name);
}

#[tokio::test]
async fn every_name_and_number_that_is_read_is_refused_with_what_does_not_show() {
    let tenant = tenant().await;
    let admin = &tenant.admin;
    let user = person().await.signed_in().await;
    let text = "a\u{200b}b";
    let email = format!("a\u{200b}b{}@acme.example", unique("x"));
    let fault = fault();
    let send =
        async |method: Method, path: &str, body: Value| admin.send(admin.request(method, path).json(&body)).await;
    let account =
        json!({"FirstName": text, "LastName": text, "Email": email, "PhoneNumber": text, "Password": PASSWORD});
    let errors = json!({"FirstName": fault, "LastName": fault, "Email": fault, "PhoneNumber": fault});
    Anonymous.post("/api/users", &account).await.fields(&errors);
    let profile = json!({"FirstName": text, "LastName": text, "PhoneNumber": text});
    let errors = json!({"FirstName": fault, "LastName": fault, "PhoneNumber": fault});
    user.patch("/api/users/me", &profile).await.fields(&errors);
    let settings = json!({"PhoneNumber": text, "Email": email, "Website": "https://acme.exa\u{200b}mple"});
    let errors = json!({"PhoneNumber": fault, "Email": fault, "Website": fault});
    admin.patch("/api/organization", &settings).await.fields(&errors);
    let tiers = "/api/organizations/price-tiers";
    let tier = json!({"Name": text, "CurrencyCode": "EUR"});
    admin.post(tiers, &tier).await.fields(&json!({"Name": fault}));
    let renamed = json!({"OldName": "Gold", "NewName": text});
    send(Method::PUT, tiers, renamed).await.fields(&json!({"NewName": fault}));
    admin.patch(tiers, &json!({"Name": "Gold", "NewName": text})).await.fields(&json!({"NewName": fault}));
    let customer = json!({"CustomerNumber": text, "CompanyName": text, "Pricing": text});
    let errors = json!({"CustomerNumber": fault, "CompanyName": fault, "Pricing": fault});
    send(Method::PUT, "/api/customers", customer).await.fields(&errors);
    let patch = json!({"CompanyName": text, "Pricing": text});
    admin.patch("/api/customers/C-1", &patch).await.fields(&json!({"CompanyName": fault, "Pricing": fault}));
    let link = json!({"UserId": tenant.admin_id, "CustomerNumber": text});
    let associate = "/api/organizations/users/associate-customer";
    admin.post(associate, &link).await.fields(&json!({"CustomerNumber": fault}));
    admin.post("/api/organizations/api-access", &json!({"Name": text})).await.fields(&json!({"Name": fault}));
    // A line of a postal address is no name.
    admin.patch("/api/organization", &json!({"BillingAddress1": text})).await.ok();
}

#[tokio::test]
async fn a_tier_from_before_every_character_had_to_show_can_be_renamed_and_removed() {
    let tenant = tenant().await;
    let tiers = "/api/organizations/price-tiers";
    let tier = json!({"Name": "Gold", "CurrencyCode": "EUR"});
    let hide = async || {
        assert_eq!(tenant.admin.post(tiers, &tier).await.status, 200);
        // As the version before stored it: under its name, and without an item for that.
        let (table, pk) = (&crate::support::server().table, format!("ORG#{}", tenant.id));
        let text = |text: &str| aws_sdk_dynamodb::types::AttributeValue::S(text.to_owned());
        let query = crate::support::dynamodb().query().table_name(table);
        let query = query.key_condition_expression("pk = :pk AND begins_with(sk, :tiers)");
        let query =
            query.expression_attribute_values(":pk", text(&pk)).expression_attribute_values(":tiers", text("TIER#"));
        let [mut item] = <[_; 1]>::try_from(query.send().await.unwrap().items.unwrap()).unwrap();
        crate::support::delete_item(pk.clone(), item["sk"].as_s().unwrap()).await;
        crate::support::delete_item(pk, "TIERNAME#gold").await;
        item.remove("revision");
        item.insert("sk".to_owned(), text("TIER#go\u{200b}ld"));
        item.insert("tier_name".to_owned(), text("Go\u{200b}ld"));
        crate::support::dynamodb().put_item().table_name(table).set_item(Some(item)).send().await.unwrap();
    };
    hide().await;
    let patch = json!({"Name": "Go\u{200b}ld", "NewName": "Gold"});
    assert_eq!(tenant.admin.patch(tiers, &patch).await.ok(), tier);
    assert_eq!(tenant.admin.delete(tiers, &json!({"Name": "Gold"})).await.status, 200);
    hide().await;
    assert_eq!(tenant.admin.delete(tiers, &json!({"Name": "Go\u{200b}ld"})).await.status, 200);
    assert_eq!(tenant.admin.get(tiers).await.ok(), json!([]));
}
