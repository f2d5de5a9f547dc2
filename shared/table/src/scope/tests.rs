//! Rules that the privacy of Rust's modules can't express. Every way past the live role check is listed here, so that a
//! new one has to be written down. The reasons are at [`super::Authority`].

use std::{collections::BTreeSet, fs, path::Path};

/// Each use of an authority other than an admin's role, by file.
const WAYS_PAST_THE_ROLE: [(&str, &str); 27] = [
    ("address_move.rs", "AccountOwner"),
    ("associations/import.rs", "Operator"),
    ("associations/repair.rs", "Operator"),
    ("create_organization.rs", "Founder"),
    ("create_organization.rs", "Operator"),
    ("customers/earlier_form.rs", "Migration"),
    ("customers/list.rs", "Listed"),
    ("customers/view.rs", "Member"),
    ("indexes/mod.rs", "Migration"),
    ("indexes/mod.rs", "Operator"),
    ("indexes/two_orders.rs", "Operator"),
    ("invitations/accept.rs", "Invited"),
    ("invitations/forget.rs", "Mailer"),
    ("invitations/open.rs", "Invited"),
    ("leave.rs", "Member"),
    ("links.rs", "AccountOwner"),
    ("machines.rs", "Machine"),
    ("members/build.rs", "Migration"),
    ("members/earlier.rs", "Migration"),
    ("members/repair.rs", "Operator"),
    ("memberships.rs", "Member"),
    ("outbox.rs", "Mailer"),
    ("price_tiers/earlier_form.rs", "Migration"),
    ("profile.rs", "AccountOwner"),
    ("subscriptions/change.rs", "Billing"),
    ("subscriptions/earlier.rs", "Migration"),
    ("subscriptions/read.rs", "Member"),
];

/// Names that lead to the engine or build a key. No code outside of `scope` may contain them.
const SCOPE_ONLY: [&str; 5] =
    ["dynamo::Table", "dynamo::Key::new", "CountedIndex::new", "IndexReader::new", ".engine("];

/// The files that take an untyped key: for the engine's transactions and limits, or for an entry of an index.
const RAW_KEYS: [&str; 8] = [
    "associations/import.rs",
    "associations/order.rs",
    "associations/repair.rs",
    "customers/earlier_form.rs",
    "indexes/two_orders.rs",
    "login_attempts.rs",
    "mail_budgets.rs",
    "members/seen.rs",
];

/// Returns every source file outside of `scope`: its path below `src`, and its code.
fn use_cases() -> Vec<(String, String)> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut files, mut folders) = (Vec::new(), vec![source.clone()]);
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        for path in entries.filter(|path| !path.ends_with("src/scope")) {
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push((relative(&path, &source), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    files
}

fn relative(path: &Path, source: &Path) -> String {
    let parts = path.strip_prefix(source).unwrap().iter().map(|part| part.to_str().unwrap());
    parts.collect::<Vec<_>>().join("/")
}

#[test]
fn no_use_case_names_the_engine_or_builds_a_key() {
    let files = use_cases();
    assert!(files.len() > 20, "the sources were found");
    for (file, code) in files {
        for name in SCOPE_ONLY {
            assert!(!code.contains(name), "{file} names {name}");
        }
    }
}

/// Returns the names that `code` imports from the crate or module `from`, without their renames.
fn imports(code: &str, from: &str) -> BTreeSet<String> {
    let begin = format!("use {from}::");
    let statements = code.split(&begin).skip(1).filter_map(|after| after.split(';').next());
    let items = statements.flat_map(|items| items.split(['{', '}', ',']));
    items.filter_map(|item| item.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
fn no_use_case_imports_the_engine_or_a_key_under_a_shorter_name() {
    let sample = "use dynamo::{\n    Expression,\n    Key as Address,\n};\nuse dynamo::Table;";
    assert_eq!(imports(sample, "dynamo"), BTreeSet::from(["Expression", "Key", "Table"].map(str::to_owned)));
    for (file, code) in use_cases() {
        for (from, name) in [("dynamo", "Table"), ("dynamo", "Key"), ("dynamo", "*"), ("dynamo", "self")] {
            assert!(!imports(&code, from).contains(name), "{file} imports {from}::{name}");
        }
        for from in ["dynamo", "counted_index"] {
            assert!(!code.contains(&format!("use {from} as")), "{file} renames {from}");
        }
        for renamed in ["Authority as", "CountedIndex as", "IndexReader as"] {
            assert!(!code.contains(renamed), "{file} has {renamed}");
        }
    }
}

#[test]
fn each_way_past_the_live_role_check_is_written_down() {
    let mut ways = BTreeSet::new();
    for (file, code) in use_cases() {
        for after in code.split("Authority::").skip(1) {
            let name: String = after.chars().take_while(char::is_ascii_alphanumeric).collect();
            ways.insert((file.clone(), name));
        }
    }
    let expected = WAYS_PAST_THE_ROLE.map(|(file, authority)| (file.to_owned(), authority.to_owned()));
    assert_eq!(ways, BTreeSet::from(expected));
}

#[test]
fn each_file_that_takes_a_raw_key_is_written_down() {
    let takes_raw = |code: &str| code.contains("into_raw(") || code.contains("entry_key(");
    let files = use_cases().into_iter().filter(|(_, code)| takes_raw(code)).map(|(file, _)| file);
    assert_eq!(files.collect::<BTreeSet<_>>(), RAW_KEYS.map(str::to_owned).into());
}
