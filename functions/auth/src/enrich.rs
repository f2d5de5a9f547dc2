//! Enrichment: what a user is in an organization at this moment, put into a token.

use shared::{
    claims::{Identity, Membership},
    ids::{OrganizationCode, OrganizationId, UserId},
    problem::Problem,
};

use crate::{AuthApp, signing::Signed};

/// An organization token and what it says.
pub(crate) struct Enriched {
    pub(crate) signed: Signed,
    pub(crate) member: Membership,
}

/// Makes `user`'s token for an organization by the table's present state.
pub(crate) async fn enrich(
    state: &AuthApp,
    organization_id: OrganizationId,
    organization_code: OrganizationCode,
    user: UserId,
) -> Result<Enriched, Problem> {
    let roles = state.app.table.roles(&organization_id, &user).await?;
    let member = Membership { sub: user, organization_id, organization_code, roles };
    let signed = state.issuer.sign(Identity::Organization(member.clone()))?;
    Ok(Enriched { signed, member })
}
