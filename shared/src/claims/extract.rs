use axum::{
    extract::{FromRef, FromRequestParts},
    http::{HeaderMap, header, request::Parts},
};

use super::{Claims, Identity, Role, TokenError};
use crate::{
    App,
    ids::{OrganizationId, UserId},
    problem::Problem,
};

/// A caller whose verified token holds the admin role of its organization. The only way to the organization's part of
/// the table; whether the role still holds is checked there, at each call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admin {
    organization_id: OrganizationId,
    user_id: UserId,
}

impl Admin {
    /// The organization, read from the token and from nowhere else.
    #[must_use]
    pub fn organization_id(&self) -> &OrganizationId {
        &self.organization_id
    }

    /// The admin.
    #[must_use]
    pub fn user_id(&self) -> &UserId {
        &self.user_id
    }
}

impl<S: Sync> FromRequestParts<S> for Admin
where
    App: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match verified(parts, state).await?.identity {
            Identity::Organization(member) if member.roles.contains(&Role::Admin) => {
                Ok(Self { organization_id: member.organization_id, user_id: member.sub })
            }
            _ => Err(TokenError::NotAdmin.into()),
        }
    }
}

/// A caller with a verified user token: one that names a user and no organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    user_id: UserId,
}

impl User {
    /// The user.
    #[must_use]
    pub fn user_id(&self) -> &UserId {
        &self.user_id
    }
}

impl<S: Sync> FromRequestParts<S> for User
where
    App: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match verified(parts, state).await?.identity {
            Identity::User { sub } => Ok(Self { user_id: sub }),
            Identity::Organization(_) => Err(TokenError::NotUser.into()),
        }
    }
}

async fn verified<S>(parts: &Parts, state: &S) -> Result<Claims, TokenError>
where
    App: FromRef<S>,
{
    App::from_ref(state).verifier.verify(bearer(&parts.headers)?).await
}

/// The token of the `Authorization` header (RFC 6750, section 2.1); the scheme's name is read without case (RFC 9110).
fn bearer(headers: &HeaderMap) -> Result<&str, TokenError> {
    let value = headers.get(header::AUTHORIZATION).ok_or(TokenError::Missing)?;
    let (scheme, token) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or(TokenError::Invalid)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(TokenError::Missing) }
}
