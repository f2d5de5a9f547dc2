//! `cargo run`: the real binary, its ports, its data, its end.

mod commands;
mod data;
mod refused_starts;

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use local::Bundle;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::support::{Caller, Elsewhere, PASSWORD, binary, unique};

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
