use std::collections::BTreeSet;

use super::{
    Faults, Table,
    table::{number, text},
};

/// Each entry of the queue is a mail that is unsent and due then, and each unsent mail has its entry.
pub(super) fn queue_entry_is_an_unsent_mail(table: &Table) -> Faults {
    let entries = table.partitions("WAIT#").map(|(_, sk, _)| sk.to_owned());
    let entries: BTreeSet<_> = entries.filter(|entry| entry.contains("#MAIL#")).collect();
    let mails = table.partitions("MAIL#").filter(|(_, _, mail)| mail["status"] == "pending");
    let mails: BTreeSet<_> =
        mails.map(|(day, id, mail)| format!("{:011}#MAIL#{day}#{id}", number(&mail["due_at"]))).collect();
    let mut faults: Vec<_> = entries.difference(&mails).map(|entry| format!("{entry} is no unsent mail")).collect();
    faults.extend(mails.difference(&entries).map(|mail| format!("{mail} is unsent, and has no entry")));
    for (_, id, mail) in table.partitions("MAIL#") {
        let status = text(&mail["status"]);
        if !matches!(&*status, "pending" | "sent" | "superseded") {
            faults.push(format!("the mail {id} is {status}"));
        }
    }
    faults
}
