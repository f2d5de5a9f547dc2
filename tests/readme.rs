//! The README's session, executed as it stands there.

use std::process::Stdio;

use local::Bundle;
use regex_lite::Regex;
use tokio::process::Command;

/// Printed between the steps.
const STEP: &str = "-- next step --";

/// The session's steps: what to paste, and what it prints.
fn steps() -> Vec<(String, String)> {
    let readme = include_str!("../README.md");
    let session = readme.split("\n## A session\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let blocks: Vec<_> = session.split("\n```").collect();
    // Prose and blocks take turns.
    let blocks: Vec<_> = blocks.iter().skip(1).step_by(2).map(|block| block.split_once('\n').unwrap()).collect();
    let steps = blocks.chunks(2).map(|step| {
        let [("bash", commands), ("json", answer)] = step else { panic!("commands, then an answer: {step:?}") };
        ((*commands).to_owned(), (*answer).to_owned())
    });
    steps.collect()
}

/// Whether `printed` is `shown`, in which `…` stands for anything within one text.
fn matches(printed: &str, shown: &str) -> bool {
    let pattern = regex_lite::escape(shown).replace('…', "[^\"]*");
    Regex::new(&format!("^{pattern}$")).unwrap().is_match(printed)
}

#[tokio::test]
async fn the_session_prints_what_the_readme_says() {
    // The session takes the names that it uses, so it has a bundle of its own.
    let bundle = Bundle::start(&local::Options::in_memory()).await.unwrap();
    let steps = steps();
    assert!(steps.len() >= 6);
    let script: Vec<_> = steps.iter().map(|(commands, _)| commands.as_str()).collect();
    let script = script.join(&format!("\necho '\n{STEP}'\n"));
    assert!(script.contains("API=http://127.0.0.1:3000\n"));
    let script = script.replace("http://127.0.0.1:3000", &bundle.url());

    let output = Command::new("bash").args(["-euc", &script]).stderr(Stdio::inherit()).output().await.unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{printed}");
    let printed: Vec<_> = printed.split(STEP).map(str::trim).collect();
    assert_eq!(printed.len(), steps.len());
    for ((commands, shown), printed) in steps.iter().zip(printed) {
        assert!(matches(printed, shown), "{commands}\nprints\n{printed}\nwhere the README says\n{shown}");
    }
    bundle.stop().await;
}

#[test]
fn an_ellipsis_stands_for_anything_within_one_text() {
    assert!(matches(r#"{"a":"xyz","b":1}"#, r#"{"a":"…","b":1}"#));
    assert!(matches(r#"{"a":"org_xyz","b":1}"#, r#"{"a":"org_…","b":1}"#));
    assert!(!matches(r#"{"a":"xyz","c":"2","b":1}"#, r#"{"a":"…","b":1}"#));
    assert!(!matches(r#"{"a":"xyz","b":2}"#, r#"{"a":"…","b":1}"#));
    assert!(!matches(r#"{"a":"xyz","b":1} "#, r#"{"a":"…","b":1}"#));
}

#[test]
fn every_test_that_security_md_names_exists() {
    let tests = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let named = Regex::new("`([a-z_/]+)::([a-z_0-9]+)`").unwrap();
    let mut count = 0;
    for name in named.captures_iter(include_str!("../SECURITY.md")) {
        let file = std::fs::read_to_string(tests.join(format!("{}.rs", &name[1]))).unwrap();
        assert!(file.contains(&format!("fn {}(", &name[2])), "{}", &name[0]);
        count += 1;
    }
    assert!(count > 30, "{count}");
}
