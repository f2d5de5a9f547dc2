//! The organizations that a user belongs to, as the user sees and leaves them.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use shared::ids::{OrganizationCode, OrganizationId};

use crate::support::{Anonymous, Caller, Gated, Member, PASSWORD, Person, Tenant, person, put_item, tenant};

const MINE: &str = "/api/users/me/organizations";
const NO_ROLE: &str = "You have no role in this organization.";

/// Makes the person an admin of so many organizations, as strangers would who promote anybody.
async fn promoted_by_strangers(person: &Person, organizations: usize) -> Vec<(String, String)> {
    let made = (0..organizations).map(async |number| {
        let (id, code) = (OrganizationId::random().to_string(), OrganizationCode::random("Org").to_string());
        let name = format!("Stranger {number}");
        let (organization, member) = (format!("ORG#{id}"), format!("MEMBER#{}", person.id));
        put_item(json!({
            "pk": organization, "sk": "#ORG", "entity": "organization", "id": id, "code": code, "Name": name,
            "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z", "version": 1, "admin_count": 2,
        }))
        .await;
        put_item(json!({"pk": format!("ORGCODE#{code}"), "sk": "ORGCODE", "entity": "code", "organization_id": id}))
            .await;
        put_item(json!({
            "pk": member, "sk": format!("ORG#{id}#admin"), "entity": "membership", "organization_id": id,
            "organization_code": code, "role": "admin",
        }))
        .await;
        (id, code)
    });
    let mut organizations = join_all(made).await;
    organizations.sort_unstable();
    organizations
}

fn units(server_timing: &str) -> u32 {
    let (_, rest) = server_timing.split_once(" units=").unwrap();
    rest.split_once(' ').unwrap().0.parse().unwrap()
}

#[tokio::test]
async fn a_sign_in_lists_a_hundred_organizations_and_the_pages_list_them_all() {
    let grace = person().await;
    let organizations = promoted_by_strangers(&grace, 130).await;
    let login = json!({"Email": grace.email, "Password": PASSWORD});
    let answer = Anonymous.post("/api/auth/login", &login).await;
    assert!(units(answer.header("server-timing")) < 150, "{:?}", answer.headers);
    let answer = answer.ok();
    assert_eq!((answer["Organizations"].as_array().unwrap().len(), &answer["MoreOrganizations"]), (100, &json!(true)));
    let user = Member { token: answer["AccessToken"].as_str().unwrap().to_owned() };

    let codes: BTreeSet<_> = organizations.iter().map(|(_, code)| code.clone()).collect();
    for size in [25, 7, 65, 100] {
        let (mut seen, mut query) = (Vec::new(), format!("PageSize={size}"));
        loop {
            let page = user.get(&format!("{MINE}?{query}")).await.ok();
            assert_eq!(page["PageSize"], size);
            let rows = page["Data"].as_array().unwrap();
            seen.extend(rows.iter().map(|row| row["IdentityOrganizationId"].as_str().unwrap().to_owned()));
            let Some(next) = page["NextPageToken"].as_str() else { break };
            assert_eq!(rows.len(), size, "a page that isn't the last is full");
            query = format!("PageSize={size}&PageToken={next}");
        }
        assert_eq!(seen.len(), codes.len(), "each once, in pages of {size}");
        assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), codes);
    }

    // The last one is beyond what the sign-in lists, and is enriched for as any other.
    for (_, code) in [&organizations[0], &organizations[99], &organizations[100], &organizations[129]] {
        assert_eq!(user.post("/api/auth/access", &json!({"OrgCode": code})).await.ok()["Roles"], json!(["admin"]));
        let login = json!({"Email": grace.email, "Password": PASSWORD, "OrgCode": code});
        assert_eq!(Anonymous.post("/api/auth/login", &login).await.ok()["TokenUse"], "organization");
    }
}

#[tokio::test]
async fn whoever_belongs_to_few_organizations_is_told_of_no_more() {
    let ada = tenant().await;
    let page = ada.admin.get(MINE).await.ok();
    let mine = json!({"IdentityOrganizationId": ada.code, "Name": ada.name, "Roles": ["admin"]});
    assert_eq!(page, json!({"Data": [mine], "PageSize": 25}));
    let answer = Anonymous.post("/api/auth/login", &json!({"Email": ada.email, "Password": PASSWORD})).await.ok();
    assert_eq!(answer.get("MoreOrganizations"), None);
}

#[tokio::test]
async fn each_bad_parameter_of_the_list_is_named_and_an_ended_sign_in_wins() {
    let ada = tenant().await;
    let bad = json!({
        "PageSize": ["must be a whole number from 1 to 100"], "PageToken": ["is no page token of this list"],
    });
    for size in ["0", "101", "-1", "1.5", "99999999999999999999", "x"] {
        ada.admin.get(&format!("{MINE}?PageSize={size}&PageToken=x")).await.fields(&bad);
    }
    ada.admin.post("/api/auth/logout", &Value::Null).await.ok();
    assert_eq!(ada.admin.get(&format!("{MINE}?PageSize=0")).await.status, 401);
}

async fn leave(member: &Member, code: &str) -> crate::support::Answer {
    member.send(member.request(Method::DELETE, &format!("{MINE}/{code}"))).await
}

async fn associate(tenant: &Tenant, person: &Person) {
    let link = json!({"UserId": person.id, "CustomerNumber": "C-1"});
    tenant.admin.post("/api/organizations/users/associate-customer", &link).await.ok();
}

#[tokio::test]
async fn a_user_leaves_an_organization_with_every_role_at_once() {
    let (ada, other) = (tenant().await, tenant().await);
    let (grace, grace_is) = ada.second_admin().await;
    other.promote(&grace_is.email).await;
    associate(&ada, &grace_is).await;
    let user = grace_is.signed_in().await;

    assert_eq!(leave(&user, &ada.code).await.ok(), json!({"Success": true}));
    assert_eq!(ada.admin_ids().await, [ada.admin_id.as_str()]);
    let associations = ada.admin.get("/api/organizations/users/associations").await.ok();
    assert_eq!((&associations["Data"], &associations["TotalCount"]), (&json!([]), &json!(0)));
    grace.get("/api/organization").await.problem(403, "You are not an admin of this organization.");
    user.post("/api/auth/access", &json!({"OrgCode": ada.code})).await.problem(403, NO_ROLE);
    let rows = user.get(MINE).await.ok()["Data"].clone();
    assert_eq!(rows, json!([{"IdentityOrganizationId": other.code, "Name": other.name, "Roles": ["admin"]}]));
    leave(&user, &ada.code).await.problem(404, NO_ROLE);

    // Both roles can be given again.
    ada.promote(&grace_is.email).await;
    associate(&ada, &grace_is).await;
    let access = user.post("/api/auth/access", &json!({"OrgCode": ada.code})).await.ok();
    assert_eq!(access["Roles"], json!(["admin", "customer"]));
}

#[tokio::test]
async fn a_customers_user_leaves_and_nobody_leaves_where_he_isnt() {
    let ada = tenant().await;
    let grace = person().await;
    associate(&ada, &grace).await;
    let user = grace.signed_in().await;
    for code in [tenant().await.code.as_str(), "org_unknown99", "%FF", "x"] {
        leave(&user, code).await.problem(404, NO_ROLE);
    }
    assert_eq!(leave(&user, &ada.code).await.ok(), json!({"Success": true}));
    let associations = ada.admin.get("/api/organizations/users/associations").await.ok();
    assert_eq!(associations["TotalCount"], 0);
}

#[tokio::test]
async fn the_last_admin_stays_and_of_two_who_leave_at_once_one_does() {
    let ada = tenant().await;
    let last = json!({"IdentityOrganizationId": ["is of an organization whose last admin you are"]});
    leave(&ada.admin, &ada.code).await.fields(&last);
    for _ in 0..4 {
        let (grace, grace_is) = ada.second_admin().await;
        let (one, other) = tokio::join!(leave(&ada.admin, &ada.code), leave(&grace, &ada.code));
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 400], "{one:?} {other:?}");
        // The one who left is brought back, for the next round.
        let (stays, gone) = if one.status == 400 { (&ada.admin, &grace_is.email) } else { (&grace, &ada.email) };
        let admins = stays.get("/api/organizations/users/admins").await.ok();
        assert_eq!(admins.as_array().unwrap().len(), 1);
        if one.status == 200 {
            stays.post("/api/organizations/users/admins", &json!({"Email": gone})).await.ok();
            ada.admin.delete("/api/organizations/users/admins", &json!({"UserId": grace_is.id})).await.ok();
        }
    }
}

#[tokio::test]
async fn an_admin_who_is_demoted_while_leaving_is_never_told_to_be_the_last_one() {
    let gated = Gated::start().await;
    let (tenant, email) = (gated.tenant().await, gated.person().await);
    tenant.admin.post("/api/organizations/users/admins", &json!({"Email": email})).await.ok();
    let (leaving, id) = gated.sign_in(&email, Some(&tenant.code)).await;
    // The membership is read, and the count of the admins is yet to be.
    let mut membership = gated.gate.hold_answer(|call| call.is("BatchGetItem", "MEMBER#"));
    let mut count = gated.gate.hold(|call| call.is("GetItem", "#ORG"));
    let address = format!("{MINE}/{}", tenant.code);
    let leave = async { leaving.send(leaving.request(Method::DELETE, &address)).await };
    let demote = async {
        tokio::join!(membership.arrived(), count.arrived());
        let demoted = tenant.admin.delete("/api/organizations/users/admins", &json!({"UserId": id})).await.ok();
        assert_eq!(demoted, json!({"Success": true}));
        membership.release();
        count.release();
    };
    let (left, ()) = tokio::join!(leave, demote);
    left.problem(404, NO_ROLE);
    gated.bundle.stop().await;
}
