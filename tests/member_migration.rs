//! Users of tables from before their index: `tests/fixtures/members-before.json` holds the items of one, as the version
//! before stored them. Ada is an admin, Grace buys for a customer, and of 24 more some are the one, the other or both.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use local::Bundle;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Caller, Elsewhere, Gated, engine_call, operate, subscribe_at};

const USERS: &str = "/api/organizations/users";
const ADMINS: &str = "/api/organizations/users/admins";
const ASSOCIATE: &str = "/api/organizations/users/associate-customer";
const ASSOCIATIONS: &str = "/api/organizations/users/associations";
const CODE: &str = "org_acmec70z9a69";

/// A bundle over the table from before.
struct Before {
    gated: Gated,
    admin: Elsewhere,
    /// The users but Ada and Grace: id and address.
    users: Vec<(String, String)>,
}

/// What is known of a user: the roles, and the customer.
type Seen = BTreeMap<String, (BTreeSet<String>, Option<String>)>;

impl Before {
    async fn start() -> Self {
        let gated = Gated::start().await;
        let items: Vec<Value> = serde_json::from_str(include_str!("fixtures/members-before.json")).unwrap();
        let mut users = Vec::new();
        for item in items {
            let text = |name: &str| item[name]["S"].as_str().unwrap_or_default().to_owned();
            if text("entity") == "account" && text("first_name") == "User" {
                users.push((text("user_id"), text("email")));
            }
            let put = json!({"TableName": Bundle::TABLE, "Item": item});
            engine_call(&gated.bundle.dynamodb_url(), "PutItem", &put).await;
        }
        let (admin, _) = gated.sign_in("ada@acme.example", Some(CODE)).await;
        // Room for as many admins as the tests make.
        let organization = admin.get("/api/organization").await.ok()["Organization"]["OrganizationId"].clone();
        subscribe_at(&gated.bundle.url(), organization.as_str().unwrap(), "enterprise").await;
        Self { gated, admin, users }
    }

    /// What the command prints of users.
    fn migrate(&self) -> String {
        let url = self.gated.bundle.dynamodb_url();
        let (code, stdout, stderr) = operate(&["migrate", "--table", Bundle::TABLE], Some(&url));
        assert_eq!((code, stderr.as_str()), (Some(0), ""));
        stdout.split_inclusive('\n').filter(|line| line.contains(" users of ") || line.starts_with("  ")).collect()
    }

    /// The users by the lists of admins and associations.
    async fn by_roles(&self) -> Seen {
        let mut seen = Seen::new();
        for admin in self.admin.get(ADMINS).await.ok().as_array().unwrap() {
            seen.entry(text(&admin["Id"])).or_default().0.insert("admin".to_owned());
        }
        let page = self.admin.get(&format!("{ASSOCIATIONS}?PageSize=1000")).await.ok();
        for row in page["Data"].as_array().unwrap() {
            let user = seen.entry(text(&row["UserId"])).or_default();
            user.0.insert("customer".to_owned());
            user.1 = Some(text(&row["CustomerNumber"]));
        }
        seen
    }

    /// The users by their list, in both orders, with exact totals.
    async fn by_users(&self) -> Seen {
        let mut both = Vec::new();
        for order in ["Email", "UserId"] {
            let page = self.admin.get(&format!("{USERS}?PageSize=1000&SortOn={order}")).await.ok();
            let rows = page["Data"].as_array().unwrap();
            let one = self.admin.get(&format!("{USERS}?PageSize=1&SortOn={order}")).await.ok();
            assert_eq!((one["TotalCount"].clone(), page["TotalCount"].clone()), (json!(rows.len()), json!(rows.len())));
            let row = |row: &Value| {
                let roles = row["Roles"].as_array().unwrap().iter().map(text).collect();
                (text(&row["UserId"]), (roles, row["CustomerNumber"].as_str().map(str::to_owned)))
            };
            both.push(rows.iter().map(row).collect::<Seen>());
        }
        assert_eq!(both[0], both[1]);
        both.pop().unwrap()
    }

    /// One of 16 callers does something to a user, again and again.
    async fn keeps_calling(&self, caller: usize, until: Instant) -> usize {
        let mut made = 0;
        let (leaving, _) = self.gated.sign_in(&self.users[caller].1, None).await;
        for round in 0.. {
            if Instant::now() > until {
                break;
            }
            let (id, email) = &self.users[(caller + round * 5) % self.users.len()];
            let user = json!({"UserId": id});
            let answer = match (caller + round) % 6 {
                0 => self.admin.post(ADMINS, &json!({"Email": email})).await,
                1 => self.admin.delete(ADMINS, &user).await,
                2 => self.admin.post(ASSOCIATE, &json!({"UserId": id, "CustomerNumber": format!("N-{round}")})).await,
                3 => self.admin.delete(ASSOCIATIONS, &user).await,
                4 => self.admin.post(ASSOCIATE, &json!({"Email": email, "CustomerNumber": "N-1"})).await,
                _ => {
                    let path = format!("/api/users/me/organizations/{CODE}");
                    leaving.send(leaving.request(Method::DELETE, &path)).await
                }
            };
            assert!([200, 400, 404].contains(&answer.status), "{answer:?}");
            made += usize::from(answer.status == 200);
        }
        made
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn users_from_before_are_indexed_once_and_until_then_the_list_is_unavailable() {
    let before = Before::start().await;
    let listed = before.admin.get(USERS).await;
    assert_eq!((listed.status, listed.json()["code"].clone()), (503, json!("unavailable")));
    assert!(listed.headers.contains_key("retry-after"));
    // People who join or leave before the index is there are told right by it, too.
    let (_, email) = &before.users[17];
    before.admin.post(ADMINS, &json!({"Email": email})).await.ok();
    before.admin.post(ASSOCIATE, &json!({"Email": email, "CustomerNumber": "C-9"})).await.ok();
    let (gone, _) = &before.users[9];
    before.admin.delete(USERS, &json!({"UserId": gone})).await;
    let roles = before.by_roles().await;
    assert_eq!(
        tokio::task::block_in_place(|| before.migrate()),
        format!("{} users of 1 organizations indexed\n", roles.len())
    );
    assert_eq!(before.by_users().await, roles);
    assert_eq!(before.by_roles().await, roles);
    assert_eq!(tokio::task::block_in_place(|| before.migrate()), "0 users of 0 organizations indexed\n");

    // Nobody knows when they joined: not before the account was made, nor the organization.
    let page = before.admin.get(&format!("{USERS}?PageSize=1000")).await.ok();
    let times: BTreeSet<_> = page["Data"].as_array().unwrap().iter().map(|row| text(&row["JoinedAt"])).collect();
    assert_eq!(times, ["2026-11-29T06:53:40Z", "2026-11-29T08:00:00Z"].map(str::to_owned).into());
    let grace = "Filters[0].Field=Email&Filters[0].Operator=equals&Filters[0].Value=GRACE@acme.example";
    let found = before.admin.get(&format!("{USERS}?{grace}")).await.ok();
    assert_eq!(found["Data"][0]["CustomerNumber"], "C-1");
    before.gated.bundle.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn users_whom_sixteen_callers_change_while_they_are_indexed_have_exactly_their_roles() {
    let before = Before::start().await;
    let until = Instant::now() + Duration::from_secs(9);
    let calls = async { join_all((0..16).map(|caller| before.keeps_calling(caller, until))).await };
    // The command is another process, which the bundle has to answer meanwhile.
    let (made, migrated) = tokio::task::block_in_place(|| {
        std::thread::scope(|scope| {
            let command = scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(1500));
                before.migrate()
            });
            let made = tokio::runtime::Handle::current().block_on(calls);
            (made, command.join().unwrap())
        })
    });
    assert!(made.iter().sum::<usize>() > 50, "{made:?}");
    assert!(migrated.ends_with(" users of 1 organizations indexed\n"), "{migrated}");
    assert_eq!(before.by_users().await, before.by_roles().await);
    before.gated.bundle.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_from_before_the_index_is_among_the_users_once_that_is_built() {
    let before = Before::start().await;
    let invitation = json!({"Email": "hedy@acme.example", "CustomerNumber": "C-1"});
    let invited = before.admin.post("/api/organizations/invitations", &invitation).await;
    assert_eq!(invited.status, 201, "{invited:?}");
    tokio::task::block_in_place(|| before.migrate());
    let filter = "Filters[0].Field=Status&Filters[0].Operator=equals&Filters[0].Value=invited";
    let mut listed = before.admin.get(&format!("{USERS}?{filter}")).await.ok();
    let row = listed["Data"][0].as_object_mut().unwrap();
    assert!(row.remove("UserId").is_some() && row.remove("JoinedAt").is_some());
    let expected = json!({
        "Email": "hedy@acme.example", "Roles": ["customer"], "CustomerNumber": "C-1", "Status": "invited",
    });
    assert_eq!((json!(row), &listed["TotalCount"]), (expected, &json!(1)));
    before.gated.bundle.stop().await;
}
