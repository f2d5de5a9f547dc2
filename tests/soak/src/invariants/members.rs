use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use shared::text::FoldedAddress;

use super::{Faults, Table, table::text};

/// The roles that are there, by organization and user, each with its customer.
type Roles = BTreeMap<(String, String), BTreeSet<(String, String)>>;

/// A row of a user is in both orders, and holds the same in them, exactly where the user has a role or an invitation is
/// open; and a member's row says which roles these are.
pub(super) fn member_row_is_its_roles(table: &Table) -> Faults {
    let mut faults = Vec::new();
    let mut rows = Roles::new();
    for (organization, _) in table.organizations() {
        let entries = |order: &str| table.within(&format!("ORG#{organization}#USERS#{order}"), "E#");
        let by_user: BTreeMap<_, _> = entries("U").collect();
        let by_email: BTreeMap<_, _> = entries("E").collect();
        if by_user.len() != by_email.len() {
            faults.push(format!("{organization} has {} rows by user, {} by address", by_user.len(), by_email.len()));
        }
        for (user, row) in by_user {
            let address = FoldedAddress::of(&text(&row["email"]));
            let other = by_email.get(address.as_str());
            if row["user_id"] != user || other.is_none_or(|other| content(other) != content(row)) {
                faults.push(format!("{organization}: the row {row} of {user} is {other:?} by address"));
            }
            if row.get("invitation_id").is_none() {
                rows.insert((organization.to_owned(), user.to_owned()), roles_of(row));
            }
        }
    }
    let mut roles = Roles::new();
    for (user, _, item) in table.partitions("MEMBER#") {
        let of = (text(&item["organization_id"]), user.to_owned());
        roles.entry(of).or_default().insert((text(&item["role"]), text(&item["customer_number"])));
    }
    for member in rows.keys().chain(roles.keys()).collect::<BTreeSet<_>>() {
        if rows.get(member) != roles.get(member) {
            faults.push(format!("{member:?} has {:?}, and the row says {:?}", roles.get(member), rows.get(member)));
        }
    }
    faults
}

/// What both items of a row hold.
fn content(row: &Value) -> Value {
    let mut row = row.clone();
    if let Some(row) = row.as_object_mut() {
        for own in ["pk", "sk", "entity"] {
            row.remove(own);
        }
    }
    row
}

fn roles_of(row: &Value) -> BTreeSet<(String, String)> {
    let roles = row["roles"].as_array().into_iter().flatten().map(text);
    let customer = |role: &str| if role == "customer" { text(&row["customer_number"]) } else { String::new() };
    roles.map(|role| (role.clone(), customer(&role))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn items() -> Vec<Value> {
        let row = |pk: &str, sk: &str| {
            json!({
                "pk": pk, "sk": sk, "user_id": "kp_1", "email": "Ada@acme.example", "roles": ["admin", "customer"],
                "customer_number": "C-1", "revision": "r",
            })
        };
        vec![
            json!({"pk": "ORG#o", "sk": "#ORG"}),
            row("ORG#o#USERS#E", "E#ada@acme.example"),
            row("ORG#o#USERS#U", "E#kp_1"),
            json!({"pk": "MEMBER#kp_1", "sk": "ORG#o#admin", "organization_id": "o", "role": "admin"}),
            json!({
                "pk": "MEMBER#kp_1", "sk": "ORG#o#customer", "organization_id": "o", "role": "customer",
                "customer_number": "C-1",
            }),
        ]
    }

    #[test]
    fn a_row_that_lacks_its_other_item_or_a_role_is_seen() {
        assert_eq!(member_row_is_its_roles(&Table::of(items())), [] as [String; 0]);
        for missing in 1..items().len() {
            let mut items = items();
            items.remove(missing);
            assert_ne!(member_row_is_its_roles(&Table::of(items)), [] as [String; 0], "{missing}");
        }
    }

    #[test]
    fn the_row_of_an_invitation_is_no_members() {
        let mut items = items();
        items.truncate(3);
        for item in &mut items[1..] {
            item["invitation_id"] = json!("inv_1");
        }
        assert_eq!(member_row_is_its_roles(&Table::of(items)), [] as [String; 0]);
    }
}
