//! What the binary does beside serving an empty API: the demo, keys of operators, the gallery of mails.

use std::process::{Command, Output};

use serde_json::json;

use crate::support::{Caller, Elsewhere, binary, subscription_path};

use super::Process;

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
