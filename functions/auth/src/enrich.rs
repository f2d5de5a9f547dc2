//! Enrichment: what a user is in an organization at this moment, put into a token.

use shared::{
    claims::{Actor, Entitlements, Identity, Membership, Role},
    ids::{ClientId, OrganizationCode, OrganizationId, UserId},
    plans::ActivePlans,
    problem::{Problem, ProblemCode},
    table::{AccountRecord, MemberCustomer, MembershipRecord},
};

use crate::{AuthApp, signing::Signed};

/// An organization token and what it says.
pub(crate) struct Enriched {
    pub(crate) signed: Signed,
    pub(crate) member: Membership,
}

/// The subject of the token to be made.
pub(crate) struct TokenSubject {
    pub(crate) user_id: UserId,
    /// The sign-in that the token ends with, where the user asks.
    pub(crate) session_id: Option<String>,
    /// Whether the user's address is verified, where the user asks.
    pub(crate) email_verified: Option<bool>,
    /// The machine that asks for the token, where the user doesn't.
    pub(crate) actor: Option<Actor>,
    /// The machine by which the token is asked for, where it isn't this API itself.
    pub(crate) client: Option<ClientId>,
}

impl TokenSubject {
    /// The owner of an account, who asks for the token, be it by a machine as the client.
    pub(crate) fn user(account: AccountRecord, client: Option<ClientId>) -> Self {
        let (session_id, email_verified) = (Some(account.session_id), Some(account.email_verified));
        Self { user_id: account.user_id, session_id, email_verified, actor: None, client }
    }
}

/// The answer to a caller without a role in the organization.
pub(crate) fn no_role() -> Problem {
    Problem::new(ProblemCode::NoRole).detail("You have no role in this organization.")
}

/// Makes a user's token for an organization by the table's present state: one round trip after the `memberships` are
/// read.
pub(crate) async fn enrich(
    state: &AuthApp,
    organization_id: OrganizationId,
    organization_code: OrganizationCode,
    subject: TokenSubject,
    memberships: &[MembershipRecord],
) -> Result<Enriched, Problem> {
    let here = || memberships.iter().filter(|membership| membership.organization_id == organization_id);
    let mut roles: Vec<Role> = here().map(|membership| membership.role).collect();
    roles.sort_unstable();
    if roles.is_empty() {
        return Err(no_role());
    }
    let mut customer_number = here().find_map(|membership| membership.customer_number.clone());
    let table = &state.app.table;
    let (customer, plans) = match &customer_number {
        Some(number) => table.customer_for_member(&organization_id, number).await?,
        None => (MemberCustomer::Unknown, table.plans_for_member(&organization_id).await?),
    };
    let customer = match customer {
        MemberCustomer::Active(customer) => Some(customer),
        MemberCustomer::Unknown => None,
        // An admin who buys for such a customer stays an admin: otherwise whoever may change customers could lock all
        // out.
        MemberCustomer::Inactive | MemberCustomer::WithoutTier => {
            roles.retain(|role| *role != Role::Customer);
            customer_number = None;
            None
        }
    };
    if roles.is_empty() {
        return Err(Problem::new(ProblemCode::CustomerInactive).detail("Your customer account is inactive."));
    }
    let (price_tier, currency_code) = customer.map(|customer| (customer.pricing, customer.currency_code)).unzip();
    let member = Membership {
        sub: subject.user_id,
        organization_id,
        organization_code,
        roles,
        customer_number,
        price_tier,
        currency_code,
        entitlements: entitlements(&plans),
        sid: subject.session_id,
        email_verified: subject.email_verified,
        act: subject.actor,
    };
    let signed = state.sign(Identity::Organization(member.clone()), subject.client.as_ref()).await?;
    Ok(Enriched { signed, member })
}

fn entitlements(plans: &ActivePlans) -> Entitlements {
    let values = plans.entitlements().into_iter().map(|entitlement| (entitlement.key.to_owned(), entitlement.value));
    Entitlements::new(values.collect())
}
