//! `cargo run`: the real binary, its ports, its data, its end.

use std::{
    collections::BTreeMap,
    fs::{self, File, Permissions},
    io::{BufRead, BufReader, Write},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use local::Bundle;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::support::{Caller, Elsewhere, PASSWORD, binary, subscription_path, unique};

/// The bundle as a process of its own.
struct Process {
    child: Child,
    url: String,
    dynamodb: String,
    greeting: Vec<String>,
}

fn command(data: &Path) -> Command {
    let mut command = Command::new(binary("local"));
    command.args(["--port", "0", "--dynamodb-port", "0", "--data-dir"]).arg(data);
    command.env_remove("PORT").env("RUST_LOG", "warn,dynoxide=off");
    command
}

impl Process {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut greeting = Vec::new();
        while !greeting.last().is_some_and(|line: &String| line.starts_with("Open ")) {
            greeting.push(lines.next().expect("the greeting ends with the page to open").unwrap());
        }
        let line = |begin: &str| greeting.iter().find(|line| line.trim_start().starts_with(begin)).unwrap();
        let url = line("The organizations API").rsplit(' ').next().unwrap().to_owned();
        let dynamodb = line("DynamoDB").split_whitespace().nth(1).unwrap().to_owned();
        Self { child, url, dynamodb, greeting }
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    fn stop(mut self, signal: &str) -> Option<i32> {
        self.signal(signal);
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(started.elapsed() < Duration::from_secs(15), "it doesn't stop");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        let answer = Client::new().post(format!("{}{path}", self.url)).json(body).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    async fn create(&self, name: &str) -> Option<(String, String)> {
        let email = format!("{}@founder.example", unique("ada"));
        let body = json!({
            "Organization": {"Name": name},
            "User": {"FirstName": "Ada", "LastName": "Lovelace", "Email": email, "Password": PASSWORD},
        });
        let sent = Client::new().post(format!("{}/api/organizations", self.url)).json(&body).send().await;
        let answer = sent.ok()?;
        assert_eq!(answer.status(), 200);
        let created: Value = answer.json().await.ok()?;
        Some((email, created["Slug"].as_str().unwrap().to_owned()))
    }

    /// Signs in for the organization and looks at it.
    async fn name_of(&self, email: &str, code: &str) -> Value {
        let login = json!({"Email": email, "Password": PASSWORD, "OrgCode": code});
        let (status, signed_in) = self.post("/api/auth/login", &login).await;
        assert_eq!(status, 200, "{signed_in}");
        self.view(signed_in["AccessToken"].as_str().unwrap()).await["Organization"]["Name"].clone()
    }

    async fn view(&self, token: &str) -> Value {
        let answer =
            Client::new().get(format!("{}/api/organization", self.url)).bearer_auth(token).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.json().await.unwrap()
    }

    async fn mails_to(&self, address: &str, count: usize) -> usize {
        for _ in 0..500 {
            let mails: Value =
                reqwest::get(format!("{}/_local/mailbox", self.url)).await.unwrap().json().await.unwrap();
            let found = mails.as_array().unwrap().iter().filter(|mail| mail["To"] == address).count();
            if found >= count {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("no mail to {address}");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn it_greets_with_its_address_its_data_and_the_page_to_open() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let process = Process::start(command(&data));
    let (url, dynamodb) = (&process.url, &process.dynamodb);
    let expected = [
        format!("The organizations API listens on {url}"),
        format!("  data      {}", data.display()),
        format!("  DynamoDB  {dynamodb} (table organizations)"),
        format!("  mailbox   {url}/_local/mailbox"),
        format!("  reference {url}/docs"),
        String::new(),
        format!("Open {url} to begin."),
    ];
    assert_eq!(process.greeting, expected);
    assert_eq!(reqwest::get(dynamodb).await.unwrap().status(), 200, "other tools reach DynamoDB");
    assert_eq!(process.stop("-INT"), Some(0));
}

#[tokio::test]
async fn the_log_names_nobody_and_holds_no_secret() {
    let data = tempfile::tempdir().unwrap();
    let log = data.path().join("log");
    let mut command = command(data.path());
    command.env("RUST_LOG", "info,dynoxide=off").stderr(File::create(&log).unwrap());
    let process = Process::start(command);
    let name = unique("Nameless");
    let (email, code) = process.create(&name).await.unwrap();
    process.mails_to(&email, 1).await;
    let wrong = json!({"Email": email, "Password": "not the password", "OrgCode": code});
    assert_eq!(process.post("/api/auth/login", &wrong).await.0, 401);
    let (_, signed_in) = process.post("/api/auth/login", &json!({"Email": email, "Password": PASSWORD})).await;
    let token = signed_in["AccessToken"].as_str().unwrap();
    assert_eq!(process.name_of(&email, &code).await, name);
    let forgot = Client::new().post(format!("{}/api/auth/forgot-password", process.url)).json(&json!({"Email": email}));
    assert_eq!(forgot.send().await.unwrap().status(), 202);
    let (_, problem) =
        process.post("/api/users", &json!({"Email": email, "Password": PASSWORD, "FirstName": "A"})).await;
    assert_eq!(problem["status"], 400);
    reqwest::get(format!("{}/api/customers/C-secret", process.url)).await.unwrap();
    reqwest::get(format!("{}/nowhere/C-secret?Email={email}", process.url)).await.unwrap();
    process.mails_to(&email, 2).await;
    process.stop("-INT");

    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.matches("answered").count() >= 8, "{log}");
    let local_part = email.split('@').next().unwrap();
    for private in ["@", local_part, "Lovelace", &name, PASSWORD, "not the password", "C-secret", token, "eyJ0eXAi"] {
        assert!(!log.contains(private), "{private}: {log}");
    }
}

#[tokio::test]
async fn a_clean_stop_loses_nothing_and_a_second_start_goes_on() {
    let data = tempfile::tempdir().unwrap();
    let name = unique("Kept");
    let process = Process::start(command(data.path()));
    let (email, code) = process.create(&name).await.unwrap();
    let keys = reqwest::get(format!("{}/.well-known/jwks.json", process.url)).await.unwrap().text().await.unwrap();
    assert_eq!(process.stop("-TERM"), Some(0), "a clean stop sends the mails that wait");

    let process = Process::start(command(data.path()));
    assert_eq!(process.mails_to(&email, 1).await, 1);
    assert_eq!(process.name_of(&email, &code).await, name);
    let again = reqwest::get(format!("{}/.well-known/jwks.json", process.url)).await.unwrap().text().await.unwrap();
    assert_eq!(again, keys, "the signing secret is kept");
    process.create(&unique("More")).await.unwrap();
    assert_eq!(process.mails_to(&email, 1).await, 1, "a restart sends nothing again");

    // What a crash can leave of the files that aren't the table's.
    assert_eq!(process.stop("-INT"), Some(0));
    std::fs::write(data.path().join("stream-position"), "").unwrap();
    let mut mailbox = std::fs::OpenOptions::new().append(true).open(data.path().join("mailbox.jsonl")).unwrap();
    mailbox.write_all(b"{\"Subject\":\"\xc3").unwrap();
    let process = Process::start(command(data.path()));
    assert_eq!(process.name_of(&email, &code).await, name);
    assert_eq!(process.mails_to(&email, 1).await, 1, "the stream from its beginning sends nothing again");
}

#[tokio::test]
async fn a_token_outlives_a_restart_on_the_same_port() {
    let data = tempfile::tempdir().unwrap();
    let name = unique("Kept");
    let process = Process::start(command(data.path()));
    let (email, code) = process.create(&name).await.unwrap();
    let login = json!({"Email": email, "Password": PASSWORD, "OrgCode": code});
    let token = process.post("/api/auth/login", &login).await.1["AccessToken"].as_str().unwrap().to_owned();
    let port = process.url.rsplit(':').next().unwrap().to_owned();
    assert_eq!(process.stop("-INT"), Some(0));

    let mut again = Command::new(binary("local"));
    again
        .args(["--dynamodb-port", "0", "--data-dir"])
        .arg(data.path())
        .env("PORT", port)
        .env("RUST_LOG", "warn,dynoxide=off");
    let process = Process::start(again);
    assert_eq!(process.view(&token).await["Organization"]["Name"], name);
}

#[tokio::test]
async fn a_kill_loses_nothing_that_was_acknowledged() {
    let data = tempfile::tempdir().unwrap();
    let mut acknowledged = Vec::new();
    for round in 0..3 {
        let process = Process::start(command(data.path()));
        let kill = async {
            tokio::time::sleep(Duration::from_millis(300 + 150 * round)).await;
            process.signal("-KILL");
        };
        let work = async {
            loop {
                let name = unique("Acknowledged");
                let Some((email, code)) = process.create(&name).await else { break };
                acknowledged.push((name, email, code));
            }
        };
        tokio::join!(kill, work);
    }
    assert!(acknowledged.len() >= 3, "each round acknowledged something");
    let process = Process::start(command(data.path()));
    for (name, email, code) in &acknowledged {
        assert_eq!(&process.name_of(email, code).await, name);
    }
}

/// The permissions of a directory's files, and of the directory itself as `.`.
fn modes(directory: &Path) -> BTreeMap<String, u32> {
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let files = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap());
    let modes = files.map(|entry| (entry.file_name().into_string().unwrap(), mode(&entry.path())));
    modes.chain([(".".to_owned(), mode(directory))]).collect()
}

#[tokio::test]
async fn the_data_is_its_owners_alone_also_where_an_earlier_version_left_it_open() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let process = Process::start(command(&data));
    let (email, _) = process.create(&unique("Closed")).await.unwrap();
    process.mails_to(&email, 1).await;
    let closed = modes(&data);
    for name in ["dynamodb.sqlite", "dynamodb.sqlite-wal", "dynamodb.sqlite-shm", "mailbox.jsonl", "signing-secret"] {
        assert_eq!(closed.get(name), Some(&0o600), "{closed:?}");
    }
    assert_eq!(closed["."], 0o700);
    assert!(closed.values().all(|mode| [0o600, 0o700].contains(mode)), "{closed:?}");

    // A kill leaves every file there.
    process.signal("-KILL");
    drop(process);
    for (name, mode) in modes(&data) {
        fs::set_permissions(data.join(name), Permissions::from_mode(mode | 0o055)).unwrap();
    }
    let process = Process::start(command(&data));
    let closed = modes(&data);
    assert!(closed.contains_key("dynamodb.sqlite-wal") && closed["."] == 0o700, "{closed:?}");
    assert!(closed.values().all(|mode| [0o600, 0o700].contains(mode)), "{closed:?}");
    assert_eq!(process.mails_to(&email, 1).await, 1);
    assert_eq!(process.stop("-INT"), Some(0));

    // Somebody else's files in the directory stay as they are, and so does the way to them.
    fs::write(data.join("notes.txt"), "").unwrap();
    for (name, mode) in [("notes.txt", 0o644), ("mailbox.jsonl", 0o644), (".", 0o755)] {
        fs::set_permissions(data.join(name), Permissions::from_mode(mode)).unwrap();
    }
    let process = Process::start(command(&data));
    let modes = modes(&data);
    assert_eq!((modes["notes.txt"], modes["mailbox.jsonl"], modes["."]), (0o644, 0o600, 0o755));
    assert_eq!(process.stop("-INT"), Some(0));
}

#[tokio::test]
async fn in_memory_nothing_is_left_behind() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = Command::new(binary("local"));
    command
        .args(["--in-memory", "--port", "0", "--dynamodb-port", "0"])
        .env_remove("PORT")
        .env("RUST_LOG", "warn,dynoxide=off");
    command.current_dir(directory.path());
    let process = Process::start(command);
    process.create(&unique("Gone")).await.unwrap();
    assert_eq!(process.greeting[1], "  data      in memory only");
    assert_eq!(process.stop("-INT"), Some(0));
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

fn refused(mut command: Command) -> (Option<i32>, String) {
    let Output { status, stderr, stdout } = command.output().unwrap();
    assert_eq!(String::from_utf8(stdout).unwrap(), "");
    (status.code(), String::from_utf8(stderr).unwrap())
}

#[tokio::test]
async fn a_taken_port_is_one_clear_line_and_exit_code_1() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let options = ["--port", "--dynamodb-port", "--ses-port"];
    for option in options {
        let mut command = Command::new(binary("local"));
        command.arg("--in-memory").env_remove("PORT");
        for each in options {
            command.args([each, if each == option { &port } else { "0" }]);
        }
        let expected = format!("error: port {port} is taken; choose another with {option}\n");
        assert_eq!(refused(command), (Some(1), expected));
    }
}

#[tokio::test]
async fn a_taken_port_for_mails_that_nobody_asked_for_stops_no_start() {
    // Where it can't be bound here, another process has it, which is as good.
    let _taken = std::net::TcpListener::bind("127.0.0.1:8001");
    let data = tempfile::tempdir().unwrap();
    let process = Process::start(command(data.path()));
    let (email, _) = process.create(&unique("Second")).await.unwrap();
    assert_eq!(process.mails_to(&email, 1).await, 1);
    assert_eq!(process.stop("-INT"), Some(0));
}

#[tokio::test]
async fn data_in_use_by_another_process_is_one_clear_line_and_exit_code_1() {
    let data = tempfile::tempdir().unwrap();
    let process = Process::start(command(data.path()));
    let expected = format!(
        "error: {} is in use by another process; stop it, or choose another place with --data-dir\n",
        data.path().display()
    );
    assert_eq!(refused(command(data.path())), (Some(1), expected));
    assert_eq!(process.stop("-INT"), Some(0));
}

#[tokio::test]
async fn a_path_that_is_no_utf_8_names_the_field() {
    let email = "ada@acme.example";
    let bundle = Bundle::start(&local::Options::in_memory()).await.unwrap();
    let elsewhere = Elsewhere { url: Some(bundle.url()), ..Elsewhere::default() };
    let user = json!({"FirstName": "A", "LastName": "B", "Email": email, "Password": PASSWORD});
    let body = json!({"Organization": {"Name": "Acme"}, "User": user});
    let created = elsewhere.post("/api/organizations", &body).await.ok();
    let login = json!({"Email": email, "Password": PASSWORD, "OrgCode": created["Slug"]});
    let token = elsewhere.post("/api/auth/login", &login).await.ok()["AccessToken"].as_str().map(str::to_owned);
    let admin = Elsewhere { token, ..elsewhere };
    admin.get("/api/customers/%ff").await.fields(&json!({"CustomerNumber": ["must be UTF-8"]}));
    bundle.stop().await;
}

#[tokio::test]
async fn the_demo_serves_an_organization_with_lists_to_page_through_and_a_plan() {
    let mut command = Command::new(binary("local"));
    command.args(["demo", "--port", "0", "--dynamodb-port", "0", "--ses-port", "0"]).env_remove("PORT");
    let process = Process::start(command);
    let shown = |begin: &str| {
        let line = process.greeting.iter().find_map(|line| line.trim_start().strip_prefix(begin));
        line.unwrap_or_else(|| panic!("{begin}: {:?}", process.greeting)).trim().to_owned()
    };
    let admin = Elsewhere { url: Some(process.url.clone()), token: Some(shown("token ")), ..Elsewhere::default() };
    let organization = admin.get("/api/organization").await.ok();
    let id = organization["Organization"]["OrganizationId"].as_str().unwrap();
    let named = format!("Northwind GmbH ({id}, ");
    assert!(process.greeting.iter().any(|line| line.starts_with(&named)), "{:?}", process.greeting);
    assert_eq!(
        organization["Subscriptions"],
        json!([
            {"SubscriptionId": "sub_demo", "Plan": "growth", "Status": "active"}
        ])
    );
    for (path, count) in
        [("/api/organizations/users/associations", 1_002), ("/api/organizations/users", 4), ("/api/customers", 3)]
    {
        assert_eq!(admin.get(path).await.ok()["TotalCount"], count, "{path}");
    }
    let (email, password) = shown("admin ").split_once(", ").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    admin.post("/api/auth/login", &json!({"Email": email, "Password": password})).await.ok();
    let operator = Elsewhere { token: Some(shown("operator ")), ..admin.clone() };
    let path = subscription_path(id, "sub_demo");
    operator.send(operator.request(reqwest::Method::DELETE, &path)).await.ok();
    let page = reqwest::get(format!("{}/_local/plans", process.url)).await.unwrap().text().await.unwrap();
    for words in ["Growth <code>growth</code>", "Free <code>free</code> (default)", "Price tiers"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert_eq!(process.stop("-TERM"), Some(0));
}

#[test]
fn an_operator_key_is_shown_with_the_entry_that_lets_it_in() {
    let made = |name: &[&str]| Command::new(binary("local")).arg("operator-key").args(name).output().unwrap();
    let Output { stdout, .. } = made(&["billing-team"]);
    let text = String::from_utf8(stdout).unwrap();
    let words: Vec<_> = text.split_whitespace().collect();
    let key = words.iter().find(|word| word.starts_with("opkey_")).unwrap();
    let entry = format!("billing-team={}", shared::digest::sha256_hex_of(key));
    assert_eq!(words.last(), Some(&entry.as_str()), "{text}");
    assert_ne!(made(&[]).stdout, made(&[]).stdout);
    let refused = made(&["Billing"]);
    assert!(!refused.status.success() && refused.stdout.is_empty(), "{refused:?}");
}

#[test]
fn the_gallery_has_every_mail_in_every_language() {
    let folder = tempfile::tempdir().unwrap();
    let named = ["--platform-name", "Acme Shop", "--platform-color", "#7a1fa2", "--support-email", "help@acme.example"];
    let written = Command::new(binary("local")).arg("mails").arg(folder.path()).args(named).output().unwrap();
    assert!(written.status.success(), "{written:?}");
    let page = std::fs::read_to_string(folder.path().join("index.html")).unwrap();
    let mut count = 0;
    for file in std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path()) {
        let text = std::fs::read_to_string(&file).unwrap();
        let name = file.file_name().unwrap().to_str().unwrap();
        if name != "index.html" {
            assert!(page.contains(&format!("href=\"{name}\"")), "{name}");
            assert!(text.contains("Acme Shop") && text.contains("help@acme.example"), "{name}: {text}");
            let is_page = file.extension().is_some_and(|extension| extension == "html");
            assert!(!is_page || text.contains("#7a1fa2"), "{name}: {text}");
            count += 1;
        }
    }
    assert_eq!(count, 11 * 2 * 2, "kinds, languages, forms");
    let refused = Command::new(binary("local")).args(["mails", "--platform-color", "purple"]).output().unwrap();
    assert!(
        String::from_utf8_lossy(&refused.stderr).contains("PLATFORM_COLOR must be a color as #0b57d0"),
        "{refused:?}"
    );
}
