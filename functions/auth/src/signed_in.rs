use serde::Serialize;
use shared::{UserOrganizationResponse, claims::TokenUse, ids::UserId};
use utoipa::ToSchema;

use crate::signing::Signed;

/// A token. `TokenUse` says whose it is: a `machine` token comes alone, and a user's with the user's organizations.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SignedIn {
    access_token: String,
    token_use: TokenUse,
    /// `Bearer`.
    token_type: &'static str,
    /// The token's life in seconds.
    expires_in: u64,
    /// Of a user.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = UserId)]
    user_id: Option<UserId>,
    /// Of a user: at most 100; `GET /api/users/me/organizations` lists them all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<UserOrganizationResponse>, max_items = 100)]
    organizations: Option<Vec<UserOrganizationResponse>>,
    /// True where the user belongs to more than these organizations.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = bool)]
    more_organizations: Option<bool>,
}

impl SignedIn {
    /// A machine's token.
    pub(crate) fn machine(signed: Signed) -> Self {
        Self {
            access_token: signed.token,
            token_use: TokenUse::Machine,
            token_type: "Bearer",
            expires_in: signed.expires_in,
            user_id: None,
            organizations: None,
            more_organizations: None,
        }
    }

    /// A user's token, with the organizations that the user belongs to, or the first of more.
    pub(crate) fn user(
        token_use: TokenUse,
        signed: Signed,
        user: UserId,
        organizations: Vec<UserOrganizationResponse>,
        more: bool,
    ) -> Self {
        Self {
            token_use,
            user_id: Some(user),
            organizations: Some(organizations),
            more_organizations: more.then_some(true),
            ..Self::machine(signed)
        }
    }
}
