//! Two organizations: nothing of the one is seen or changed by the other.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Anonymous, Caller, Tenant, dynamodb, person, server, tenant, unique};

const USERS: &str = "/api/organizations/users";
const ADMINS: &str = "/api/organizations/users/admins";
const ASSOCIATE: &str = "/api/organizations/users/associate-customer";
const ASSOCIATIONS: &str = "/api/organizations/users/associations";
const TIERS: &str = "/api/organizations/price-tiers";
const CUSTOMERS: &str = "/api/customers";
const INVITATIONS: &str = "/api/organizations/invitations";

/// Every item that belongs to an organization.
async fn items(tenant: &Tenant) -> Vec<String> {
    let mut items = Vec::new();
    let mut start = None;
    loop {
        let page = dynamodb().scan().table_name(&server().table).set_exclusive_start_key(start).send().await.unwrap();
        for item in page.items.unwrap() {
            let item: Value = serde_dynamo::from_item(item).unwrap();
            // A mail that names the organization changes when it is sent.
            if item["entity"] != "mail" && item.to_string().contains(&tenant.id) {
                items.push(item.to_string());
            }
        }
        start = page.last_evaluated_key;
        if start.is_none() {
            items.sort_unstable();
            return items;
        }
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "every route takes its turn")]
async fn no_route_shows_or_changes_anything_of_another_organization() {
    let (ours, theirs) = (tenant().await, tenant().await);
    let (_, colleague) = theirs.second_admin().await;
    let buyer = person().await;
    for (method, path, body) in [
        (Method::POST, TIERS, json!({"Name": "Gold", "CurrencyCode": "EUR"})),
        (Method::PUT, CUSTOMERS, json!({"CustomerNumber": "C-1", "CompanyName": "Secret", "Pricing": "Gold"})),
        (Method::POST, ASSOCIATE, json!({"UserId": buyer.id, "CustomerNumber": "C-1"})),
    ] {
        let answer = theirs.admin.send(theirs.admin.request(method, path).json(&body)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let invitation = theirs.admin.post(INVITATIONS, &json!({"Email": format!("{}@x.example", unique("ida"))})).await;
    assert_eq!(invitation.status, 201, "{invitation:?}");
    let (before, before_ours) = (items(&theirs).await, items(&ours).await);
    assert!(before.len() >= 6, "{before:#?}");

    // Whatever a query says of another organization, the token decides. A body can't say anything of one.
    let with = |field: &str, value: &str| json!({field: value});
    let foreign = json!({
        "OrganizationId": theirs.id, "OrgCode": theirs.code, "Organization": {"OrganizationId": theirs.id},
        "pk": format!("ORG#{}", theirs.id), "Roles": ["admin"],
    });
    for (method, path) in [
        (Method::DELETE, ADMINS),
        (Method::DELETE, USERS),
        (Method::POST, TIERS),
        (Method::PUT, CUSTOMERS),
        (Method::POST, ASSOCIATE),
        (Method::POST, "/api/customers/import"),
        (Method::POST, "/api/organizations/users/associations/import"),
    ] {
        let refused = ours.admin.send(ours.admin.request(method, path).json(&foreign)).await;
        assert_eq!(refused.status, 400, "{path}");
        for field in foreign.as_object().unwrap().keys() {
            let faults = refused.json()["errors"][field][0].as_str().unwrap().to_owned();
            assert!(faults.starts_with("is no field of this request"), "{path} {field}: {faults}");
        }
    }
    let query = format!("?OrganizationId={0}&OrgCode={1}&organizationId={0}", theirs.id, theirs.code);

    let view = ours.admin.get(&format!("/api/organization{query}")).await.ok();
    assert_eq!(view["Organization"]["OrganizationId"], ours.id);
    assert!(!view.to_string().contains(&theirs.id) && !view.to_string().contains(&theirs.name));

    let listed = ours.admin.get(&format!("{ADMINS}{query}")).await.ok();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(listed[0]["Id"], ours.admin_id);

    let not_here = json!({"UserId": ["is not an admin of this organization"]});
    for user in [&theirs.admin_id, &colleague.id] {
        ours.admin.delete(&format!("{ADMINS}{query}"), &with("UserId", user)).await.fields(&not_here);
        let by_query = ours.admin.request(Method::DELETE, &format!("{ADMINS}?UserId={user}"));
        ours.admin.send(by_query).await.fields(&not_here);
    }

    let users = ours.admin.get(&format!("{USERS}{query}")).await.ok();
    assert_eq!((&users["TotalCount"], &users["Data"][0]["UserId"]), (&json!(1), &json!(ours.admin_id)));
    let no_user = json!({"UserId": ["is no user of this organization"]});
    for user in [&theirs.admin_id, &colleague.id, &buyer.id] {
        ours.admin.delete(&format!("{USERS}{query}"), &with("UserId", user)).await.fields(&no_user);
    }

    assert_eq!(ours.admin.get(&format!("{TIERS}{query}")).await.ok(), json!([]));
    let empty = json!({"Data": [], "TotalCount": 0, "PageNumber": 1, "PageSize": 25});
    assert_eq!(ours.admin.get(&format!("{ASSOCIATIONS}{query}")).await.ok(), empty);
    let no_customer = "This organization has no such customer.";
    ours.admin.get(&format!("{CUSTOMERS}/C-1{query}")).await.problem(404, no_customer);
    ours.admin.get(&format!("{CUSTOMERS}{query}&CustomerNumber=C-1")).await.problem(404, no_customer);
    ours.admin.delete(&format!("{CUSTOMERS}/C-1{query}"), &json!({})).await.problem(404, no_customer);
    for path in [format!("{CUSTOMERS}/C-1{query}"), format!("{CUSTOMERS}{query}&CustomerNumber=C-1")] {
        ours.admin.patch(&path, &json!({"CompanyName": "Mine"})).await.problem(404, no_customer);
    }
    assert_eq!(ours.admin.get(&format!("{INVITATIONS}{query}")).await.ok(), json!([]));
    let invitation = format!("{INVITATIONS}/{}", invitation.json()["InvitationId"].as_str().unwrap());
    let no_invitation = "This organization has no such invitation.";
    ours.admin.delete(&format!("{invitation}{query}"), &json!({})).await.problem(404, no_invitation);
    ours.admin.post(&format!("{invitation}/resend{query}"), &json!({})).await.problem(404, no_invitation);
    let no_tier = |field: &str| json!({field: ["is no price tier of this organization"]});
    ours.admin.delete(&format!("{TIERS}{query}"), &with("Name", "Gold")).await.fields(&no_tier("Name"));
    let put = async |path: &str, body: Value| {
        ours.admin.send(ours.admin.request(Method::PUT, &format!("{path}{query}")).json(&body)).await
    };
    let mut change = with("OldName", "Gold");
    change["NewName"] = json!("Mine");
    put(TIERS, change).await.fields(&no_tier("OldName"));
    let patch = json!({"Name": "Gold", "NewName": "Mine", "CurrencyCode": "USD"});
    ours.admin.patch(&format!("{TIERS}{query}"), &patch).await.fields(&no_tier("Name"));
    let mut customer = with("CustomerNumber", "C-1");
    customer["CompanyName"] = json!("Mine");
    customer["Pricing"] = json!("Gold");
    put(CUSTOMERS, customer).await.fields(&no_tier("Pricing"));
    let not_linked = json!({"UserId": ["has no customer in this organization"]});
    ours.admin.delete(&format!("{ASSOCIATIONS}{query}"), &with("UserId", &buyer.id)).await.fields(&not_linked);
    let organization = format!("/api/organization{query}");
    ours.admin.patch(&organization, &json!({"Name": theirs.name})).await.fields(&json!({"Name": ["is taken"]}));
    let read_only = json!({"OrganizationId": ["is read-only"]});
    ours.admin.patch(&organization, &with("OrganizationId", &theirs.id)).await.fields(&read_only);
    assert_eq!(items(&theirs).await, before);

    let headers = ours.admin.request(Method::GET, ADMINS).header("x-organization-id", &theirs.id);
    assert_eq!(ours.admin.send(headers).await.ok(), listed);

    let user = person().await.signed_in().await;
    let access = user.post(&format!("/api/auth/access{query}"), &with("OrgCode", &theirs.code)).await;
    access.problem(403, "You have no role in this organization.");
    let of_admin = json!({"OrgCode": theirs.code, "UserId": theirs.admin_id});
    let access = user.post(&format!("/api/auth/access{query}"), &of_admin).await;
    access.problem(403, "Only a machine may enrich a token for another user.");
    assert_eq!(items(&theirs).await, before);
    assert_eq!(items(&ours).await, before_ours);

    // A promotion that names the other organization happens in the caller's own.
    let grace = person().await;
    ours.admin.post(&format!("{ADMINS}{query}"), &with("Email", &grace.email)).await.ok();
    assert_eq!(ours.admin_ids().await.len(), 2);
    assert_eq!(items(&theirs).await, before);
    let taken = with("Email", "x");
    assert_eq!(Anonymous.post("/api/organizations", &taken).await.status, 400);
    // So does a link of the other organization's user: it is ours alone, and theirs stays.
    let mut link = with("UserId", &buyer.id);
    link["CustomerNumber"] = json!("C-9");
    ours.admin.post(&format!("{ASSOCIATE}{query}"), &link).await.ok();
    ours.admin.delete(ASSOCIATIONS, &json!({"UserId": buyer.id})).await.ok();
    assert_eq!(items(&theirs).await, before);
}
