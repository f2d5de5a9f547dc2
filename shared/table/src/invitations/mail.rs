use domain::{clock::now, ids::LinkId};

use super::InvitationRefusal;
use crate::{
    LinkKind, OrganizationScope,
    mail_budgets::MailBudget,
    records::{InvitationRecord, InvitationReference, LinkRecord, MailRecord, OrganizationRecord},
    scope::{Write, keys},
};

type InvitationWrite<'t> = Write<'t, OrganizationScope<'t>, InvitationRefusal>;

/// Adds a link that accepts the invitation, its mail, and what both count. The link is good until it is used, 72 hours
/// old or withdrawn, whatever else is mailed meanwhile.
pub(super) fn put<'t>(
    write: InvitationWrite<'t>,
    invitation: &InvitationRecord,
    organization: &OrganizationRecord,
    scope: OrganizationScope<'_>,
    budget: &MailBudget,
) -> InvitationWrite<'t> {
    let (link, kind) = (LinkId::random(), LinkKind::OrganizationInvitation);
    let record = LinkRecord {
        kind,
        address: invitation.email.folded(),
        password_generation: None,
        new_address: None,
        invitation: Some(InvitationReference {
            organization_id: organization.id.clone(),
            invitation_id: invitation.id.clone(),
        }),
        expires_at: now() + kind.lifetime_seconds(),
    };
    let id_taken = || InvitationRefusal::IdTaken;
    let mail = MailRecord::invitation(invitation, organization, &link);
    let write = mail.put(write.put_new(keys::link(&link), &record, id_taken()), id_taken);
    let limit = scope.table().invitation_limit(scope.id());
    budget.count(write.counted(limit, InvitationRefusal::LimitReached), InvitationRefusal::Changed)
}

/// Adds another mail of an open invitation, which becomes what is sent.
pub(super) fn put_again<'t>(
    write: InvitationWrite<'t>,
    (seen, sent): (&InvitationRecord, &InvitationRecord),
    organization: &OrganizationRecord,
    scope: OrganizationScope<'_>,
    budget: &MailBudget,
) -> InvitationWrite<'t> {
    let key = keys::invitation(scope.id(), &seen.id);
    let write = write.update(key, &seen.becomes_sent(sent), InvitationRefusal::Changed);
    put(write, sent, organization, scope, budget)
}
