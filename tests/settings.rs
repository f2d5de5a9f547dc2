//! `PATCH /api/organization`.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Caller, Member, tenant, tenant_named, unique};

const PATH: &str = "/api/organization";

async fn patch(admin: &Member, body: &Value) -> Answer {
    admin.raw(Method::PATCH, PATH, Some("application/merge-patch+json"), body.to_string()).await
}

async fn patch_version(admin: &Member, versions: &str, body: &Value) -> Answer {
    admin.send(admin.request(Method::PATCH, PATH).header("if-match", versions).json(body)).await
}

/// The version of the settings, which begins an organization's tag.
fn version(answer: &Answer) -> u32 {
    let tag = answer.header("etag").trim_matches('"');
    tag.split('-').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn what_a_patch_names_changes_and_null_removes() {
    let tenant = tenant().await;
    let before = tenant.admin.get(PATH).await.ok()["Organization"].clone();
    let name = unique("Renamed");
    let changed = patch(&tenant.admin, &json!({
        "Name": format!(" {name} "), "BillingCity": "Berlin", "BillingCountry": "DE", "Website": "https://acme.example",
        "PhoneNumber": null,
    }))
    .await;
    assert_eq!(version(&changed), 2);
    let changed = changed.ok();
    let mut expected = before.clone();
    expected["Name"] = json!(name);
    expected["BillingCity"] = json!("Berlin");
    expected["BillingCountry"] = json!("DE");
    expected["Website"] = json!("https://acme.example");
    expected["UpdatedAt"] = changed["Organization"]["UpdatedAt"].clone();
    assert_eq!(changed, json!({"Organization": expected}));
    let viewed = tenant.admin.get(PATH).await;
    assert_eq!(version(&viewed), 2);
    assert_eq!(viewed.ok()["Organization"], expected);

    let changed = patch(&tenant.admin, &json!({"Organization": {"BillingCity": null, "Website": null}})).await;
    assert_eq!(version(&changed), 3);
    let shown = changed.ok()["Organization"].clone();
    assert_eq!((shown.get("BillingCity"), shown.get("Website")), (None, None));
    assert_eq!(shown["BillingCountry"], "DE");

    let same = patch(&tenant.admin, &json!({"BillingCountry": "DE", "BillingCity": null})).await;
    assert_eq!(version(&same), 3, "what changes nothing makes no version");
    assert_eq!(same.ok()["Organization"], shown);
}

#[tokio::test]
async fn every_bad_field_of_a_patch_is_named_and_nothing_changes() {
    let tenant = tenant().await;
    let answer = patch(
        &tenant.admin,
        &json!({
            "Name": null, "BillingCity": 1, "BillingCountry": "ZZ", "Email": "office", "Website": "acme.example",
            "BillingPostalCode": "10115",
        }),
    )
    .await;
    answer.fields(&json!({
        "Name": ["can't be removed"],
        "BillingCity": ["must be a string"],
        "BillingCountry": ["must be an ISO 3166-1 alpha-2 country code such as DE"],
        "Email": ["must be an e-mail address"],
        "Website": ["must be an absolute http or https address"],
    }));
    let view = tenant.admin.get(PATH).await;
    assert_eq!(version(&view), 1);
    assert_eq!(view.ok()["Organization"].get("BillingPostalCode"), None);
}

#[tokio::test]
async fn only_the_version_that_if_match_names_is_changed() {
    let admin = tenant().await.admin;
    let stale = "The organization was changed since the version that If-Match names.";
    for versions in ["\"2\"", "2", "W/\"1\"", "\"\"", "\"3\", \"2\""] {
        patch_version(&admin, versions, &json!({"BillingCity": "Berlin"})).await.problem(412, stale);
    }
    for (versions, city, made) in [("\"1\"", "Berlin", 2), ("\"7\", \"2\"", "Bonn", 3), ("*", "Köln", 4)] {
        assert_eq!(version(&patch_version(&admin, versions, &json!({"BillingCity": city})).await), made);
    }
    patch_version(&admin, "\"3\"", &json!({"BillingCity": "Köln"})).await.problem(412, stale);
}

#[tokio::test]
async fn one_version_is_changed_once_however_many_try() {
    let admin = tenant().await.admin;
    let bodies: Vec<_> = (0..16).map(|n| json!({"BillingCity": format!("City {n}")})).collect();
    let answers = join_all(bodies.iter().map(|body| patch_version(&admin, "\"1\"", body))).await;
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses[..2], [200, 412]);
    assert!(statuses[1..].iter().all(|status| *status == 412));

    // Without If-Match all of them come to pass, one after the other.
    let answers = join_all(bodies.iter().map(|body| patch(&admin, body))).await;
    for answer in answers {
        answer.ok();
    }
}

#[tokio::test]
async fn a_rename_takes_the_new_name_and_frees_the_old_one() {
    let (tenant, other) = (tenant().await, tenant().await);
    patch(&tenant.admin, &json!({"Name": other.name.to_uppercase()})).await.fields(&json!({"Name": ["is taken"]}));
    assert_eq!(
        tenant.admin.get(PATH).await.ok()["Organization"]["Name"],
        tenant.name,
        "a refused rename changes nothing"
    );

    let upper = tenant.name.to_uppercase();
    let changed = patch(&tenant.admin, &json!({"Name": upper})).await.ok();
    assert_eq!(changed["Organization"]["Name"], upper, "a rename in case only");
    assert_eq!(changed["Organization"]["Slug"], tenant.code, "the code stays");

    let renamed = unique("Renamed");
    patch(&tenant.admin, &json!({"Name": renamed})).await.ok();
    patch(&other.admin, &json!({"Name": renamed})).await.fields(&json!({"Name": ["is taken"]}));
    let successor = tenant_named(&tenant.name).await;
    patch(&tenant.admin, &json!({"Name": tenant.name})).await.fields(&json!({"Name": ["is taken"]}));
    patch(&successor.admin, &json!({"Name": unique("Elsewhere")})).await.ok();
    patch(&tenant.admin, &json!({"Name": tenant.name})).await.ok();
}

#[tokio::test]
async fn sixteen_organizations_that_want_one_name_at_once_give_it_to_one() {
    let name = unique("Wanted");
    let mut tenants = Vec::new();
    for _ in 0..16 {
        tenants.push(tenant().await);
    }
    let body = json!({"Name": name});
    let answers = join_all(tenants.iter().map(|tenant| patch(&tenant.admin, &body))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        answer.fields(&json!({"Name": ["is taken"]}));
    }
}
