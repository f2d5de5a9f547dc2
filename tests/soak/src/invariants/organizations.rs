use std::collections::BTreeSet;

use shared::text::fold;

use super::{
    Faults, Table,
    table::{number, text},
};

/// An admin's item is there exactly where the admin's membership is, and the organization counts them.
pub(super) fn admin_is_a_membership_and_counted(table: &Table) -> Faults {
    let mut faults = Vec::new();
    let mut admins = BTreeSet::new();
    for (organization, item) in table.organizations() {
        let of_organization: Vec<_> =
            table.within(&format!("ORG#{organization}"), "ADMIN#").map(|(user, _)| user).collect();
        let counted = number(&item["admin_count"]);
        if i64::try_from(of_organization.len()) != Ok(counted) {
            faults.push(format!("{organization} counts {counted} admins, and has {}", of_organization.len()));
        }
        admins.extend(of_organization.into_iter().map(|user| (organization.to_owned(), user.to_owned())));
    }
    let memberships = table.partitions("MEMBER#").filter(|(_, sk, _)| sk.ends_with("#admin"));
    let memberships: BTreeSet<_> =
        memberships.map(|(user, _, item)| (text(&item["organization_id"]), user.to_owned())).collect();
    faults.extend(admins.difference(&memberships).map(|admin| format!("the admin {admin:?} has no membership")));
    faults.extend(memberships.difference(&admins).map(|admin| format!("the membership {admin:?} has no admin")));
    faults
}

/// Every organization has at least one admin.
pub(super) fn organization_has_an_admin(table: &Table) -> Faults {
    let lonely = table.organizations().filter(|(id, _)| table.within(&format!("ORG#{id}"), "ADMIN#").next().is_none());
    lonely.map(|(id, _)| format!("{id} has no admin")).collect()
}

/// A name and a code name the organization that has them, and every organization's do.
pub(super) fn name_and_code_are_the_organizations(table: &Table) -> Faults {
    let mut faults = Vec::new();
    let mut markers = BTreeSet::new();
    for (organization, item) in table.organizations() {
        let name = format!("ORGNAME#{}", fold(&text(&item["Name"])));
        let code = format!("ORGCODE#{}", text(&item["code"]));
        for (pk, sk) in [(name, "ORGNAME"), (code, "ORGCODE")] {
            if table.get(&pk, sk).is_none_or(|marker| marker["organization_id"] != organization) {
                faults.push(format!("{organization} has no marker {pk}"));
            }
            markers.insert(pk);
        }
    }
    for prefix in ["ORGNAME#", "ORGCODE#"] {
        for (name, _, item) in table.partitions(prefix) {
            if !markers.contains(&format!("{prefix}{name}")) {
                faults.push(format!("the marker {prefix}{name} of {} is no organization's", item["organization_id"]));
            }
        }
    }
    faults
}

/// A machine's credential has an item for its last use, and no such item is without its credential.
pub(super) fn machine_has_its_use(table: &Table) -> Faults {
    let mut faults = Vec::new();
    for (organization, _) in table.organizations() {
        let partition = format!("ORG#{organization}");
        let ids = |prefix| table.within(&partition, prefix).map(|(id, _)| id.to_owned()).collect::<BTreeSet<_>>();
        let (machines, uses) = (ids("CLIENT#"), ids("CLIENTUSE#"));
        let alone = machines.symmetric_difference(&uses);
        faults.extend(alone.map(|client| format!("{organization}: the machine {client} is half there")));
    }
    faults
}
