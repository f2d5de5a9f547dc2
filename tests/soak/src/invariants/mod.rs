//! What holds of the table at any quiet moment. Each invariant is a function, which `ARCHITECTURE.md` lists by its
//! name.

mod accounts;
mod associations;
mod customers;
mod invitations;
mod mails;
mod members;
mod organizations;
mod subscriptions;
mod table;
mod tiers;

pub(crate) use table::Table;

/// What an invariant found that breaks it.
pub(crate) type Faults = Vec<String>;

/// An invariant, with its name.
type Invariant = (&'static str, fn(&Table) -> Faults);

/// Every invariant.
const ALL: [Invariant; 18] = [
    ("association_is_in_both_orders_and_a_membership", associations::association_is_in_both_orders_and_a_membership),
    ("bucket_counts_its_entries", associations::bucket_counts_its_entries),
    ("admin_is_a_membership_and_counted", organizations::admin_is_a_membership_and_counted),
    ("member_row_is_its_roles", members::member_row_is_its_roles),
    ("organization_has_an_admin", organizations::organization_has_an_admin),
    ("name_and_code_are_the_organizations", organizations::name_and_code_are_the_organizations),
    ("machine_has_its_use", organizations::machine_has_its_use),
    ("plans_are_those_of_active_subscriptions", subscriptions::plans_are_those_of_active_subscriptions),
    ("tier_counters_count_its_customers", tiers::tier_counters_count_its_customers),
    ("tier_is_counted", tiers::tier_is_counted),
    ("tier_name_is_the_tiers", tiers::tier_name_is_the_tiers),
    ("customer_is_in_both_orders", customers::customer_is_in_both_orders),
    ("customer_is_on_a_tier", tiers::customer_is_on_a_tier),
    ("credential_is_an_account", accounts::credential_is_an_account),
    ("open_invitation_is_the_one_of_its_address", invitations::open_invitation_is_the_one_of_its_address),
    ("link_is_of_an_account", accounts::link_is_of_an_account),
    ("idempotency_record_has_its_effect", accounts::idempotency_record_has_its_effect),
    ("queue_entry_is_an_unsent_mail", mails::queue_entry_is_an_unsent_mail),
];

/// Asks every invariant, and returns what breaks each one that is broken.
pub(crate) fn check(table: &Table) -> Vec<(&'static str, Faults)> {
    let found = ALL.iter().map(|(name, invariant)| (*name, invariant(table)));
    found.filter(|(_, faults)| !faults.is_empty()).collect()
}

/// How many there are.
pub(crate) const COUNT: usize = ALL.len();

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn each_invariant_is_in_the_architecture_by_its_name() {
        let architecture = include_str!("../../../../ARCHITECTURE.md");
        for (name, _) in ALL {
            assert!(architecture.contains(&format!("`{name}`")), "{name}");
        }
    }
}
