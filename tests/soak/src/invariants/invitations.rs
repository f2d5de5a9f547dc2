use std::collections::BTreeSet;

use serde_json::Value;

use super::{Faults, Table, table::text};

/// Every invitation: its organization, its id, and the item.
pub(super) fn all(table: &Table) -> impl Iterator<Item = (&str, &str, &Value)> {
    let items = table.partitions("ORG#").filter_map(|(partition, sk, item)| {
        Some((partition.strip_suffix("#INVITATIONS")?, sk.strip_prefix("INVITATION#")?, item))
    });
    items.collect::<Vec<_>>().into_iter()
}

/// Each open invitation is its address's one, and a row of a person who is invited is that of an open invitation.
pub(super) fn open_invitation_is_the_one_of_its_address(table: &Table) -> Faults {
    let open = all(table).filter(|(_, _, invitation)| invitation["state"] == "pending");
    let open: BTreeSet<_> = open.map(|(organization, id, _)| (organization.to_owned(), id.to_owned())).collect();
    let markers = table.partitions("ORG#").filter_map(|(partition, sk, marker)| {
        let organization = partition.strip_suffix("#INVITATIONS").filter(|_| sk.starts_with("OPEN#"))?;
        Some((organization.to_owned(), text(&marker["invitation_id"])))
    });
    let markers: Vec<_> = markers.collect();
    let marked: BTreeSet<_> = markers.iter().cloned().collect();
    let mut faults: Vec<_> =
        open.symmetric_difference(&marked).map(|one| format!("{one:?} is open, or marked")).collect();
    if markers.len() != marked.len() {
        faults.push("an invitation is open for two addresses".to_owned());
    }
    for (partition, sk, row) in table.partitions("ORG#") {
        let organization = partition.strip_suffix("#USERS#E").or_else(|| partition.strip_suffix("#USERS#U"));
        if let (Some(organization), Some(id)) = (organization, row["invitation_id"].as_str())
            && !open.contains(&(organization.to_owned(), id.to_owned()))
        {
            faults.push(format!("the row {partition} {sk} is of the invitation {id}, which isn't open"));
        }
    }
    faults
}
