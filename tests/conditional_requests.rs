//! `ETag`, `If-Match` and `If-None-Match` (RFC 9110, section 13).

mod account;
mod customers;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Anonymous, Answer, Caller, Member, Operator, PASSWORD, Tenant, entitlements_of, person, subscription_path, tenant,
};

const ORGANIZATION: &str = "/api/organization";
const CUSTOMERS: &str = "/api/customers";
const CUSTOMER: &str = "/api/customers/C-1";
const BY_QUERY: &str = "/api/customers?CustomerNumber=C-1";
const ME: &str = "/api/users/me";
const TIERS: &str = "/api/organizations/price-tiers";

const STALE_CUSTOMER: &str = "The customer was changed since the version that If-Match names.";
const FOUND_CUSTOMER: &str = "The customer is there in a version that If-None-Match names.";

/// A header of a request that says what must hold.
type Condition<'a> = (&'static str, &'a str);

fn if_match(tags: &str) -> Condition<'_> {
    ("if-match", tags)
}

fn if_none_match(tags: &str) -> Condition<'_> {
    ("if-none-match", tags)
}

/// A call on conditions, with a body or without one.
async fn call(
    caller: &impl Caller,
    method: Method,
    path: &str,
    conditions: &[Condition<'_>],
    body: Option<&Value>,
) -> Answer {
    let mut request = caller.request(method, path);
    for (name, value) in conditions {
        request = request.header(*name, *value);
    }
    caller.send(if let Some(body) = body { request.json(body) } else { request }).await
}

async fn get(caller: &impl Caller, path: &str, condition: Condition<'_>) -> Answer {
    call(caller, Method::GET, path, &[condition], None).await
}

async fn patch(caller: &impl Caller, path: &str, condition: Condition<'_>, body: &Value) -> Answer {
    call(caller, Method::PATCH, path, &[condition], Some(body)).await
}

async fn put(caller: &impl Caller, condition: Condition<'_>, body: &Value) -> Answer {
    call(caller, Method::PUT, CUSTOMERS, &[condition], Some(body)).await
}

/// The tag of what is at this path.
async fn tag_of(caller: &impl Caller, path: &str) -> String {
    let answer = caller.get(path).await;
    let tag = answer.header("etag").to_owned();
    assert!(answer.status == 200 && tag.len() > 2 && tag.starts_with('"') && tag.ends_with('"'), "{answer:?}");
    tag
}

/// Asserts a whole 304.
#[track_caller]
fn is_not_modified(answer: &Answer, tag: &str, caching: &str) {
    assert_eq!((answer.status, answer.text.as_str()), (304, ""), "{answer:?}");
    assert_eq!((answer.header("etag"), answer.header("cache-control")), (tag, caching), "{answer:?}");
    assert!(!answer.headers.contains_key("content-type"), "{answer:?}");
    // Over the binaries, the gateway frames the answer.
    assert!(cfg!(feature = "lambda") || !answer.headers.contains_key("content-length"), "{answer:?}");
}

fn customer(name: &str, tier: &str) -> Value {
    json!({"CustomerNumber": "C-1", "CompanyName": name, "Pricing": tier})
}

async fn with_tiers(admin: &impl Caller) {
    for (name, currency) in [("Gold", "EUR"), ("Silver", "USD")] {
        let added = admin.post(TIERS, &json!({"Name": name, "CurrencyCode": currency})).await;
        assert_eq!(added.status, 200, "{added:?}");
    }
}

/// An organization with two tiers and a customer on Gold.
async fn with_customer() -> Tenant {
    let tenant = tenant().await;
    with_tiers(&tenant.admin).await;
    tenant.admin.send(tenant.admin.request(Method::PUT, CUSTOMERS).json(&customer("Acme", "Gold"))).await.ok();
    tenant
}

/// A record that has a version: who may change it, where it is, and the field that the tests change.
struct Tagged {
    caller: Member,
    path: &'static str,
    field: &'static str,
    noun: &'static str,
}

impl Tagged {
    /// One of each kind, which no other test has.
    async fn each() -> [Self; 4] {
        let admin = with_customer().await.admin;
        let owner = person().await.signed_in().await;
        let of = |caller: &Member, path, field, noun| Self { caller: caller.clone(), path, field, noun };
        [
            of(&admin, ORGANIZATION, "BillingCity", "organization"),
            of(&admin, CUSTOMER, "CompanyName", "customer"),
            of(&admin, BY_QUERY, "CompanyName", "customer"),
            of(&owner, ME, "LastName", "account"),
        ]
    }

    async fn tag(&self) -> String {
        tag_of(&self.caller, self.path).await
    }

    async fn shown(&self) -> Value {
        self.caller.get(self.path).await.ok()
    }

    /// The field that the tests change.
    async fn value(&self) -> String {
        let shown = self.shown().await;
        let record = shown.get("Organization").unwrap_or(&shown);
        record.get(self.field).map_or("", |value| value.as_str().unwrap()).to_owned()
    }

    async fn change(&self, conditions: &[Condition<'_>], value: &str) -> Answer {
        call(&self.caller, Method::PATCH, self.path, conditions, Some(&json!({self.field: value}))).await
    }

    fn stale(&self) -> String {
        format!("The {} was changed since the version that If-Match names.", self.noun)
    }

    fn found(&self) -> String {
        format!("The {} is there in a version that If-None-Match names.", self.noun)
    }
}

#[tokio::test]
async fn a_record_is_not_sent_again_to_who_has_it() {
    for record in Tagged::each().await {
        let (caller, path, tag) = (&record.caller, record.path, record.tag().await);
        for tags in [tag.clone(), format!("W/{tag}"), format!("\"x\", W/\"y\" ,, {tag}"), "*".to_owned()] {
            is_not_modified(&get(caller, path, if_none_match(&tags)).await, &tag, "no-store");
            let head = call(caller, Method::HEAD, path, &[if_none_match(&tags)], None).await;
            is_not_modified(&head, &tag, "no-store");
        }
        let lines = [if_none_match("\"x\""), if_none_match(&tag)];
        is_not_modified(&call(caller, Method::GET, path, &lines, None).await, &tag, "no-store");

        let shown = record.shown().await;
        for tags in ["\"x\"", "W/\"x\", \"y\"", tag.trim_matches('"'), "", "\"*\"", &format!("w/{tag}")] {
            let answer = get(caller, path, if_none_match(tags)).await;
            assert_eq!(answer.header("etag"), tag, "{path} {tags}");
            assert_eq!(answer.ok(), shown, "{path} {tags}");
        }
        for tags in [tag.clone(), "*".to_owned(), format!("\"x\", {tag}")] {
            assert_eq!(get(caller, path, if_match(&tags)).await.ok(), shown, "{path} {tags}");
        }
        for tags in ["\"x\"".to_owned(), format!("W/{tag}"), String::new()] {
            let answer = get(caller, path, if_match(&tags)).await;
            answer.problem(412, "The record was changed since the version that If-Match names.");
        }
    }
}

#[tokio::test]
async fn a_change_is_made_to_the_version_that_it_names_and_to_no_other() {
    for record in Tagged::each().await {
        let (tag, shown) = (record.tag().await, record.shown().await);
        for tags in ["\"x\"".to_owned(), format!("W/{tag}"), tag.trim_matches('"').to_owned(), String::new()] {
            record.change(&[if_match(&tags)], "Never").await.problem(412, &record.stale());
        }
        for tags in ["*".to_owned(), tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}")] {
            record.change(&[if_none_match(&tags)], "Never").await.problem(412, &record.found());
        }
        record.change(&[if_match(&tag), if_none_match("*")], "Never").await.problem(412, &record.found());
        record.change(&[if_match("\"x\""), if_none_match("*")], "Never").await.problem(412, &record.stale());
        assert_eq!((record.tag().await, record.shown().await), (tag.clone(), shown), "nothing was changed");

        let conditions = [
            vec![if_match(&tag)],
            vec![if_match("*")],
            vec![if_none_match("\"x\"")],
            vec![if_match("*"), if_none_match("\"x\"")],
            vec![],
        ];
        let mut seen = vec![tag.clone()];
        for (n, conditions) in conditions.iter().enumerate() {
            let changed = record.change(conditions, &format!("Change {n}")).await;
            assert_eq!(changed.status, 200, "{changed:?}");
            let tag = changed.header("etag").to_owned();
            assert!(!seen.contains(&tag), "each change makes a version: {changed:?}");
            assert_eq!((record.tag().await, record.value().await), (tag.clone(), format!("Change {n}")));
            seen.push(tag);
        }
        let (last, stale) = (seen.pop().unwrap(), seen.pop().unwrap());
        record.change(&[if_match(&stale)], "Never").await.problem(412, &record.stale());
        let listed = record.change(&[if_match(&format!("{stale}, {last}"))], "By a list").await;
        assert_eq!((listed.status, record.value().await.as_str()), (200, "By a list"));
    }
}

#[tokio::test]
async fn of_ten_changes_of_one_version_one_is_made() {
    for record in Tagged::each().await {
        let tag = record.tag().await;
        let (condition, values): (_, Vec<_>) = ([if_match(&tag)], (0..10).map(|n| format!("Caller {n}")).collect());
        let answers = join_all(values.iter().map(|value| record.change(&condition, value))).await;
        let (made, refused): (Vec<_>, Vec<_>) =
            answers.iter().zip(&values).partition(|(answer, _)| answer.status == 200);
        assert_eq!((made.len(), refused.len()), (1, 9), "{answers:?}");
        for (answer, _) in refused {
            answer.problem(412, &record.stale());
        }
        assert_eq!(
            (record.value().await, record.tag().await),
            (made[0].1.clone(), made[0].0.header("etag").to_owned())
        );
    }
}

#[tokio::test]
async fn no_change_is_lost_where_each_caller_reads_and_then_changes_what_he_read() {
    for record in Tagged::each().await {
        let before = record.value().await;
        join_all(["a", "b", "c", "d"].map(|mark| {
            let record = &record;
            async move {
                loop {
                    let read = record.caller.get(record.path).await;
                    let (tag, read) = (read.header("etag").to_owned(), read.ok());
                    let read = read.get("Organization").unwrap_or(&read);
                    let value = read.get(record.field).map_or("", |value| value.as_str().unwrap());
                    let changed = record.change(&[if_match(&tag)], &format!("{value}{mark}")).await;
                    if changed.status == 200 {
                        break;
                    }
                    changed.problem(412, &record.stale());
                }
            }
        }))
        .await;
        let mut marks: Vec<_> = record.value().await[before.len()..].chars().collect();
        marks.sort_unstable();
        assert_eq!(marks, ['a', 'b', 'c', 'd']);
    }
}

#[tokio::test]
async fn an_organizations_tag_is_of_all_that_is_shown_and_a_change_names_the_settings() {
    let tenant = tenant().await;
    let admin = &tenant.admin;
    let subscribe = async |plan: &str, status: &str| {
        let body = json!({"Plan": plan, "Status": status});
        Operator.put(&subscription_path(&tenant.id, "sub_1"), &body).await.ok();
    };
    let free = tag_of(admin, ORGANIZATION).await;
    assert!(free.starts_with("\"1-"), "{free}");
    is_not_modified(&get(admin, ORGANIZATION, if_none_match(&free)).await, &free, "no-store");
    subscribe("growth", "active").await;
    let growth = tag_of(admin, ORGANIZATION).await;
    assert!(growth.starts_with("\"1-") && growth != free, "{growth}");
    assert_eq!(get(admin, ORGANIZATION, if_none_match(&free)).await.header("etag"), growth);
    is_not_modified(&get(admin, ORGANIZATION, if_none_match(&growth)).await, &growth, "no-store");
    subscribe("enterprise", "active").await;
    let enterprise = tag_of(admin, ORGANIZATION).await;
    assert!(enterprise.starts_with("\"1-") && enterprise != growth, "{enterprise}");
    assert_eq!(
        get(admin, ORGANIZATION, if_none_match(&growth)).await.ok()["Entitlements"],
        entitlements_of("enterprise")
    );

    // The settings are as they were, whatever became of the subscription.
    let changed = patch(admin, ORGANIZATION, if_match(&growth), &json!({"BillingCity": "Berlin"})).await;
    assert_eq!(
        (changed.status, changed.header("etag")),
        (200, tag_of(admin, ORGANIZATION).await.as_str()),
        "{changed:?}"
    );
    let stale = "The organization was changed since the version that If-Match names.";
    for tags in [&growth, &enterprise, "\"1\"", "\"-2\"", "\"2"] {
        patch(admin, ORGANIZATION, if_match(tags), &json!({"BillingCity": "Never"})).await.problem(412, stale);
    }
    let with_settings = tag_of(admin, ORGANIZATION).await;
    assert!(with_settings.starts_with("\"2-"), "{with_settings}");
    let found = "The organization is there in a version that If-None-Match names.";
    patch(admin, ORGANIZATION, if_none_match(&with_settings), &json!({"BillingCity": "Never"}))
        .await
        .problem(412, found);
    let changed = patch(admin, ORGANIZATION, if_match(&with_settings), &json!({"BillingCity": "Bonn"})).await;
    assert_eq!(
        (changed.status, changed.header("etag")),
        (200, tag_of(admin, ORGANIZATION).await.as_str()),
        "{changed:?}"
    );
}

#[tokio::test]
async fn a_lost_role_and_an_ended_sign_in_win_over_every_condition() {
    let tenant = with_customer().await;
    let (demoted, grace) = tenant.second_admin().await;
    let (tag, settings) = (tag_of(&demoted, CUSTOMER).await, tag_of(&demoted, ORGANIZATION).await);
    let admins = "/api/organizations/users/admins";
    tenant.admin.delete(admins, &json!({"UserId": grace.id})).await.ok();
    let lost = "You are not an admin of this organization.";
    for tags in [&tag, &settings, "*", "\"x\""] {
        for condition in [if_match(tags), if_none_match(tags)] {
            for path in [ORGANIZATION, CUSTOMER, BY_QUERY] {
                get(&demoted, path, condition).await.problem(403, lost);
            }
            patch(&demoted, ORGANIZATION, condition, &json!({"BillingCity": "Never"})).await.problem(403, lost);
            put(&demoted, condition, &customer("Never", "Gold")).await.problem(403, lost);
            for path in [CUSTOMER, BY_QUERY] {
                patch(&demoted, path, condition, &json!({"CompanyName": "Never"})).await.problem(403, lost);
                call(&demoted, Method::DELETE, path, &[condition], None).await.problem(403, lost);
            }
        }
    }
    assert_eq!((tag_of(&tenant.admin, CUSTOMER).await, tag_of(&tenant.admin, ORGANIZATION).await), (tag, settings));

    let user = grace.signed_in().await;
    let tag = tag_of(&user, ME).await;
    let change = json!({"OldPassword": PASSWORD, "Password": "a new password"});
    user.post("/api/users/me/password", &change).await.ok();
    let ended = "The sign-in that the access token came from has ended.";
    for tags in [&tag, "*", "\"x\""] {
        for condition in [if_match(tags), if_none_match(tags)] {
            get(&user, ME, condition).await.problem(401, ended);
            patch(&user, ME, condition, &json!({"LastName": "Never"})).await.problem(401, ended);
        }
    }
}

#[tokio::test]
async fn what_is_everybodys_has_a_tag_of_its_content() {
    for (path, caching) in [
        ("/.well-known/jwks.json", "public, max-age=300"),
        ("/.well-known/oauth-authorization-server", "public, max-age=300"),
        ("/.well-known/openid-configuration", "public, max-age=300"),
        ("/account/set-password", "no-store"),
        ("/openapi.json", "public, max-age=300"),
        ("/problems", "public, max-age=300"),
    ] {
        let (tag, whole) = (tag_of(&Anonymous, path).await, Anonymous.get(path).await);
        for tags in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
            let answer = get(&Anonymous, path, if_none_match(&tags)).await;
            is_not_modified(&answer, &tag, caching);
            for name in ["x-content-type-options", "content-security-policy", "referrer-policy"] {
                assert_eq!(answer.header(name), whole.header(name), "{path}");
            }
            let head = call(&Anonymous, Method::HEAD, path, &[if_none_match(&tags)], None).await;
            is_not_modified(&head, &tag, caching);
        }
        let other = get(&Anonymous, path, if_none_match("\"x\"")).await;
        assert_eq!((other.status, other.header("etag")), (200, tag.as_str()), "{path}");
        assert!(other.text == whole.text && other.header("content-type") == whole.header("content-type"), "{path}");
        let refused = get(&Anonymous, path, if_match("\"x\"")).await;
        refused.problem(412, "The record was changed since the version that If-Match names.");
    }
}
