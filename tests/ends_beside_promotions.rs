//! A user's roles end while another role is given: either the new role ends too, or it stays with its row in the list.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Caller, Elsewhere, Gated, GatedTenant};

const USERS: &str = "/api/organizations/users";
const ADMINS: &str = "/api/organizations/users/admins";
const ASSOCIATE: &str = "/api/organizations/users/associate-customer";

/// A person with a customer, who becomes an admin between the reads of the roles and of the row that `end` makes.
async fn promoted_between_the_reads_of(end: impl AsyncFnOnce(&GatedTenant, &Elsewhere, &str) -> Answer) {
    let gated = Gated::start().await;
    let (tenant, person) = (gated.tenant().await, gated.person().await);
    let (grace, id) = gated.sign_in(&person, None).await;
    tenant.admin.post(ASSOCIATE, &json!({"UserId": id, "CustomerNumber": "C-1"})).await.ok();

    let user = id.clone();
    let mut row = gated.gate.hold(move |call| call.is("GetItem", "#USERS#U") && call.is("GetItem", &user));
    let mut ended = std::pin::pin!(end(&tenant, &grace, &id));
    tokio::select! {
        () = row.arrived() => {}
        answer = &mut ended => panic!("{answer:?}"),
    }
    tenant.admin.post(ADMINS, &json!({"Email": person})).await.ok();
    row.release();
    let ended = ended.await;
    assert_eq!(ended.status, 200, "{ended:?}");

    let admins = tenant.admin.get(ADMINS).await.ok();
    let admins: Vec<&Value> = admins.as_array().unwrap().iter().map(|admin| &admin["Id"]).collect();
    assert_eq!(admins, [&tenant.admin_id]);
    let users = tenant.admin.get(USERS).await.ok();
    let users: Vec<&Value> = users["Data"].as_array().unwrap().iter().map(|row| &row["UserId"]).collect();
    assert_eq!(users, [&tenant.admin_id]);
    assert_eq!(grace.get("/api/users/me/organizations").await.ok()["Data"], json!([]));
}

#[tokio::test]
async fn a_user_who_is_promoted_while_being_removed_is_removed_with_both_roles() {
    promoted_between_the_reads_of(async |tenant, _, id| tenant.admin.delete(USERS, &json!({"UserId": id})).await).await;
}

#[tokio::test]
async fn a_user_who_is_promoted_while_leaving_leaves_with_both_roles() {
    promoted_between_the_reads_of(async |tenant, grace, _| {
        let path = format!("/api/users/me/organizations/{}", tenant.code);
        grace.send(grace.request(Method::DELETE, &path)).await
    })
    .await;
}
