//! `cargo run -- import` and `cargo run -- export`: files of any size, over the API.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    imports::listed,
    support::{Caller, Tenant, account_items, binary, server, tenant},
};

/// The rows that a stopped import is tested with, of which each hundredth is bad.
const ROWS: usize = 1_000;
/// The memory that an import of any size takes at most, in KiB.
const MAX_MEMORY: u64 = 50 * 1024;

struct World {
    tenant: Tenant,
    key: String,
    directory: TempDir,
}

impl World {
    async fn new() -> Self {
        let tenant = tenant().await;
        let machine = tenant.admin.post("/api/organizations/api-access", &json!({"Name": "ERP"})).await.ok();
        let key = machine["ApiKey"].as_str().unwrap().to_owned();
        Self { tenant, key, directory: tempfile::tempdir().unwrap() }
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.directory.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary("local"));
        command.args(arguments).args(["--url", &server().url]).env("API_KEY", &self.key);
        command
    }

    fn import(&self, kind: &str, file: &Path, options: &[&str]) -> Command {
        let mut command = self.command(&["import", kind, file.to_str().unwrap()]);
        command.args(options);
        command
    }
}

/// The command's exit code and what it printed on either output.
fn done(mut command: Command) -> (Option<i32>, String, String) {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// A file beside an imported one.
fn beside(file: &Path, extension: &str) -> PathBuf {
    PathBuf::from(format!("{}.{extension}", file.display()))
}

/// How many rows the journal says are done.
fn journaled(file: &Path) -> u64 {
    let journal = fs::read(beside(file, "journal")).unwrap_or_default();
    serde_json::from_slice::<Value>(&journal).ok().and_then(|journal| journal["rows"].as_u64()).unwrap_or(0)
}

/// Waits until the import has done so many rows, and kills it. Returns its peak memory in KiB, as far as it was seen.
fn kill_after(mut child: Child, file: &Path, rows: u64) -> u64 {
    let (deadline, mut peak) = (Instant::now() + Duration::from_mins(2), 0);
    while journaled(file) < rows {
        assert!(child.try_wait().unwrap().is_none(), "it goes on until it is killed");
        assert!(Instant::now() < deadline, "{} rows in time", journaled(file));
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let seen =
            status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
        peak = peak.max(seen.unwrap_or(0));
        thread::sleep(Duration::from_millis(5));
    }
    // SIGKILL: nothing of it runs any more.
    child.kill().unwrap();
    child.wait().unwrap();
    peak
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_is_killed_twice_has_each_good_row_in_and_tells_each_bad_one() {
    let world = World::new().await;
    let users = account_items(ROWS).await;
    let (mut text, mut good, mut bad) = ("UserId;CustomerNumber\r\n".to_owned(), BTreeMap::new(), Vec::new());
    for (place, user) in users.iter().enumerate() {
        let number = format!("C-{:04}", place / 3);
        if place % 100 == 50 {
            let (row, why) = match place % 200 {
                50 => (format!("kp_000000000000000000000000;{number}"), "UserId is no account's id"),
                _ => (format!("{user};"), "CustomerNumber is required"),
            };
            bad.push(format!("{row};{};{why}\n", place + 1));
            text.push_str(&row);
        } else {
            text.extend([user.as_str(), ";", &number]);
            good.insert(user.clone(), number);
        }
        text.push_str("\r\n");
    }
    let file = world.file("associations.csv", &text);
    for rows in [200, 600] {
        let child = world
            .import("associations", &file, &["--rows-per-call", "200"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let peak = kill_after(child.unwrap(), &file, rows);
        assert!(peak > 0 && peak < MAX_MEMORY, "{peak} KiB");
    }
    let resumed_after = journaled(&file);
    let (code, stdout, stderr) = done(world.import("associations", &file, &[]));
    assert_eq!(code, Some(3), "{stdout}{stderr}");
    assert!(stderr.starts_with(&format!("going on after row {resumed_after}\n")), "{stderr}");
    assert!(stdout.starts_with(&format!("{ROWS} rows: ")) && stdout.contains(", 10 rejected\n"), "{stdout}");
    assert!(!beside(&file, "journal").exists());
    assert_eq!(listed(&world.tenant.admin).await, good);
    let rejected = fs::read_to_string(beside(&file, "rejected.csv")).unwrap();
    assert_eq!(rejected, format!("UserId;CustomerNumber;Row;Reasons\n{}", bad.concat()));

    // Once more, the whole of it changes nothing.
    let (code, stdout, _) = done(world.import("associations", &file, &[]));
    let expected = format!("{ROWS} rows: 0 written, {} unchanged, 10 rejected\n", ROWS - 10);
    assert!(code == Some(3) && stdout.starts_with(&expected), "{stdout}");
    assert_eq!(fs::read_to_string(beside(&file, "rejected.csv")).unwrap(), rejected);

    // The export is a file that an import takes, as are mended rows.
    let (code, exported, stderr) = done(world.command(&["export", "associations"]));
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let rows: Vec<_> = good.iter().map(|(user, number)| format!("{user},{number}")).collect();
    assert!(exported == format!("UserId,CustomerNumber\n{}\n", rows.join("\n")));
    let mended = format!("CustomerNumber;Row;UserId;Reasons\nC-1;51;{};none\n", users[50]);
    let (code, stdout, _) = done(world.import("associations", &world.file("mended.csv", &mended), &[]));
    assert_eq!((code, stdout.as_str()), (Some(0), "1 rows: 1 written, 0 unchanged, 0 rejected\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn customers_are_imported_and_exported_with_the_currencies_that_are_their_own() {
    let world = World::new().await;
    let tier = json!({"Name": "Gold", "CurrencyCode": "EUR"});
    world.tenant.admin.post("/api/organizations/price-tiers", &tier).await;
    let text = "customernumber,CompanyName,Pricing,CurrencyCode,Active\nC-1,\"Acme, Inc.\",gold,,\n\
                C-2,Beta,Gold,USD,FALSE\nC-3,Gamma,Silver,,\n";
    let file = world.file("customers.csv", text);
    let (code, stdout, _) = done(world.import("customers", &file, &[]));
    assert!(code == Some(3) && stdout.starts_with("3 rows: 2 written, 0 unchanged, 1 rejected\n"), "{stdout}");
    let rejected = fs::read_to_string(beside(&file, "rejected.csv")).unwrap();
    let expected = "customernumber,CompanyName,Pricing,CurrencyCode,Active,Row,Reasons\n\
                    C-3,Gamma,Silver,,,3,Pricing is no price tier of this organization\n";
    assert_eq!(rejected, expected);
    let customer = world.tenant.admin.get("/api/customers/C-2").await.ok();
    let expected = json!({
        "CustomerNumber": "C-2", "CompanyName": "Beta", "Pricing": "Gold", "CurrencyCode": "USD", "Active": false,
    });
    assert_eq!(customer, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_names_what_can_be_told_without_the_api_and_sends_nothing() {
    let world = World::new().await;
    let user = account_items(1).await.remove(0);
    let file = world.file("dry.csv", &format!("UserId,CustomerNumber\n{user},C-1\n{user}\nnobody,\n"));
    let (code, stdout, stderr) = done(world.import("associations", &file, &["--dry-run"]));
    let said = "row 2: Row has 1 cells, and the header has 2\n\
                row 3: CustomerNumber is required; UserId is no account's id\n\
                3 rows, 2 of which can't be imported; nothing was sent\n";
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (Some(3), said, ""));
    assert_eq!(listed(&world.tenant.admin).await, BTreeMap::new());
    let file = world.file("bad.csv", "User,CustomerNumber\nx,y\n");
    let (code, stdout, stderr) = done(world.import("associations", &file, &["--dry-run"]));
    let said = "error: User is no field of this request; did you mean UserId?; UserId is required\n";
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (Some(1), "", said));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_fails_says_why_and_another_file_is_not_resumed() {
    let world = World::new().await;
    let user = account_items(1).await.remove(0);
    let file = world.file("file.csv", &format!("UserId,CustomerNumber\n{user},C-1\n"));
    let mut wrong = world.import("associations", &file, &[]);
    let (code, stdout, stderr) = done({
        wrong.env("API_KEY", format!("{}x", world.key));
        wrong
    });
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert!(stderr.starts_with("error: The "), "{stderr}");
    let nowhere = Command::new(binary("local"))
        .args(["import", "associations", file.to_str().unwrap(), "--url", "http://127.0.0.1:9", "--key", "x"])
        .args(["--give-up-after", "0"])
        .output()
        .unwrap();
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(String::from_utf8(nowhere.stderr).unwrap().ends_with("run the command again to go on\n"));

    let journal = json!({
        "import": "another", "offset": 30, "rows": 1, "written": 1, "unchanged": 0, "rejected": 0, "rejected_bytes": 0,
    });
    fs::write(beside(&file, "journal"), journal.to_string()).unwrap();
    let (code, _, stderr) = done(world.import("associations", &file, &[]));
    assert!(code == Some(1) && stderr.contains("is of another import"), "{stderr}");
    let (code, stdout, _) = done(world.import("associations", &file, &["--restart"]));
    assert_eq!((code, stdout.as_str()), (Some(0), "1 rows: 1 written, 0 unchanged, 0 rejected\n"));

    let endless = world.file("endless.csv", &format!("UserId,CustomerNumber\n\"{}", "x\n".repeat(2_000_000)));
    let (code, _, stderr) = done(world.import("associations", &endless, &[]));
    assert!(code == Some(1) && stderr.contains("is there a quotation mark that is never closed?"), "{stderr}");
}
