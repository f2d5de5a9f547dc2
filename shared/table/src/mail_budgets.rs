//! Budgets of mails that somebody asks for to be sent to somebody else. Each belongs to who causes the mails, and is
//! counted in the transaction that makes them. So none can be used up for others: an organization's invitations never
//! hold back another organization's, nor the owner's own reset of a password.

use std::borrow::Cow;

use domain::{
    clock::now,
    digest::sha256_hex,
    ids::OrganizationId,
    text::{EmailAddress, FoldedAddress},
};
use dynamo::{Counted, Limit, text_set};

use crate::{
    Error, OrganizationScope, Table,
    records::{LimitRecord, MailBudgetWindow},
    scope::{OrganizationKey, Reads, Write, keys},
};

const HOUR_SECONDS: u64 = 60 * 60;
/// Invitations and welcome mails from one organization to one mailbox in an hour.
const MAX_ORGANIZATION_MAILS: u64 = 5;
/// Sign-ups with tagged addresses of one mailbox that are mailed in an hour.
const MAX_TAGGED_SIGN_UPS: u64 = 5;

/// Returns the mailbox of a folded address. `ada+shop@acme.example` is a mailbox with `ada@acme.example`: subaddressing
/// (RFC 5233) needs no permission, so that one person has any number of such addresses. Other spellings of a mailbox,
/// such as dots that some providers pass over, are addresses of their own here.
fn mailbox(address: &FoldedAddress) -> Cow<'_, str> {
    let folded = address.as_str();
    match folded.rsplit_once('@') {
        Some((local, domain)) => match local.split_once('+') {
            Some((name, _)) if !name.is_empty() => Cow::Owned(format!("{name}@{domain}")),
            _ => Cow::Borrowed(folded),
        },
        None => Cow::Borrowed(folded),
    }
}

/// What an organization may mail to a mailbox within the hour, as it was read.
pub(crate) struct MailBudget {
    limit: Limit<OrganizationKey<LimitRecord>>,
    address: FoldedAddress,
    window: Option<MailBudgetWindow>,
    now: u64,
}

impl MailBudget {
    /// Returns the seconds until the organization may mail the mailbox again, or `None` if it may now.
    pub(crate) fn seconds_to_wait(&self) -> Option<u64> {
        let window = self.window.as_ref().map(|window| window.window);
        let full = self.limit.counted(window, self.now) >= self.limit.max_events;
        full.then(|| self.limit.seconds_left(window, self.now))
    }

    /// Returns whether the organization has mailed this very address within the hour.
    pub(crate) fn has_mailed(&self) -> bool {
        self.window.as_ref().is_some_and(|window| window.mailed.contains(self.address.as_str()))
    }

    /// Adds the counting of one mail to a transaction. The refusal means that the budget isn't as it was read.
    pub(crate) fn count<'t, R>(
        &self,
        write: Write<'t, OrganizationScope<'t>, R>,
        changed: R,
    ) -> Write<'t, OrganizationScope<'t>, R> {
        let counted = self.limit.counted(self.window.as_ref().map(|window| window.window), self.now);
        let counting = if counted == 0 {
            self.limit.begin(self.now).and_update(", mailed = :mailed")
        } else {
            self.limit.count_one(self.now).and_update(", mailed :mailed")
        };
        let counting = counting.value(":mailed", text_set(vec![self.address.as_str().to_owned()]));
        write.update_or_create(self.limit.key.clone(), &counting, changed)
    }
}

impl OrganizationScope<'_> {
    /// Reads what the organization may mail to the mailbox of this address.
    pub(crate) async fn mail_budget(&self, reads: Reads<'_>, email: &EmailAddress) -> Result<MailBudget, Error> {
        let address = email.folded();
        let limit = organization_limit(self.id(), &address);
        let window = reads.get_part(limit.key.clone()).await?;
        Ok(MailBudget { limit, address, window, now: now() })
    }
}

fn organization_limit(organization: &OrganizationId, address: &FoldedAddress) -> Limit<OrganizationKey<LimitRecord>> {
    Limit {
        key: keys::mail_budget(organization, &sha256_hex(&[&mailbox(address)])),
        entity: "mails to a mailbox",
        max_events: MAX_ORGANIZATION_MAILS,
        seconds: HOUR_SECONDS,
    }
}

impl Table {
    /// Counts a sign-up that is mailed, and returns whether it may be. Only tagged addresses are counted, together with
    /// the mailbox's other ones: a plain address signs up once, and nobody can use that up for its owner. The owner of a
    /// tagged address that isn't mailed asks for a reset, which is counted for the very address.
    pub(crate) async fn may_mail_sign_up(&self, email: &EmailAddress) -> Result<bool, Error> {
        let address = email.folded();
        let Cow::Owned(mailbox) = mailbox(&address) else { return Ok(true) };
        let limit = Limit {
            key: keys::tagged_sign_ups(&mailbox).into_raw(),
            entity: "sign-ups with tagged addresses",
            max_events: MAX_TAGGED_SIGN_UPS,
            seconds: HOUR_SECONDS,
        };
        Ok(matches!(self.count(&limit, now()).await?, Counted::Within(..)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tags_of_a_mailbox_are_one_mailbox() {
        for (address, expected) in [
            ("ada+1@acme.example", "ada@acme.example"),
            ("ada+a+b@acme.example", "ada@acme.example"),
            ("ada@acme.example", "ada@acme.example"),
            ("a.da@acme.example", "a.da@acme.example"),
            ("+1@acme.example", "+1@acme.example"),
        ] {
            assert_eq!(mailbox(&FoldedAddress::of(address)), expected);
        }
    }
}
