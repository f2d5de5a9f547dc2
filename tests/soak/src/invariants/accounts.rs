use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Faults, Table, invitations, table::text};

/// A credential is its account's, the two agree in what they share, and no account is without one.
pub(super) fn credential_is_an_account(table: &Table) -> Faults {
    let mut faults = Vec::new();
    let mut owners = BTreeMap::new();
    for (address, _, credential) in table.partitions("EMAIL#") {
        let user = text(&credential["user_id"]);
        let account = table.get(&format!("USER#{user}"), "USER");
        let shared = ["email", "first_name", "last_name", "session_id", "proven", "expires_at"];
        match account {
            None => faults.push(format!("the credential of {address} has no account")),
            Some(account) => faults.extend(
                // An attribute that was false when the item was made may be left out.
                shared.iter().filter(|name| !is_equal(&account[**name], &credential[**name])).map(|name| {
                    format!(
                        "{address}: {name} is {} in the account, {} in the credential",
                        account[*name], credential[*name]
                    )
                }),
            ),
        }
        if let Some(other) = owners.insert(user, address) {
            faults.push(format!("{address} and {other} are one account's"));
        }
    }
    let accounts = table.partitions("USER#").filter(|(_, sk, _)| *sk == "USER");
    faults.extend(
        accounts
            .filter(|(user, _, _)| !owners.contains_key(*user))
            .map(|(user, _, _)| format!("{user} has no credential")),
    );
    faults
}

fn is_equal(one: &Value, other: &Value) -> bool {
    one == other
        || (one.as_bool() != Some(true)
            && other.as_bool() != Some(true)
            && (one.is_null() || other.is_null())
            && !one.is_string()
            && !other.is_string())
}

/// A link leads to an account, or to an invitation.
pub(super) fn link_is_of_an_account(table: &Table) -> Faults {
    let leads = |link: &Value| {
        let invitation = &link["invitation"];
        if invitation.is_null() {
            return table.get(&format!("EMAIL#{}", text(&link["address"])), "EMAIL").is_some();
        }
        let partition = format!("ORG#{}#INVITATIONS", text(&invitation["organization_id"]));
        table.get(&partition, &format!("INVITATION#{}", text(&invitation["invitation_id"]))).is_some()
    };
    let lost = table.partitions("LINK#").filter(|(_, _, link)| !leads(link));
    lost.map(|(id, _, link)| format!("the link {id} is of {}, who has no account", link["address"])).collect()
}

/// What a request with an idempotency key made is there: no organization and no account is ever removed, and no two
/// requests made the same.
pub(super) fn idempotency_record_has_its_effect(table: &Table) -> Faults {
    let mut faults = Vec::new();
    let mut made = BTreeSet::new();
    // An invitation names the account that its acceptance makes.
    let expected: BTreeSet<_> =
        invitations::all(table).map(|(_, _, invitation)| text(&invitation["user_id"])).collect();
    for (hash, _, record) in table.partitions("ONCE#") {
        let result: Value = serde_json::from_str(&text(&record["result"])).unwrap_or_default();
        let effect = if result["code"].is_string() {
            (format!("ORG#{}", text(&result["id"])), "#ORG")
        } else if result["user_id"].is_string() && result["customer_number"].is_null() {
            (format!("USER#{}", text(&result["user_id"])), "USER")
        } else {
            continue;
        };
        let is_expected = effect.1 == "USER" && expected.contains(&text(&result["user_id"]));
        if table.get(&effect.0, effect.1).is_none() && !is_expected {
            faults.push(format!("the request {hash} made {}, which isn't there", effect.0));
        }
        // An invitation that is sent again names the account that the first one made.
        if effect.1 == "#ORG" && !made.insert(effect.0.clone()) {
            faults.push(format!("{} was made by two requests", effect.0));
        }
    }
    faults
}
