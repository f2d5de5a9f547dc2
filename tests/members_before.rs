//! Calls of an organization whose users aren't all in their index yet, over whatever serves the suite: by the function
//! binaries they also tell what they need of the table.

use aws_sdk_dynamodb::types::AttributeValue;
use reqwest::Method;
use serde_json::json;

use crate::support::{
    Anonymous, Caller, Person, Tenant, delete_item, dynamodb, link_token, mail_with_link, person, server, tenant,
};

const ADMINS: &str = "/api/organizations/users/admins";
const ASSOCIATE: &str = "/api/organizations/users/associate-customer";
const ASSOCIATIONS: &str = "/api/organizations/users/associations";

/// Lets the organization be one whose index is being built.
async fn begin_anew(tenant: &Tenant) {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let call = dynamodb().update_item().table_name(&server().table);
    let call = call.key("pk", text(&format!("ORG#{}", tenant.id))).key("sk", text("#ORG"));
    call.update_expression("REMOVE members_indexed").send().await.unwrap();
}

/// Takes a user's row out of the index, as if the migration had not come to it.
async fn forget(tenant: &Tenant, user: &Person) {
    delete_item(format!("ORG#{}#USERS#E", tenant.id), &format!("E#{}", user.email)).await;
    delete_item(format!("ORG#{}#USERS#U", tenant.id), &format!("E#{}", user.id)).await;
}

#[tokio::test]
async fn roles_are_given_and_taken_while_the_index_of_users_is_being_built() {
    let (tenant, grace) = (tenant().await, person().await);
    let admin = &tenant.admin;
    let (user, email) = (json!({"UserId": grace.id}), json!({"Email": grace.email}));
    let customer = json!({"UserId": grace.id, "CustomerNumber": "C-1"});
    begin_anew(&tenant).await;
    admin.post(ADMINS, &email).await.ok();
    forget(&tenant, &grace).await;
    admin.post(ASSOCIATE, &customer).await.ok();
    forget(&tenant, &grace).await;
    admin.delete(ASSOCIATIONS, &user).await.ok();
    forget(&tenant, &grace).await;
    let rows = json!({"Rows": [customer]});
    admin.post(&format!("{ASSOCIATIONS}/import"), &rows).await.ok();
    forget(&tenant, &grace).await;
    admin.delete(ADMINS, &user).await.ok();
    forget(&tenant, &grace).await;
    admin.post(ADMINS, &email).await.ok();

    forget(&tenant, &grace).await;
    let me = grace.signed_in().await;
    me.send(me.request(Method::DELETE, &format!("/api/users/me/organizations/{}", tenant.code))).await.ok();
    let invitation = json!({"Email": grace.email, "CustomerNumber": "C-2"});
    assert_eq!(admin.post("/api/organizations/invitations", &invitation).await.status, 201);
    let invitation = mail_with_link(&grace.email).await;
    Anonymous.post("/api/invitations/accept", &json!({"Token": link_token(&invitation)})).await.ok();
    forget(&tenant, &grace).await;
    admin.delete("/api/organizations/users", &user).await.ok();
    assert_eq!(admin.get(ADMINS).await.ok().as_array().unwrap().len(), 1, "the founder alone");
}
