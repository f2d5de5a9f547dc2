//! An import of 100,000 associations, of which each hundredth is bad, by the command, which is killed twice on its way;
//! and what a row costs beside a single call. Fails where a good row isn't in exactly once, or a bad one isn't told.
//!
//! `make bench-import` runs it by the release profile. `ROWS` is another number of rows.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark fails by panicking and prints its table")]

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use aws_sdk_dynamodb::{
    Client as Engine,
    types::{AttributeValue, PutRequest, WriteRequest},
};
use local::{Bundle, Options};
use reqwest::{Client, Response};
use serde_json::{Value, json};
use shared::{
    dynamo,
    ids::{UserId, random_id},
};

const IMPORT: &str = "/api/organizations/users/associations/import";
const ASSOCIATE: &str = "/api/organizations/users/associate-customer";
const LIST: &str = "/api/organizations/users/associations";
/// Rows by single calls, and by one call.
const SINGLE: usize = 500;
const AT_ONCE: usize = 1_000;
/// Items of one `BatchWriteItem`.
const BATCH: usize = 25;

struct World {
    bundle: Bundle,
    key: String,
    client: Client,
}

/// What some rows cost.
#[derive(Default)]
struct Cost {
    rows: usize,
    seconds: f64,
    calls: f64,
    write_units: f64,
}

impl Cost {
    /// Adds what an answer says that it cost.
    fn add(&mut self, answer: &Response) {
        let timing = answer.headers()["server-timing"].to_str().unwrap();
        let figure = |name: &str| -> f64 {
            let rest = timing.split(&format!("{name}=")).nth(1).unwrap();
            rest.split([' ', '"']).next().unwrap().parse().unwrap()
        };
        self.calls += figure("calls");
        self.write_units += figure("write_units");
    }

    #[expect(clippy::cast_precision_loss, reason = "figures for a table")]
    fn show(&self, name: &str) {
        let rows = self.rows as f64;
        println!(
            "| {name} | {} | {:.0} | {:.2} | {:.1} |",
            self.rows,
            rows / self.seconds,
            self.calls / rows,
            self.write_units / rows
        );
    }
}

impl World {
    async fn start() -> Self {
        let bundle = Bundle::start(&Options { no_mailer: true, ..Options::in_memory() }).await.unwrap();
        let mut world = Self { bundle, key: String::new(), client: Client::new() };
        let user = json!({"FirstName": "A", "LastName": "B", "Email": "a@b.example", "Password": "correct horse"});
        let body = json!({"Organization": {"Name": "Bench"}, "User": user});
        let created: Value = world.post("/api/organizations", "", &body).await.json().await.unwrap();
        let login = json!({"Email": "a@b.example", "Password": "correct horse", "OrgCode": created["Slug"]});
        let signed_in: Value = world.post("/api/auth/login", "", &login).await.json().await.unwrap();
        let token = signed_in["AccessToken"].as_str().unwrap();
        let machine = world.post("/api/organizations/api-access", token, &json!({"Name": "ERP"})).await;
        let machine: Value = machine.json().await.unwrap();
        machine["ApiKey"].as_str().unwrap().clone_into(&mut world.key);
        world
    }

    async fn post(&self, path: &str, key: &str, body: &Value) -> Response {
        let request = self.client.post(format!("{}{path}", self.bundle.url())).header("x-api-key", key).json(body);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer
    }

    /// Makes accounts, straight in the table.
    async fn accounts(&self, count: usize) -> Vec<String> {
        let engine = Engine::from_conf(dynamo::Table::client_config(Some(&self.bundle.dynamodb_url())).build());
        let users: Vec<_> = (0..count).map(|_| UserId::random().to_string()).collect();
        for users in users.chunks(BATCH) {
            let put = |id: &String| {
                let item = [
                    ("pk", format!("USER#{id}")),
                    ("sk", "USER".to_owned()),
                    ("user_id", id.clone()),
                    ("email", format!("{id}@bench.example")),
                ];
                let item = item.map(|(name, value)| (name.to_owned(), AttributeValue::S(value)));
                let put = PutRequest::builder().set_item(Some(item.into())).build().unwrap();
                WriteRequest::builder().put_request(put).build()
            };
            let requests = users.iter().map(put).collect();
            engine.batch_write_item().request_items(Bundle::TABLE, requests).send().await.unwrap();
        }
        users
    }

    /// What the list shows, walked to its end.
    async fn listed(&self) -> BTreeMap<String, String> {
        let (mut rows, mut token) = (BTreeMap::new(), String::new());
        loop {
            let path = format!("{}{LIST}?PageSize=1000{token}", self.bundle.url());
            let page = self.client.get(path).header("x-api-key", &self.key).send().await.unwrap();
            let page: Value = page.json().await.unwrap();
            let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
            for row in page["Data"].as_array().unwrap() {
                assert_eq!(rows.insert(text(row, "UserId"), text(row, "CustomerNumber")), None, "no row twice");
            }
            let Some(next) = page["NextPageToken"].as_str() else {
                assert_eq!(page["TotalCount"], rows.len());
                return rows;
            };
            token = format!("&PageToken={next}");
        }
    }
}

/// How many rows the journal says are done.
fn journaled(file: &Path) -> u64 {
    let journal = fs::read(format!("{}.journal", file.display())).unwrap_or_default();
    serde_json::from_slice::<Value>(&journal).ok().and_then(|journal| journal["rows"].as_u64()).unwrap_or(0)
}

/// Runs the command until it ends, or is killed after so many rows. Returns its exit code and its peak memory in KiB.
fn run(world: &World, file: &Path, kill_after: Option<u64>) -> (Option<i32>, u64) {
    let binary = emulator::build(&["--bin", "local"]).join("local");
    let arguments = ["import", "associations", file.to_str().unwrap(), "--url", &world.bundle.url()];
    let command = Command::new(binary).args(arguments).env("API_KEY", &world.key).stdout(Stdio::null()).spawn();
    let (mut child, mut peak) = (command.unwrap(), 0);
    loop {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let seen =
            status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
        peak = peak.max(seen.unwrap_or(0));
        if let Some(status) = child.try_wait().unwrap() {
            return (status.code(), peak);
        }
        if kill_after.is_some_and(|rows| journaled(file) >= rows) {
            child.kill().unwrap();
            child.wait().unwrap();
            return (None, peak);
        }
        thread::sleep(Duration::from_millis(5));
    }
}

#[tokio::main]
async fn main() {
    let rows: usize = env::var("ROWS").map_or(100_000, |rows| rows.parse().unwrap());
    let world = World::start().await;
    let users = world.accounts(rows + SINGLE + AT_ONCE).await;
    let number = |place: usize| format!("C-{:06}", place / 3);
    println!(
        "| rows | how many | rows/s | DynamoDB calls a row | write units a row |\n| --- | --- | --- | --- | --- |"
    );

    let mut single = Cost { rows: SINGLE, ..Cost::default() };
    let started = Instant::now();
    for (place, user) in users.iter().enumerate().take(SINGLE) {
        let row = json!({"UserId": user, "CustomerNumber": number(place)});
        single.add(&world.post(ASSOCIATE, &world.key, &row).await);
    }
    single.seconds = started.elapsed().as_secs_f64();
    single.show("single calls, one after the other");

    let mut one_call = Cost { rows: AT_ONCE, ..Cost::default() };
    let of_call: Vec<_> = users.iter().enumerate().skip(SINGLE).take(AT_ONCE).collect();
    let of_call = of_call.iter().map(|(place, user)| json!({"UserId": user, "CustomerNumber": number(*place)}));
    let started = Instant::now();
    let answer = world.post(IMPORT, &world.key, &json!({"Rows": of_call.collect::<Vec<_>>()})).await;
    one_call.seconds = started.elapsed().as_secs_f64();
    one_call.add(&answer);
    assert_eq!(answer.json::<Value>().await.unwrap()["Written"], AT_ONCE);
    one_call.show("one call");

    let (mut text, mut good) = ("UserId,CustomerNumber\n".to_owned(), BTreeMap::new());
    for (place, user) in users.iter().enumerate() {
        let is_bad = place >= SINGLE + AT_ONCE && place % 100 == 0;
        let user = if is_bad { UserId::random().to_string() } else { user.clone() };
        text.extend([user.as_str(), ",", &number(place), "\n"]);
        if !is_bad {
            good.insert(user, number(place));
        }
    }
    let directory = env::temp_dir().join(format!("import-{}", random_id(8)));
    fs::create_dir(&directory).unwrap();
    let file: PathBuf = directory.join("associations.csv");
    fs::write(&file, text).unwrap();
    let started = Instant::now();
    let third = u64::try_from(rows / 3).unwrap();
    let runs = [run(&world, &file, Some(third)), run(&world, &file, Some(2 * third)), run(&world, &file, None)];
    let seconds = started.elapsed().as_secs_f64();
    assert_eq!(runs.map(|(code, _)| code), [None, None, Some(3)]);
    assert!(world.listed().await == good, "every good row is in, once");
    let rejected = fs::read_to_string(directory.join("associations.csv.rejected.csv")).unwrap();
    assert_eq!(rejected.lines().count() - 1, users.len() - good.len(), "every bad row is told");
    let peak = runs.map(|(_, peak)| peak).into_iter().max().unwrap();
    assert!(peak < 50 * 1024, "{peak} KiB");
    #[expect(clippy::cast_precision_loss, reason = "figures for a table")]
    let rate = users.len() as f64 / seconds;
    println!("| the command, killed twice | {} | {rate:.0} | | |\n", users.len());
    println!("The command's peak memory: {} MB; {} rows rejected.", peak / 1024, users.len() - good.len());
    fs::remove_dir_all(directory).unwrap();
    world.bundle.stop().await;
}
