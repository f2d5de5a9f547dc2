//! `/api/organizations/users/admins`.

use futures_util::future::{join, join_all};
use reqwest::Method;
use serde_json::json;

use crate::support::{Anonymous, Caller, mails_to, person, tenant};

const PATH: &str = "/api/organizations/users/admins";
const NOT_ADMIN: &str = "You are not an admin of this organization.";

#[tokio::test]
async fn the_founder_is_the_first_admin() {
    let tenant = tenant().await;
    let expected = json!([{
        "Id": tenant.admin_id, "Email": tenant.email, "FirstName": "Ada", "LastName": "Lovelace", "Roles": ["admin"],
    }]);
    assert_eq!(tenant.admin.get(PATH).await.ok(), expected);
}

#[tokio::test]
async fn a_promoted_user_is_an_admin_at_once_and_is_welcomed() {
    let (tenant, grace) = (tenant().await, person().await);
    let promoted = tenant.admin.post(PATH, &json!({"Email": format!(" {} ", grace.email.to_uppercase())})).await;
    assert_eq!(promoted.ok(), json!({"Success": true}));
    let entry = json!({
        "Id": grace.id, "Email": grace.email, "FirstName": "Grace", "LastName": "Hopper", "Roles": ["admin"],
    });
    let admins = tenant.admin.get(PATH).await.ok();
    assert!(admins.as_array().unwrap().contains(&entry), "{admins}");
    assert_eq!(admins.as_array().unwrap().len(), 2);

    let mails = mails_to(&grace.email, 1).await;
    assert_eq!(mails[0]["Subject"], format!("You are now an admin of {}", tenant.name));
    assert!(mails[0]["Text"].as_str().unwrap().starts_with("Hello Grace,\n\nAda Lovelace made you an admin of"));
}

#[tokio::test]
async fn promoting_an_admin_again_changes_nothing_and_sends_no_second_mail() {
    let (tenant, grace, marker) = (tenant().await, person().await, person().await);
    for email in [&grace.email, &grace.email, &tenant.email, &marker.email] {
        tenant.promote(email).await;
    }
    // Mails are sent in order: once the last one is there, an earlier one would be too.
    mails_to(&marker.email, 1).await;
    assert_eq!(mails_to(&grace.email, 1).await.len(), 1);
    assert_eq!(mails_to(&tenant.email, 1).await.len(), 1, "the founder's own welcome alone");
    assert_eq!(tenant.admin_ids().await.len(), 3);
    // The count of admins is right: all but one can be removed.
    let (grace, marker) = (json!({"UserId": grace.id}), json!({"UserId": marker.id}));
    tenant.admin.delete(PATH, &grace).await.ok();
    tenant.admin.delete(PATH, &marker).await.ok();
    let last = tenant.admin.delete(PATH, &json!({"UserId": tenant.admin_id})).await;
    last.fields(&json!({"UserId": ["is the last admin of this organization"]}));
}

#[tokio::test]
async fn only_the_address_of_an_account_can_be_promoted() {
    let tenant = tenant().await;
    let cases = [
        (json!({"Email": "nobody@nowhere.example"}), "has no account"),
        (json!({"Email": "nobody"}), "must be an e-mail address"),
        (json!({"Email": ""}), "must be an e-mail address"),
        (json!({"Email": 7}), "must be a string"),
        (json!({"Email": null}), "is required"),
        (json!({}), "is required"),
    ];
    for (body, fault) in cases {
        tenant.admin.post(PATH, &body).await.fields(&json!({"Email": [fault]}));
    }
    assert_eq!(tenant.admin_ids().await, [tenant.admin_id.as_str()]);
}

#[tokio::test]
async fn an_admin_is_demoted_by_the_body_or_by_the_query() {
    let tenant = tenant().await;
    for in_query in [false, true] {
        let (_, grace) = tenant.second_admin().await;
        let demoted = if in_query {
            tenant.admin.send(tenant.admin.request(Method::DELETE, &format!("{PATH}?UserId={}", grace.id))).await
        } else {
            tenant.admin.delete(PATH, &json!({"UserId": grace.id})).await
        };
        assert_eq!(demoted.ok(), json!({"Success": true}));
        assert_eq!(tenant.admin_ids().await, [tenant.admin_id.as_str()]);
    }
}

#[tokio::test]
async fn only_an_admin_of_this_organization_can_be_demoted() {
    let (tenant, other, grace) = (tenant().await, tenant().await, person().await);
    let not_here = "is not an admin of this organization";
    let cases = [
        (json!({"UserId": grace.id}), not_here),
        (json!({"UserId": other.admin_id}), not_here),
        (json!({"UserId": "kp_000000000000000000000000"}), not_here),
        (json!({"UserId": "#ORG"}), not_here),
        (json!({"UserId": ""}), not_here),
        (json!({"UserId": {}}), "must be a string"),
        (json!({}), "is required"),
    ];
    for (body, fault) in cases {
        tenant.admin.delete(PATH, &body).await.fields(&json!({"UserId": [fault]}));
    }
    let twice = format!("{PATH}?UserId={0}&UserId={0}", tenant.admin_id);
    let twice = tenant.admin.send(tenant.admin.request(Method::DELETE, &twice)).await;
    twice.fields(&json!({"UserId": ["must be given once"]}));
    let bare = tenant.admin.send(tenant.admin.request(Method::DELETE, PATH)).await;
    bare.fields(&json!({"UserId": ["is required"]}));
    assert_eq!(tenant.admin_ids().await, [tenant.admin_id.as_str()]);
    assert_eq!(other.admin_ids().await, [other.admin_id.as_str()]);
}

#[tokio::test]
async fn the_last_admin_can_not_be_removed_not_even_by_himself() {
    let tenant = tenant().await;
    let myself = json!({"UserId": tenant.admin_id});
    let last = tenant.admin.delete(PATH, &myself).await;
    last.fields(&json!({"UserId": ["is the last admin of this organization"]}));
    assert_eq!(tenant.admin_ids().await, [tenant.admin_id.as_str()]);
}

#[tokio::test]
async fn an_admin_can_step_down_where_another_remains() {
    let tenant = tenant().await;
    let (second, grace) = tenant.second_admin().await;
    assert_eq!(second.delete(PATH, &json!({"UserId": grace.id})).await.ok(), json!({"Success": true}));
    second.get(PATH).await.problem(403, NOT_ADMIN);
    assert_eq!(tenant.admin_ids().await, [tenant.admin_id.as_str()]);
}

#[tokio::test]
async fn a_demoted_admin_is_refused_on_the_next_call_and_can_not_promote_himself_back() {
    let tenant = tenant().await;
    let (second, grace) = tenant.second_admin().await;
    second.get(PATH).await.ok();
    tenant.admin.delete(PATH, &json!({"UserId": grace.id})).await.ok();

    let other = person().await;
    second.get("/api/organization").await.problem(403, NOT_ADMIN);
    second.get(PATH).await.problem(403, NOT_ADMIN);
    second.post(PATH, &json!({"Email": grace.email})).await.problem(403, NOT_ADMIN);
    second.post(PATH, &json!({"Email": other.email})).await.problem(403, NOT_ADMIN);
    second.delete(PATH, &json!({"UserId": tenant.admin_id})).await.problem(403, NOT_ADMIN);
    second.delete(PATH, &json!({"UserId": grace.id})).await.problem(403, NOT_ADMIN);

    let customer = json!({"CustomerNumber": "C-1", "CompanyName": "A", "Pricing": "Gold"});
    for (method, path, body) in [
        (Method::PATCH, "/api/organization", json!({"Name": "Mine"})),
        (
            Method::POST,
            "/api/organizations/users/associate-customer",
            json!({"UserId": other.id, "CustomerNumber": "C-1"}),
        ),
        (
            Method::POST,
            "/api/organizations/users/associate-customer",
            json!({"UserId": "none", "CustomerNumber": "C-1"}),
        ),
        (Method::GET, "/api/organizations/users", json!({})),
        (Method::DELETE, "/api/organizations/users", json!({"UserId": tenant.admin_id})),
        (Method::DELETE, "/api/organizations/users/associations", json!({"UserId": other.id})),
        (Method::GET, "/api/organizations/users/associations", json!({})),
        (Method::GET, "/api/organizations/users/associations?PageNumber=0", json!({})),
        (Method::GET, "/api/organizations/price-tiers", json!({})),
        (Method::POST, "/api/organizations/price-tiers", json!({"Name": "Gold", "CurrencyCode": "EUR"})),
        (Method::PUT, "/api/organizations/price-tiers", json!({"OldName": "a", "NewName": "A"})),
        (Method::PUT, "/api/organizations/price-tiers", json!({"OldName": "a", "NewName": "b"})),
        (Method::DELETE, "/api/organizations/price-tiers", json!({"Name": "a"})),
        (Method::PUT, "/api/customers", customer),
        (Method::GET, "/api/customers/C-1", json!({})),
        (Method::GET, "/api/customers", json!({})),
        (Method::DELETE, "/api/customers/C-1", json!({})),
    ] {
        second.send(second.request(method, path).json(&body)).await.problem(403, NOT_ADMIN);
    }

    // The lost role wins over whatever else is wrong with the call.
    second.post(PATH, &json!({"Email": "nobody@nowhere.example"})).await.problem(403, NOT_ADMIN);
    second.post(PATH, &json!({})).await.problem(403, NOT_ADMIN);
    second.delete(PATH, &json!({"UserId": other.id})).await.problem(403, NOT_ADMIN);
    second.delete(PATH, &json!({})).await.problem(403, NOT_ADMIN);
    second.raw(Method::POST, PATH, Some("text/plain"), "{}").await.problem(403, NOT_ADMIN);
    second.raw(Method::POST, PATH, Some("application/json"), "x".repeat(70_000)).await.problem(403, NOT_ADMIN);
    assert_eq!(tenant.admin_ids().await, [tenant.admin_id.as_str()]);
}

#[tokio::test]
async fn a_demoted_admin_gets_no_new_token_and_is_welcomed_again_when_promoted_again() {
    let tenant = tenant().await;
    let (_, grace) = tenant.second_admin().await;
    let user = grace.signed_in().await;
    // A welcome that hasn't come by the demotion never does.
    mails_to(&grace.email, 1).await;
    tenant.admin.delete(PATH, &json!({"UserId": grace.id})).await.ok();
    let access = user.post("/api/auth/access", &json!({"OrgCode": tenant.code})).await;
    access.problem(403, "You have no role in this organization.");
    let login = json!({"Email": grace.email, "Password": crate::support::PASSWORD});
    assert_eq!(Anonymous.post("/api/auth/login", &login).await.ok()["Organizations"], json!([]));

    tenant.promote(&grace.email).await;
    user.post("/api/auth/access", &json!({"OrgCode": tenant.code})).await.ok();
    assert_eq!(mails_to(&grace.email, 2).await.len(), 2);
}

#[tokio::test]
async fn two_admins_who_remove_each_other_at_once_always_leave_one() {
    let tenant = tenant().await;
    let (second, grace) = tenant.second_admin().await;
    let mut here = (tenant.admin.clone(), tenant.admin_id.clone(), tenant.email.clone());
    let mut there = (second, grace.id, grace.email);
    for round in 0..50 {
        let (mine, yours) = (json!({"UserId": here.1}), json!({"UserId": there.1}));
        let (one, other) = join(here.0.delete(PATH, &yours), there.0.delete(PATH, &mine)).await;
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 403], "round {round}");
        if one.status != 200 {
            std::mem::swap(&mut here, &mut there);
        }
        let left = here.0.get(PATH).await.ok();
        assert_eq!((left.as_array().unwrap().len(), &left[0]["Id"]), (1, &json!(here.1)), "round {round}");
        assert_eq!(here.0.post(PATH, &json!({"Email": there.2})).await.ok(), json!({"Success": true}));
    }
}

#[tokio::test]
async fn eight_promotions_of_one_user_at_once_make_one_admin_and_one_mail() {
    let (tenant, grace, marker) = (tenant().await, person().await, person().await);
    let body = json!({"Email": grace.email});
    for answer in join_all((0..8).map(|_| tenant.admin.post(PATH, &body))).await {
        assert_eq!(answer.ok(), json!({"Success": true}));
    }
    tenant.promote(&marker.email).await;
    mails_to(&marker.email, 1).await;
    assert_eq!(mails_to(&grace.email, 1).await.len(), 1);
    assert_eq!(tenant.admin_ids().await.len(), 3);
}
