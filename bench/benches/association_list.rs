//! The association list against the plain way, on the same data in the same run: `cargo bench --bench
//! association_list`.
//!
//! The plain way counts by reading every row, and reaches a page by reading and skipping those before it. Both go
//! through the AWS SDK to the same embedded engine. `-- N …` runs other sizes than 1,000, 100,000 and 1,000,000.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark fails by panicking, and prints")]

use std::time::{Duration, Instant};

use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, Put, ReturnConsumedCapacity, Select, TransactWriteItem},
};
use futures_util::future::join_all;
use local::{Bundle, Options, made_up_associations};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use shared::{
    config::Config,
    dynamo,
    ids::{OrganizationCode, OrganizationId},
};

const LIST: &str = "/api/organizations/users/associations";
const ASSOCIATE: &str = "/api/organizations/users/associate-customer";
const PAGE: u64 = 25;
/// Each list is asked for so often; the median counts.
const REPEATS: usize = 5;
/// Writers of the contest for one bucket, and their writes.
const WRITERS: usize = 16;
const WRITES: usize = 100;

/// What a call, or the plain way, cost.
#[derive(Clone, Copy, Default)]
struct Cost {
    calls: u64,
    round_trips: u64,
    units: f64,
    time: Duration,
}

fn options() -> Options {
    Options { no_mailer: true, ..Options::in_memory() }
}

/// An organization whose admin is signed in.
struct Admin {
    http: reqwest::Client,
    url: String,
    token: String,
    id: String,
    code: String,
}

impl Admin {
    async fn of(bundle: &Bundle) -> Self {
        let http = reqwest::Client::new();
        let post = async |path: &str, body: Value| -> Value {
            http.post(format!("{}{path}", bundle.url())).json(&body).send().await.unwrap().json().await.unwrap()
        };
        let credentials = json!({"Email": "ada@bench.example", "Password": "correct horse"});
        let mut user = credentials.clone();
        user["FirstName"] = json!("Ada");
        user["LastName"] = json!("Lovelace");
        let created = post("/api/organizations", json!({"Organization": {"Name": "Bench"}, "User": user})).await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let mut login = credentials;
        login["OrgCode"] = created["Slug"].clone();
        let token = text(&post("/api/auth/login", login).await["AccessToken"]);
        Self {
            http: http.clone(),
            url: bundle.url(),
            token,
            id: text(&created["OrganizationId"]),
            code: text(&created["Slug"]),
        }
    }

    async fn get(&self, query: &str) -> Response {
        self.http.get(format!("{}{LIST}?{query}", self.url)).bearer_auth(&self.token).send().await.unwrap()
    }

    async fn link(&self, user: &str, number: &str) -> Response {
        let body = json!({"UserId": user, "CustomerNumber": number});
        self.http.post(format!("{}{ASSOCIATE}", self.url)).bearer_auth(&self.token).json(&body).send().await.unwrap()
    }

    /// The median of several lists.
    async fn list(&self, query: &str) -> (Cost, Value) {
        let mut costs = Vec::new();
        let mut body = Value::Null;
        for _ in 0..REPEATS {
            let started = Instant::now();
            let answer = self.get(query).await;
            let (status, mut cost) = (answer.status(), cost_of(&answer));
            body = answer.json().await.unwrap();
            cost.time = started.elapsed();
            assert_eq!(status, StatusCode::OK, "{query}: {body}");
            costs.push(cost);
        }
        costs.sort_by_key(|cost| cost.time);
        (costs[REPEATS / 2], body)
    }
}

/// What `Server-Timing` says.
fn cost_of(answer: &Response) -> Cost {
    let timing = answer.headers()["server-timing"].to_str().unwrap().to_owned();
    let number = |name: &str| -> f64 {
        let (_, rest) = timing.split_once(&format!("{name}=")).unwrap();
        rest.split([' ', '"']).next().unwrap().parse().unwrap()
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small counts")]
    let count = |name: &str| number(name) as u64;
    Cost { calls: count("calls"), round_trips: count("round_trips"), units: number("units"), time: Duration::ZERO }
}

/// The plain way: reads a partition's entries from the beginning (or the end), `most` of them at most.
async fn read(client: &Client, partition: &str, most: u64, count_alone: bool) -> (Cost, u64) {
    let (mut cost, mut rows, mut start) = (Cost::default(), 0, None);
    let started = Instant::now();
    while rows < most {
        let call = client.query().table_name(Bundle::TABLE).consistent_read(true);
        let call = call.key_condition_expression("pk = :pk AND begins_with(sk, :entries)");
        let call = call.expression_attribute_values(":pk", AttributeValue::S(partition.to_owned()));
        let call = call.expression_attribute_values(":entries", AttributeValue::S("E#".to_owned()));
        let call = call.return_consumed_capacity(ReturnConsumedCapacity::Total);
        let call =
            if count_alone { call.select(Select::Count) } else { call.set_limit(i32::try_from(most - rows).ok()) };
        let page = call.set_exclusive_start_key(start).send().await.unwrap();
        rows += u64::try_from(page.count).unwrap();
        cost.calls += 1;
        cost.units += page.consumed_capacity.unwrap().capacity_units.unwrap();
        start = page.last_evaluated_key;
        if start.is_none() {
            break;
        }
    }
    cost.round_trips = cost.calls;
    cost.time = started.elapsed();
    (cost, rows)
}

fn sum(one: Cost, other: Cost) -> Cost {
    Cost {
        calls: one.calls + other.calls,
        round_trips: one.round_trips + other.round_trips,
        units: one.units + other.units,
        time: one.time + other.time,
    }
}

fn print_row(rows: u64, what: &str, ours: Cost, plain: Option<Cost>) {
    let shown = |cost: Cost| {
        let Cost { calls, round_trips, units, time } = cost;
        format!("{calls} | {round_trips} | {units:.1} | {:.1}", time.as_secs_f64() * 1e3)
    };
    let (plain, ratios) = match plain {
        Some(plain) => {
            let ratios = (plain.units / ours.units, plain.time.as_secs_f64() / ours.time.as_secs_f64());
            (shown(plain), format!("{:.0} | {:.0}", ratios.0, ratios.1))
        }
        None => ("– | – | – | –".to_owned(), "– | –".to_owned()),
    };
    println!("| {rows} | {what} | {} | {plain} | {ratios} |", shown(ours));
}

async fn lists(count: u64) {
    let bundle = Bundle::start(&options()).await.unwrap();
    let admin = Admin::of(&bundle).await;
    let (id, code) = (OrganizationId::parse(&admin.id).unwrap(), OrganizationCode::parse(&admin.code).unwrap());
    bundle.seed(&id, &code, made_up_associations(count).unwrap()).unwrap();
    let client = Client::from_conf(dynamo::Table::client_config(Some(&bundle.dynamodb_url())).build());

    let last = count.div_ceil(PAGE);
    for (order, partition) in [("UserId", "U"), ("CustomerNumber", "C")] {
        let partition = format!("ORG#{id}#ASSOC#{partition}");
        let (total, counted) = read(&client, &partition, u64::MAX, true).await;
        assert_eq!(counted, count);
        for (name, page) in [("first", 1), ("middle", last / 2), ("last", last)] {
            let (ours, body) = admin.list(&format!("SortOn={order}&PageSize={PAGE}&PageNumber={page}")).await;
            assert_eq!((&body["TotalCount"], body["Data"].as_array().unwrap().is_empty()), (&json!(count), false));
            assert_eq!(ours.round_trips, 2);
            let (skipped, _) = read(&client, &partition, page * PAGE, false).await;
            print_row(count, &format!("{name} page by {order}"), ours, Some(sum(total, skipped)));
        }
    }
    let middle = last / 2;
    let (_, body) = admin.list(&format!("PageNumber={middle}")).await;
    let token = body["NextPageToken"].as_str().unwrap();
    let (ours, _) = admin.list(&format!("PageToken={token}")).await;
    assert_eq!(ours.round_trips, 1);
    print_row(count, "page after the middle one, by token", ours, None);

    // Plainly, a filter is tested on every row.
    let (all, _) = read(&client, &format!("ORG#{id}#ASSOC#C"), u64::MAX, false).await;
    let filter = |operator: &str, value: &str| {
        let filter = json!({"Field": "CustomerNumber", "Operator": operator, "Value": value}).to_string();
        format!("Filters={}", url::form_urlencoded::byte_serialize(filter.as_bytes()).collect::<String>())
    };
    let half = format!("C-{:07}", count / 6);
    let tenth = format!("C-{:07}", count / 3 / 10);
    for (what, query) in [
        ("`startswith`, ten customers", filter("startswith", &half[..8])),
        ("`gte`, half of the rows", filter("gte", &half)),
        ("`gte` and `lt`, 40 %", format!("{}&{}", filter("gte", &tenth), filter("lt", &half))),
    ] {
        let (ours, _) = admin.list(&format!("SortOn=CustomerNumber&{query}")).await;
        assert_eq!(ours.round_trips, 3);
        print_row(count, what, ours, Some(all));
    }
    // Of a million rows, `contains` tests those that another filter leaves.
    let (what, narrowed) = if count > Config::MAX_TESTED_ROWS {
        ("`contains`, a tenth of the rows", format!("&{}", filter("lt", &tenth)))
    } else {
        ("`contains`, all rows", String::new())
    };
    let (ours, _) = admin.list(&format!("SortOn=CustomerNumber&{}{narrowed}", filter("contains", "77"))).await;
    print_row(count, what, ours, Some(all));
    bundle.stop().await;
}

async fn put_accounts(client: &Client, count: usize) -> Vec<String> {
    let users: Vec<_> = (0..count).map(|_| shared::ids::UserId::random().to_string()).collect();
    for user in &users {
        let call = client.put_item().table_name(Bundle::TABLE);
        let call = call.item("pk", AttributeValue::S(format!("USER#{user}")));
        call.item("sk", AttributeValue::S("USER".to_owned())).send().await.unwrap();
    }
    users
}

/// What one link costs, and what it costs to put the same items without counting them.
async fn write_cost() {
    let bundle = Bundle::start(&options()).await.unwrap();
    let admin = Admin::of(&bundle).await;
    let client = Client::from_conf(dynamo::Table::client_config(Some(&bundle.dynamodb_url())).build());
    let users = put_accounts(&client, 2).await;
    let shown = |what: &str, cost: Cost| {
        println!("| {what} | {} | {} | {:.1} |", cost.calls, cost.round_trips, cost.units);
    };
    println!("\n| one write | calls | round trips | units |\n| --- | --- | --- | --- |");
    shown("associate", cost_of(&admin.link(&users[0], "C-1").await));
    shown("move", cost_of(&admin.link(&users[0], "C-2").await));
    let delete = admin.http.delete(format!("{}{LIST}?UserId={}", admin.url, users[0])).bearer_auth(&admin.token);
    shown("dissociate", cost_of(&delete.send().await.unwrap()));

    let item = |pk: String, sk: String| {
        let put = Put::builder().table_name(Bundle::TABLE).condition_expression("attribute_not_exists(pk)");
        let put = put.item("pk", AttributeValue::S(pk)).item("sk", AttributeValue::S(sk));
        let put = put.item("user_id", AttributeValue::S(users[1].clone()));
        let put = put.item("customer_number", AttributeValue::S("C-1".to_owned()));
        TransactWriteItem::builder().put(put.build().unwrap()).build()
    };
    let (id, user) = (&admin.id, &users[1]);
    let plain = client.transact_write_items().return_consumed_capacity(ReturnConsumedCapacity::Total);
    let plain = plain
        .transact_items(item(format!("ORG#{id}#ASSOC#U"), format!("E#{user}")))
        .transact_items(item(format!("ORG#{id}#ASSOC#C"), format!("E#C-1\u{1f}{user}")))
        .transact_items(item(format!("MEMBER#{user}"), format!("ORG#{id}#customer")));
    let consumed = plain.send().await.unwrap().consumed_capacity.unwrap();
    let written: f64 = consumed.iter().map(|table| table.capacity_units.unwrap()).sum();
    // The reads are the account, the organization, the role and the present association; those of two buckets are left
    // out.
    let cost = Cost { calls: 5, round_trips: 2, units: written + 4.0, time: Duration::ZERO };
    shown("associate the plain way (three items, no counts)", cost);
    bundle.stop().await;
}

/// Writers on one bucket, through the proxy that makes transactions conflict; the bucket is split on the way.
async fn contest() {
    let bundle = Bundle::start_behind(&options(), faults::conflicts::proxy).await.unwrap();
    let admin = Admin::of(&bundle).await;
    let client = Client::from_conf(dynamo::Table::client_config(Some(&bundle.dynamodb_url())).build());
    let users = put_accounts(&client, WRITERS * WRITES).await;
    let started = Instant::now();
    let writers = users.chunks(WRITES).map(|users| {
        let admin = &admin;
        async move {
            let (mut calls, mut failed) = (0, 0);
            for (number, user) in users.iter().enumerate() {
                let answer = admin.link(user, &format!("C-{number:03}")).await;
                failed += u32::from(answer.status() != StatusCode::OK);
                calls += cost_of(&answer).calls;
            }
            (calls, failed)
        }
    });
    let outcomes = join_all(writers).await;
    let seconds = started.elapsed().as_secs_f64();
    let links = f64::from(u32::try_from(users.len()).unwrap());
    let calls: u64 = outcomes.iter().map(|(calls, _)| calls).sum();
    let failed: u32 = outcomes.iter().map(|(_, failed)| failed).sum();
    // Six reads and one transaction where nobody is in the way.
    let extra = (f64::from(u32::try_from(calls).unwrap()) - 7.0 * links) / links;
    let body: Value = admin.get("PageSize=1").await.json().await.unwrap();
    println!(
        "\n{WRITERS} writers, {links} links in one organization through transaction conflicts, splits among them:"
    );
    println!("{:.0} links/s, {extra:.1} calls more than alone per write, {failed} failed", links / seconds);
    assert_eq!(body["TotalCount"], json!(users.len()));
    bundle.stop().await;
}

#[tokio::main]
async fn main() {
    let sizes: Vec<u64> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![1_000, 100_000, 1_000_000] } else { sizes };
    println!(
        "| rows | list | calls | round trips | units | ms | plain: calls | round trips | units | ms | units, times fewer | \
         time, times less |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    );
    for size in sizes {
        lists(size).await;
    }
    write_cost().await;
    contest().await;
}
