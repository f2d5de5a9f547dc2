//! `operate rebuild-index`: what was lost in an index, and what `verify-index` says of it before and after.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

use crate::support::{Caller, Tenant, account_items, dynamodb, operate, person, server, tenant};

const USERS: &str = "/api/organizations/users";
const INVITATIONS: &str = "/api/organizations/invitations";

/// What `verify-index` says of an organization with [`three_associations`] and its founder.
pub(crate) const THREE_ARE_RIGHT: &str = "associations by user: 3 entries in 1 buckets, 0 faults\n\
    associations by customer: 3 entries in 1 buckets, 0 faults\n\
    customers by number: 0 entries in 1 buckets, 0 faults\n\
    customers by company: 0 entries in 1 buckets, 0 faults\n\
    users by address: 4 entries in 1 buckets, 0 faults\n\
    users by id: 4 entries in 1 buckets, 0 faults\n";

/// Associates three users with `C-0`, `C-1` and `C-2`.
pub(crate) async fn three_associations(tenant: &Tenant) -> Vec<String> {
    let users = account_items(3).await;
    for (place, user) in users.iter().enumerate() {
        let link = json!({"UserId": user, "CustomerNumber": format!("C-{place}")});
        tenant.admin.post("/api/organizations/users/associate-customer", &link).await.ok();
    }
    users
}

fn command(name: &str, tenant: &Tenant) -> (Option<i32>, String, String) {
    operate(&[name, &tenant.id, "--table", &server().table], Some(&server().dynamodb_url))
}

/// What the command says of a collection's rows.
fn said_of(collection: &str, stdout: &str) -> Vec<String> {
    stdout.lines().filter(|line| line.starts_with(&format!("{collection}: "))).map(str::to_owned).collect()
}

/// The key of an entry: of which order of the organization, and at which place.
fn entry(tenant: &Tenant, order: &str, key: &str) -> [(String, AttributeValue); 2] {
    let text = |text: String| AttributeValue::S(text);
    [("pk".to_owned(), text(format!("ORG#{}#{order}", tenant.id))), ("sk".to_owned(), text(format!("E#{key}")))]
}

async fn lose(tenant: &Tenant, order: &str, key: &str) {
    let call = dynamodb().delete_item().table_name(&server().table).condition_expression("attribute_exists(pk)");
    call.set_key(Some(entry(tenant, order, key).into())).send().await.unwrap();
}

#[tokio::test]
async fn rebuild_index_mends_counts_and_associations_that_are_in_one_order_alone() {
    let tenant = tenant().await;
    let users = three_associations(&tenant).await;
    let text = |text: String| AttributeValue::S(text);
    let by_user = text(format!("ORG#{}#ASSOC#U", tenant.id));
    let by_customer = text(format!("ORG#{}#ASSOC#C", tenant.id));
    // The first user is left in the order by customer, the second one in the order by user, and a count is wrong.
    let gone = dynamodb().delete_item().table_name(&server().table).key("pk", by_user.clone());
    gone.key("sk", text(format!("E#{}", users[0]))).send().await.unwrap();
    let gone = dynamodb().delete_item().table_name(&server().table).key("pk", by_customer);
    gone.key("sk", text(format!("E#C-1\u{1f}{}", users[1]))).send().await.unwrap();
    let wrong =
        dynamodb().update_item().table_name(&server().table).key("pk", by_user).key("sk", text("B#".to_owned()));
    let wrong = wrong.update_expression("SET entries = :wrong");
    wrong.expression_attribute_values(":wrong", AttributeValue::N("7".to_owned())).send().await.unwrap();

    let command = |name: &str| operate(&[name, &tenant.id, "--table", &server().table], Some(&server().dynamodb_url));
    let (code, stdout, stderr) = command("rebuild-index");
    let mended = "associations by user: 1 buckets counted anew\nassociations by customer: 1 buckets counted anew\n\
                  customers by number: 0 buckets counted anew\ncustomers by company: 0 buckets counted anew\n\
                  users by address: 0 buckets counted anew\nusers by id: 0 buckets counted anew\n\
                  associations: 2 mended that were not the same in both orders, or not as the roles are\n\
                  customers: 0 mended that were not the same in both orders, or not as the roles are\n\
                  users: 0 mended that were not the same in both orders, or not as the roles are\n";
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (Some(0), mended, ""));
    assert_eq!(command("verify-index"), (Some(0), THREE_ARE_RIGHT.to_owned(), String::new()));
    for order in ["UserId", "CustomerNumber"] {
        let listed = tenant.admin.get(&format!("/api/organizations/users/associations?SortOn={order}")).await.ok();
        let rows = listed["Data"].as_array().unwrap();
        assert_eq!((&listed["TotalCount"], rows.len()), (&json!(3), 3));
        for (place, user) in users.iter().enumerate() {
            let row = rows.iter().find(|row| row["UserId"] == json!(user)).unwrap();
            assert_eq!(row["CustomerNumber"], json!(format!("C-{place}")));
        }
    }
}

#[tokio::test]
async fn rebuild_index_mends_customers_that_are_in_one_order_alone_or_otherwise_in_the_other() {
    let tenant = tenant().await;
    tenant.admin.post("/api/organizations/price-tiers", &json!({"Name": "Gold", "CurrencyCode": "EUR"})).await;
    let rows: Vec<_> = ["C-1", "C-2", "C-3"]
        .map(|number| json!({"CustomerNumber": number, "CompanyName": format!("Acme {number}"), "Pricing": "Gold"}))
        .into();
    tenant.admin.post("/api/customers/import", &json!({"Rows": rows})).await.ok();
    lose(&tenant, "CUSTOMERS#N", "C-1").await;
    lose(&tenant, "CUSTOMERS#C", "acme c-2\u{1f}C-2").await;
    let other = dynamodb().update_item().table_name(&server().table);
    let other = other.set_key(Some(entry(&tenant, "CUSTOMERS#C", "acme c-3\u{1f}C-3").into()));
    let other = other.update_expression("SET active = :false");
    other.expression_attribute_values(":false", AttributeValue::Bool(false)).send().await.unwrap();

    let (code, stdout, _) = command("verify-index", &tenant);
    assert_eq!(code, Some(1));
    assert_eq!(said_of("customers", &stdout), ["customers: 3 not the same in both orders, or not as the roles are"]);
    let (code, stdout, stderr) = command("rebuild-index", &tenant);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert_eq!(
        said_of("customers", &stdout),
        ["customers: 3 mended that were not the same in both orders, or not as the roles are"]
    );
    assert_eq!(command("verify-index", &tenant).0, Some(0));
    for order in ["CustomerNumber", "CompanyName"] {
        let listed = tenant.admin.get(&format!("/api/customers?SortOn={order}")).await.ok();
        let numbers: Vec<_> = listed["Data"].as_array().unwrap().iter().map(|row| &row["CustomerNumber"]).collect();
        assert_eq!((json!(numbers), &listed["TotalCount"]), (json!(["C-1", "C-2", "C-3"]), &json!(3)));
        assert!(listed["Data"].as_array().unwrap().iter().all(|row| row["Active"] == true), "{listed}");
    }
}

/// The list of users, in both orders: who they are and what they may.
async fn users(tenant: &Tenant) -> Vec<Value> {
    let mut both = Vec::new();
    for order in ["Email", "UserId"] {
        let mut listed = tenant.admin.get(&format!("{USERS}?SortOn={order}")).await.ok();
        let mut rows = listed["Data"].as_array_mut().unwrap().clone();
        rows.sort_by_key(|row| row["UserId"].to_string());
        both.push(rows);
    }
    assert_eq!(both[0], both[1]);
    both.pop().unwrap()
}

#[tokio::test]
async fn rebuild_index_makes_each_users_row_what_the_roles_and_the_open_invitations_make_it() {
    let tenant = tenant().await;
    let [grace, alan, edsger] = [person().await, person().await, person().await];
    for person in [&grace, &alan] {
        let link = json!({"UserId": person.id, "CustomerNumber": "C-1"});
        tenant.admin.post("/api/organizations/users/associate-customer", &link).await.ok();
    }
    tenant.admin.post("/api/organizations/users/admins", &json!({"Email": edsger.email})).await.ok();
    let invited = format!("invited-{}", alan.email);
    let invitation = json!({"Email": invited, "CustomerNumber": "C-2"});
    assert_eq!(tenant.admin.post(INVITATIONS, &invitation).await.status, 201);
    let right = users(&tenant).await;
    assert_eq!(right.len(), 5);

    // Grace is in one order alone; Alan's row says nothing of his customer; Edsger has none; nor has the invitation.
    lose(&tenant, "USERS#E", &grace.email).await;
    for key in [("USERS#E", &alan.email), ("USERS#U", &alan.id)] {
        let wrong = dynamodb().update_item().table_name(&server().table);
        let wrong = wrong.set_key(Some(entry(&tenant, key.0, key.1).into()));
        let wrong = wrong.update_expression("SET #roles = :admin REMOVE customer_number");
        let wrong = wrong.expression_attribute_names("#roles", "roles");
        let admin = AttributeValue::L(vec![AttributeValue::S("admin".to_owned())]);
        wrong.expression_attribute_values(":admin", admin).send().await.unwrap();
    }
    let to_come = right.iter().find(|row| row["Status"] == "invited").unwrap()["UserId"].as_str().unwrap();
    for (order, key) in
        [("USERS#E", &edsger.email), ("USERS#U", &edsger.id), ("USERS#E", &invited), ("USERS#U", &to_come.to_owned())]
    {
        lose(&tenant, order, key).await;
    }

    let (code, stdout, _) = command("verify-index", &tenant);
    assert_eq!(code, Some(1));
    assert_eq!(said_of("users", &stdout), ["users: 4 not the same in both orders, or not as the roles are"]);
    let (code, stdout, stderr) = command("rebuild-index", &tenant);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert_eq!(
        said_of("users", &stdout),
        ["users: 4 mended that were not the same in both orders, or not as the roles are"]
    );
    assert_eq!(command("verify-index", &tenant).0, Some(0));
    let mut mended = users(&tenant).await;
    // Nobody knows any more when Edsger joined; not before his account was made.
    for (row, before) in mended.iter_mut().zip(&right) {
        if row["UserId"] == json!(edsger.id) {
            row["JoinedAt"] = before["JoinedAt"].clone();
        }
    }
    assert_eq!(mended, right);

    // Who has no role any more has no row either.
    let ended =
        dynamodb().delete_item().table_name(&server().table).key("pk", AttributeValue::S(format!("ORG#{}", tenant.id)));
    ended.key("sk", AttributeValue::S(format!("ADMIN#{}", edsger.id))).send().await.unwrap();
    let ended = dynamodb().delete_item().table_name(&server().table);
    let ended = ended.key("pk", AttributeValue::S(format!("MEMBER#{}", edsger.id)));
    ended.key("sk", AttributeValue::S(format!("ORG#{}#admin", tenant.id))).send().await.unwrap();
    command("rebuild-index", &tenant);
    let left: Vec<_> = right.into_iter().filter(|row| row["UserId"] != json!(edsger.id)).collect();
    assert_eq!(users(&tenant).await, left);
    assert_eq!(command("verify-index", &tenant).0, Some(0));
}
