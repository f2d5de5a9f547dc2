//! What was acknowledged and is never undone: it has to be in the table, and once.

use std::collections::BTreeSet;

use crate::{
    arena::Arena,
    history::History,
    invariants::Table,
    linearize::{Model, Verdict},
    mails::Mails,
};

/// What was found.
#[derive(Default)]
pub(crate) struct Effects {
    pub(crate) lost: Vec<String>,
    pub(crate) doubled: Vec<String>,
}

/// Looks for what `arenas` were told of, and for mails that were marked as sent.
pub(crate) fn check(table: &Table, arenas: &[std::sync::Arc<Arena>], mails: &Mails, quiet_since: u64) -> Effects {
    let mut effects = Effects::default();
    for arena in arenas {
        for organization in arena.twins.iter().chain([&arena.contested]) {
            if table.get(&format!("ORG#{}", organization.id), "#ORG").is_none() {
                effects.lost.push(format!("the organization {}", organization.name));
            }
        }
        let still = format!("ORG#{}#ASSOC#U", arena.twins[1].id);
        for user in &arena.still {
            if table.get(&still, &format!("E#{user}")).is_none() {
                effects.lost.push(format!("the association of {user}"));
            }
        }
        let partition = format!("ORG#{}#INVITATIONS", arena.twins[1].id);
        let invited: BTreeSet<_> =
            table.within(&partition, "INVITATION#").map(|(_, invitation)| invitation["email"].to_string()).collect();
        for invitation in arena.invitations.lock().unwrap().iter() {
            if !invited.contains(&format!("{:?}", invitation.name)) {
                effects.lost.push(format!("the invitation of {}", invitation.name));
            }
            lost_since(&invitation.history, quiet_since, &mut effects.lost);
        }
        let names = table.within(&format!("ORG#{}", arena.twins[1].id), "CLIENT#");
        let mut seen = BTreeSet::new();
        for (_, machine) in names {
            if !seen.insert(machine["name"].to_string()) {
                effects.doubled.push(format!("the machine {}", machine["name"]));
            }
        }
        lost_since(&arena.admins, quiet_since, &mut effects.lost);
        lost_since(&arena.names, quiet_since, &mut effects.lost);
        lost_since(&arena.tiers, quiet_since, &mut effects.lost);
        for history in arena.listed.iter().chain(&arena.in_tokens) {
            lost_since(history, quiet_since, &mut effects.lost);
        }
        for machine in arena.machines.lock().unwrap().iter() {
            lost_since(&machine.history, quiet_since, &mut effects.lost);
        }
    }
    let sent = table.partitions("MAIL#").filter(|(_, _, mail)| mail["status"] == "sent");
    effects.lost.extend(sent.filter(|(_, id, _)| mails.sends_of(id) == 0).map(|(_, id, _)| format!("the mail {id}")));
    effects
}

/// Adds the history where its calls have an order, and together with what was read in the end have none.
fn lost_since<M: Model>(history: &History<M>, quiet_since: u64, lost: &mut Vec<String>) {
    if matches!(history.check(), Verdict::Violated(_)) && history.check_before(quiet_since) == Verdict::Linearizable {
        lost.push(format!("a call of the {}", M::NAME));
    }
}
