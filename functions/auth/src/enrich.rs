//! Enrichment: what a user is in an organization at this moment, put into a token.

use shared::{
    claims::{Actor, Identity, Membership, Role},
    ids::{OrganizationCode, OrganizationId, UserId},
    problem::Problem,
    table::{Error, MembershipRecord},
};

use crate::{AuthApp, signing::Signed};

/// An organization token and what it says.
pub(crate) struct Enriched {
    pub(crate) signed: Signed,
    pub(crate) member: Membership,
}

/// Whose token it is to be.
pub(crate) struct Whose {
    pub(crate) user: UserId,
    /// Whether the user's address is proven, where the user asks.
    pub(crate) proven: Option<bool>,
    /// The machine that asks for it, where the user doesn't.
    pub(crate) act: Option<Actor>,
}

/// Makes a user's token for an organization by the table's present state: one round trip after the `memberships` are
/// read, and none where the user buys for no customer there.
pub(crate) async fn enrich(
    state: &AuthApp,
    organization_id: OrganizationId,
    organization_code: OrganizationCode,
    whose: Whose,
    memberships: &[MembershipRecord],
) -> Result<Enriched, Problem> {
    let here = || memberships.iter().filter(|membership| membership.organization_id == organization_id);
    let mut roles: Vec<Role> = here().map(|membership| membership.role).collect();
    roles.sort_unstable();
    if roles.is_empty() {
        return Err(Error::NoAccessToOrganization.into());
    }
    let customer_number = here().find_map(|membership| membership.customer_number.clone());
    let context = match &customer_number {
        Some(number) => state.app.table.commerce_context(&organization_id, number).await?,
        None => None,
    };
    let (price_tier, currency_code) = context.map(|context| (context.price_tier, context.currency_code)).unzip();
    let member = Membership {
        sub: whose.user,
        organization_id,
        organization_code,
        roles,
        customer_number,
        price_tier,
        currency_code,
        email_verified: whose.proven,
        act: whose.act,
    };
    let signed = state.sign(Identity::Organization(member.clone())).await?;
    Ok(Enriched { signed, member })
}
