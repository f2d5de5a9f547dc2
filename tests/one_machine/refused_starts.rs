//! Ports and data that another process has.

use std::process::{Command, Output};

use crate::support::{binary, unique};

use super::{Process, command};

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
