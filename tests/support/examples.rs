//! Answers as the document shows them: what is different each time is replaced by a word's example.

use std::{fs, path::Path};

use regex_lite::Regex;
use serde_json::{Value, json};

/// What stands for each thing that differs from run to run, by how it looks.
const LOOKS: [(&str, &str); 8] = [
    (r"^kp_[0-9a-z]{24}$", "USER_ID"),
    (r"^org_[0-9a-z]{8,28}$", "ORG_CODE"),
    (r"^inv_[0-9a-z]{24}$", "INVITATION_ID"),
    (r"^client_[0-9a-z]{24}$", "CLIENT_ID"),
    (r"^orgkey_", "API_KEY"),
    (r"^[0-9a-f]{24}$", "ORGANIZATION_ID"),
    (r"^eyJ[\w-]+\.[\w-]+\.[\w-]+$", "TOKEN"),
    (r"^\d{4}-\d\d-\d\dT[\d:.]+Z$", "TIME"),
];

fn directory() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../events/examples")
}

/// Compares an answer with the example that the document shows, or writes the example with `UPDATE_SNAPSHOTS`.
#[track_caller]
pub(crate) fn check_example(operation: &str, answer: &Value, issuer: &str) {
    let words: Value = serde_json::from_str(&fs::read_to_string(directory().join("words.json")).unwrap()).unwrap();
    let mut example = answer.clone();
    replace(&mut example, "", issuer, &words);
    let file = directory().join(format!("{operation}.json"));
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(&file, serde_json::to_string_pretty(&example).unwrap() + "\n").unwrap();
    }
    let shown: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(example, shown, "{operation}");
}

fn replace(value: &mut Value, name: &str, issuer: &str, words: &Value) {
    match value {
        Value::Object(fields) => fields.iter_mut().for_each(|(name, value)| replace(value, name, issuer, words)),
        Value::Array(items) if name == "keys" => {
            // How many keys there are depends on who has signed by now.
            items.truncate(1);
            for item in items {
                replace(item, name, issuer, words);
            }
        }
        Value::Array(items) => {
            for item in items.iter_mut() {
                replace(item, name, issuer, words);
            }
            // Some are sorted by ids, which are random.
            items.sort_by_cached_key(Value::to_string);
        }
        Value::String(text) => {
            let look = LOOKS.iter().find(|(pattern, _)| Regex::new(pattern).unwrap().is_match(text));
            match (name, look) {
                ("WelcomeEmail", _) => *value = json!("sent"),
                ("ClientSecret", _) => *value = words["CLIENT_SECRET"].clone(),
                // A key's coordinates and its name.
                ("x" | "y" | "kid", _) => *value = json!(format!("{name}0aZ5mQ2yS9cW4tB7")),
                (_, Some((_, word))) => *value = words[*word].clone(),
                _ => *text = text.replace(issuer, words["ISSUER"].as_str().unwrap()),
            }
        }
        _ => {}
    }
}
