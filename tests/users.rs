//! `/api/organizations/users`: who belongs to an organization.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Anonymous, Caller, Member, Person, Tenant, person, tenant};

const USERS: &str = "/api/organizations/users";
const ADMINS: &str = "/api/organizations/users/admins";
const ASSOCIATE: &str = "/api/organizations/users/associate-customer";
const ASSOCIATIONS: &str = "/api/organizations/users/associations";

async fn associate(tenant: &Tenant, person: &Person, number: &str) {
    tenant.admin.post(ASSOCIATE, &json!({"UserId": person.id, "CustomerNumber": number})).await.ok();
}

/// The rows of a list, without the times.
async fn rows(caller: &Member, query: &str) -> Vec<Value> {
    let mut page = caller.get(&format!("{USERS}{query}")).await.ok();
    let mut rows = page["Data"].as_array_mut().unwrap().clone();
    for row in &mut rows {
        let joined = row.as_object_mut().unwrap().remove("JoinedAt").unwrap();
        let joined = joined.as_str().unwrap();
        assert!(joined.starts_with("20") && joined.ends_with('Z'), "{joined}");
    }
    rows
}

/// A row of the founder.
fn founder(tenant: &Tenant) -> Value {
    json!({
        "UserId": tenant.admin_id, "Email": tenant.email, "FirstName": "Ada", "LastName": "Lovelace",
        "Roles": ["admin"], "Status": "active",
    })
}

/// A row of somebody with these roles.
fn row(person: &Person, roles: &[&str], customer: Option<&str>) -> Value {
    let mut row = json!({
        "UserId": person.id, "Email": person.email, "FirstName": "Grace", "LastName": "Hopper", "Roles": roles,
        "Status": "active",
    });
    if let Some(number) = customer {
        row["CustomerNumber"] = json!(number);
    }
    row
}

fn by_email(mut rows: Vec<Value>) -> Vec<Value> {
    rows.sort_by_key(|row| row["Email"].as_str().unwrap().to_lowercase());
    rows
}

#[tokio::test]
async fn each_role_that_is_given_and_taken_shows_at_once() {
    let (ada, grace) = (tenant().await, person().await);
    assert_eq!(rows(&ada.admin, "").await, [founder(&ada)]);
    let with = |other: Value| by_email(vec![founder(&ada), other]);

    associate(&ada, &grace, "C-1").await;
    assert_eq!(rows(&ada.admin, "").await, with(row(&grace, &["customer"], Some("C-1"))));
    ada.promote(&grace.email.to_uppercase()).await;
    assert_eq!(rows(&ada.admin, "").await, with(row(&grace, &["admin", "customer"], Some("C-1"))));
    let by_address = json!({"Email": grace.email, "CustomerNumber": "C-2"});
    ada.admin.post(ASSOCIATE, &by_address).await.ok();
    assert_eq!(rows(&ada.admin, "").await, with(row(&grace, &["admin", "customer"], Some("C-2"))));
    ada.admin.delete(ASSOCIATIONS, &json!({"UserId": grace.id})).await.ok();
    assert_eq!(rows(&ada.admin, "").await, with(row(&grace, &["admin"], None)));
    ada.admin.delete(ADMINS, &json!({"UserId": grace.id})).await.ok();
    assert_eq!(rows(&ada.admin, "").await, [founder(&ada)]);

    // Names are those of the account, as they are by now.
    let (second, amazing) = ada.second_admin().await;
    second.patch("/api/users/me", &json!({"FirstName": "Amazing"})).await.ok();
    let mut expected = row(&amazing, &["admin"], None);
    expected["FirstName"] = json!("Amazing");
    assert_eq!(rows(&ada.admin, "").await, with(expected));
    let leave = format!("/api/users/me/organizations/{}", ada.code);
    second.send(second.request(Method::DELETE, &leave)).await.ok();
    assert_eq!(rows(&ada.admin, "").await, [founder(&ada)]);
}

#[tokio::test]
async fn users_are_sorted_filtered_and_paged() {
    let ada = tenant().await;
    let people = join_all((0..5).map(|_| person())).await;
    for (number, person) in people.iter().enumerate() {
        associate(&ada, person, &format!("C-{}", number % 2)).await;
    }
    ada.promote(&people[0].email).await;
    let all = by_email(rows(&ada.admin, "").await);
    assert_eq!(all.len(), 6);
    assert_eq!(rows(&ada.admin, "?SortOn=email&SortDirection=asc").await, all, "by address");
    let mut by_id = all.clone();
    by_id.sort_by_key(|row| row["UserId"].as_str().unwrap().to_owned());
    by_id.reverse();
    assert_eq!(rows(&ada.admin, "?SortOn=UserId&SortDirection=desc").await, by_id);

    let kept = async |field: &str, operator: &str, value: &str| {
        let filter = json!({"Field": field, "Operator": operator, "Value": value}).to_string();
        let query = url::form_urlencoded::Serializer::new("?".to_owned()).append_pair("Filters", &filter).finish();
        let page = ada.admin.get(&format!("{USERS}{query}")).await.ok();
        assert_eq!(page["TotalCount"], page["Data"].as_array().unwrap().len(), "{filter}");
        rows(&ada.admin, &query).await
    };
    let those = |keep: &dyn Fn(&Value) -> bool| all.iter().filter(|row| keep(row)).cloned().collect::<Vec<_>>();
    let first = people[0].email.as_str();
    assert_eq!(kept("Email", "equals", &first.to_uppercase()).await, those(&|row| row["Email"] == first));
    assert_eq!(kept("Email", "startswith", "GRACE").await.len(), 5);
    assert_eq!(kept("Email", "endswith", "@PERSON.example").await.len(), 5);
    assert_eq!(kept("Email", "gt", first).await, those(&|row| row["Email"].as_str().unwrap() > first));
    assert_eq!(kept("UserId", "lte", &people[1].id).await, those(&|row| row["UserId"].as_str() <= Some(&people[1].id)));
    assert_eq!(kept("FirstName", "equals", "Ada").await, [founder(&ada)]);
    assert_eq!(kept("FirstName", "equals", "ada").await, [] as [Value; 0], "case is minded");
    assert_eq!(kept("LastName", "contains", "opp").await.len(), 5);
    assert_eq!(kept("CustomerNumber", "equals", "C-1").await, those(&|row| row["CustomerNumber"] == "C-1"));
    assert_eq!(kept("CustomerNumber", "notequals", "C-1").await, those(&|row| row["CustomerNumber"] != "C-1"));
    assert_eq!(kept("Role", "equals", "customer").await.len(), 5);
    assert_eq!(kept("Role", "notequals", "customer").await, [founder(&ada)]);
    assert_eq!(kept("Status", "equals", "active").await.len(), 6);
    assert_eq!(kept("Status", "equals", "invited").await.len(), 0);

    for order in ["Email", "UserId"] {
        let (mut seen, mut query) = (Vec::new(), format!("?SortOn={order}&PageSize=2"));
        loop {
            let page = ada.admin.get(&format!("{USERS}{query}")).await.ok();
            assert_eq!((&page["TotalCount"], &page["PageSize"]), (&json!(6), &json!(2)));
            seen.extend(page["Data"].as_array().unwrap().clone());
            let Some(token) = page["NextPageToken"].as_str() else { break };
            query = format!("?SortOn={order}&PageSize=2&PageToken={token}");
        }
        assert_eq!(seen.len(), 6);
        let third = rows(&ada.admin, &format!("?SortOn={order}&PageSize=2&PageNumber=3")).await;
        let ids = |rows: &[Value]| rows.iter().map(|row| row["UserId"].clone()).collect::<Vec<_>>();
        assert_eq!(ids(&third), ids(&seen[4..]));
    }
    let bad = ada.admin.get(&format!("{USERS}?SortOn=FirstName&PageSize=0")).await;
    bad.fields(&json!({
        "PageSize": ["must be a whole number from 1 to 1000"], "SortOn": ["must be Email or UserId"],
    }));
}

#[tokio::test]
async fn a_removed_user_has_no_role_any_more_and_keeps_the_account() {
    let (ada, other) = (tenant().await, tenant().await);
    for in_query in [false, true] {
        let (second, grace) = ada.second_admin().await;
        associate(&ada, &grace, "C-1").await;
        other.promote(&grace.email).await;
        let removed = if in_query {
            ada.admin.send(ada.admin.request(Method::DELETE, &format!("{USERS}?userid={}", grace.id))).await
        } else {
            ada.admin.delete(USERS, &json!({"UserId": grace.id})).await
        };
        assert_eq!(removed.ok(), json!({"Success": true}));
        second.get(USERS).await.problem(403, "You are not an admin of this organization.");
        assert_eq!(rows(&ada.admin, "").await, [founder(&ada)]);
        assert_eq!(ada.admin_ids().await, [ada.admin_id.as_str()]);
        assert_eq!(ada.admin.get(ASSOCIATIONS).await.ok()["TotalCount"], 0);
        let mine = grace.signed_in().await.get("/api/users/me/organizations").await.ok();
        assert_eq!(mine["Data"][0]["IdentityOrganizationId"], json!(other.code));
        assert_eq!(mine["Data"].as_array().unwrap().len(), 1);
        let again = ada.admin.delete(USERS, &json!({"UserId": grace.id})).await;
        again.fields(&json!({"UserId": ["is no user of this organization"]}));
        // Every role can be given again.
        associate(&ada, &grace, "C-2").await;
        ada.promote(&grace.email).await;
        assert!(rows(&ada.admin, "").await.contains(&row(&grace, &["admin", "customer"], Some("C-2"))));
        ada.admin.delete(USERS, &json!({"UserId": grace.id})).await.ok();
    }
}

#[tokio::test]
async fn nobody_removes_the_last_admin_a_stranger_or_anybody_by_a_machine() {
    let (ada, other, stranger) = (tenant().await, tenant().await, person().await);
    let last = json!({"UserId": ["is the last admin of this organization"]});
    ada.admin.delete(USERS, &json!({"UserId": ada.admin_id})).await.fields(&last);
    associate(&ada, &Person { id: ada.admin_id.clone(), email: ada.email.clone() }, "C-1").await;
    ada.admin.delete(USERS, &json!({"UserId": ada.admin_id})).await.fields(&last);
    for (body, fault) in [
        (json!({"UserId": stranger.id}), "is no user of this organization"),
        (json!({"UserId": other.admin_id}), "is no user of this organization"),
        (json!({"UserId": "#ORG"}), "is no user of this organization"),
        (json!({"UserId": 7}), "must be a string"),
        (json!({}), "is required"),
    ] {
        ada.admin.delete(USERS, &body).await.fields(&json!({"UserId": [fault]}));
    }
    let key = ada.admin.post("/api/organizations/api-access", &json!({"Name": "Shop"})).await.ok();
    let key = text(&key["ApiKey"]);
    let machine = async |method| Anonymous.send(Anonymous.request(method, USERS).header("x-api-key", &key)).await;
    assert_eq!(machine(Method::GET).await.ok()["TotalCount"], 1);
    machine(Method::DELETE).await.problem(403, "A machine may not do this.");
    // An admin may go, whom others remain after.
    let (second, grace) = ada.second_admin().await;
    second.delete(USERS, &json!({"UserId": grace.id})).await.ok();
    second.get(USERS).await.problem(403, "You are not an admin of this organization.");
    assert_eq!(rows(&ada.admin, "").await.len(), 1);
}

/// What each list says of a user: the roles, and the customer.
type Seen = BTreeMap<String, (BTreeSet<String>, Option<String>)>;

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// The organization's users by the list of users, in both orders.
async fn by_users(tenant: &Tenant) -> Seen {
    let mut both = Vec::new();
    for order in ["Email", "UserId"] {
        let page = tenant.admin.get(&format!("{USERS}?PageSize=1000&SortOn={order}")).await.ok();
        let rows = page["Data"].as_array().unwrap();
        assert_eq!(page["TotalCount"], rows.len());
        let seen: Seen = rows
            .iter()
            .map(|row| {
                let roles = row["Roles"].as_array().unwrap().iter().map(text).collect();
                (text(&row["UserId"]), (roles, row["CustomerNumber"].as_str().map(str::to_owned)))
            })
            .collect();
        // The count of the buckets, since the filter keeps it from being that of the only page.
        let counted = tenant.admin.get(&format!("{USERS}?PageSize=1&SortOn={order}")).await.ok();
        assert_eq!(counted["TotalCount"], seen.len());
        both.push(seen);
    }
    assert_eq!(both[0], both[1]);
    both.pop().unwrap()
}

/// The organization's users by the lists of admins and associations.
async fn by_roles(tenant: &Tenant) -> Seen {
    let mut seen = Seen::new();
    for id in tenant.admin_ids().await {
        seen.entry(id).or_default().0.insert("admin".to_owned());
    }
    let page = tenant.admin.get(&format!("{ASSOCIATIONS}?PageSize=1000")).await.ok();
    for row in page["Data"].as_array().unwrap() {
        let user = seen.entry(text(&row["UserId"])).or_default();
        user.0.insert("customer".to_owned());
        user.1 = Some(text(&row["CustomerNumber"]));
    }
    seen
}

/// Sixteen callers do to a user whatever can be done, at once.
#[tokio::test]
async fn whatever_is_done_to_a_user_at_once_every_list_agrees() {
    let ada = tenant().await;
    let people = join_all((0..3).map(|_| person())).await;
    let members = join_all(people.iter().map(Person::signed_in)).await;
    for round in 0..6 {
        let calls = (0..16).map(|call: usize| {
            let (ada, person, member) = (&ada, &people[call % 3], &members[call % 3]);
            async move {
                let user = json!({"UserId": person.id});
                let answer = match (call + round) % 7 {
                    0 | 1 => ada.admin.post(ADMINS, &json!({"Email": person.email})).await,
                    2 | 3 => {
                        let link = json!({"UserId": person.id, "CustomerNumber": format!("C-{call}")});
                        ada.admin.post(ASSOCIATE, &link).await
                    }
                    4 => ada.admin.delete(ASSOCIATIONS, &user).await,
                    5 if call.is_multiple_of(2) => ada.admin.delete(USERS, &user).await,
                    5 => {
                        let path = format!("/api/users/me/organizations/{}", ada.code);
                        member.send(member.request(Method::DELETE, &path)).await
                    }
                    _ => ada.admin.delete(ADMINS, &user).await,
                };
                assert!([200, 400, 404].contains(&answer.status), "{answer:?}");
            }
        });
        join_all(calls).await;
        let (users, roles) = (by_users(&ada).await, by_roles(&ada).await);
        assert_eq!(users, roles, "round {round}");
        for (person, member) in people.iter().zip(&members) {
            let mine = member.get("/api/users/me/organizations").await.ok();
            let mine = mine["Data"].as_array().unwrap().first().map(|row| row["Roles"].clone());
            let listed = roles.get(&person.id).map(|(roles, _)| json!(roles));
            assert_eq!(mine, listed, "round {round}");
        }
    }
    // The count of the admins is right: all but one can be removed.
    for person in &people {
        ada.admin.delete(USERS, &json!({"UserId": person.id})).await;
    }
    let last = ada.admin.delete(ADMINS, &json!({"UserId": ada.admin_id})).await;
    last.fields(&json!({"UserId": ["is the last admin of this organization"]}));
    assert_eq!(by_users(&ada).await.len(), 1);
}
