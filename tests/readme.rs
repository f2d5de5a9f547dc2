//! The sessions of the README and the guides, executed as they stand there.

use std::process::Stdio;

use local::Bundle;
use regex_lite::Regex;
use tokio::process::Command;

/// Printed between the steps.
const STEP: &str = "-- next step --";

/// The languages whose blocks are parts of programs that CI runs.
const LANGUAGES_OF_CLIENTS: [&str; 4] = ["typescript", "python", "go", "rust"];

/// The fenced blocks of a page: the language of each, and what is in it.
fn blocks(page: &str) -> Vec<(&str, &str)> {
    let blocks: Vec<_> = page.split("\n```").collect();
    // Prose and blocks take turns.
    blocks.iter().skip(1).step_by(2).map(|block| block.split_once('\n').unwrap()).collect()
}

/// A session's steps: what to paste, and what it prints.
fn steps(page: &str) -> Vec<(String, String)> {
    let blocks: Vec<_> = blocks(page).into_iter().filter(|(language, _)| ["bash", "json"].contains(language)).collect();
    let steps = blocks.chunks(2).map(|step| {
        let [("bash", commands), ("json", answer)] = step else { panic!("commands, then an answer: {step:?}") };
        ((*commands).to_owned(), (*answer).to_owned())
    });
    steps.collect()
}

/// The part of a page that is a session.
fn session(page: &str) -> &str {
    page.split("\n## Try it\n").nth(1).unwrap().split("\n## ").next().unwrap()
}

/// Whether `printed` is `shown`, in which `…` stands for anything within one text.
fn matches(printed: &str, shown: &str) -> bool {
    let pattern = regex_lite::escape(shown).replace('…', "[^\"]*");
    Regex::new(&format!("^{pattern}$")).unwrap().is_match(printed)
}

/// Runs a session on a bundle of its own, since it takes the names that it uses.
async fn prints_what_it_says(session: &str) {
    let bundle = Bundle::start(&local::Options::in_memory()).await.unwrap();
    let steps = steps(session);
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
        assert!(matches(printed, shown), "{commands}\nprints\n{printed}\nwhere the page says\n{shown}");
    }
    bundle.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sessions_of_the_readme_and_the_quickstart_print_what_they_say() {
    let (readme, quickstart) = (include_str!("../README.md"), include_str!("../docs/quickstart.md"));
    for (session, least) in [(session(readme), 3), (session(quickstart), 6)] {
        assert!(steps(session).len() >= least, "{session}");
        prints_what_it_says(session).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guide_to_lists_prints_what_it_says() {
    prints_what_it_says(include_str!("../docs/lists.md")).await;
}

#[test]
fn code_in_a_guide_is_part_of_a_client_that_ci_runs() {
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let clients = [
        include_str!("../clients/typescript/session.ts"),
        include_str!("../clients/python/session.py"),
        include_str!("../clients/oauth/client.mjs"),
        include_str!("../clients/oauth/client.py"),
        include_str!("../clients/oauth/client.go"),
        include_str!("foreign_verifier.rs"),
    ]
    .map(flat);
    let mut count = 0;
    for page in [include_str!("../docs/quickstart.md"), include_str!("../docs/verifying-tokens.md")] {
        let code = blocks(page).into_iter().filter(|(language, _)| LANGUAGES_OF_CLIENTS.contains(language));
        for (_, code) in code {
            assert!(clients.iter().any(|client| client.contains(&flat(code))), "no client has this:\n{code}");
            count += 1;
        }
    }
    assert!(count >= 30, "{count}");
}

/// Every link of a page to another file of the repository leads somewhere.
#[test]
fn every_link_of_the_guides_leads_somewhere() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let link = Regex::new(r"\]\(([^)#:\s]*)(#[^)\s]*)?\)").unwrap();
    let mut pages: Vec<_> = std::fs::read_dir(root.join("docs")).unwrap().map(|file| file.unwrap().path()).collect();
    pages.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    let top = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"];
    pages.extend(top.map(|name| root.join(name)));
    for page in pages {
        let text = std::fs::read_to_string(&page).unwrap();
        for found in link.captures_iter(&text) {
            let target = if found[1].is_empty() { page.clone() } else { page.parent().unwrap().join(&found[1]) };
            assert!(target.exists(), "{} links to {}", page.display(), &found[0]);
            let Some(anchor) = found.get(2).filter(|_| target.extension().is_some_and(|kind| kind == "md")) else {
                continue;
            };
            let target = std::fs::read_to_string(target).unwrap();
            let titles = target.lines().filter(|line| line.starts_with('#')).map(|title| title.trim_start_matches('#'));
            assert!(
                titles.map(xtask::anchor).any(|title| anchor.as_str() == format!("#{title}")),
                "{}: {}",
                page.display(),
                &found[0]
            );
        }
    }
}

#[test]
fn the_readme_names_the_least_version_of_rust() {
    assert!(include_str!("../README.md").contains(concat!("Rust ", env!("CARGO_PKG_RUST_VERSION"), " or later")));
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
