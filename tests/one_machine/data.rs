//! The data: what a stop, a kill and a restart leave, and who may read it.

use std::{
    collections::BTreeMap,
    fs::{self, Permissions},
    io::Write,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Command,
    time::Duration,
};

use serde_json::json;

use crate::support::{PASSWORD, binary, unique};

use super::{Process, command};

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
