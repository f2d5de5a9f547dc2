use axum::{
    extract::{FromRef, FromRequest, FromRequestParts, Request},
    http::request::Parts,
};
use claims::{AdminClaim, Principal, TokenError};
use table::Table;

use crate::{App, extract::Authenticated, problem::Problem};

/// An admin's request, and the rest of it. Where the rest is bad, the caller's role is looked up before that is said: a
/// role that no longer holds wins over every other condition. Where it is good, the call itself checks the role.
pub struct AdminRequest<E>(pub AdminClaim, pub E);

/// The request of an admin who is a person, and the rest of it. A machine is refused once its role has been looked up.
pub struct HumanAdminRequest<E>(pub AdminClaim, pub E);

impl<S, E, M> FromRequest<S, (M,)> for AdminRequest<E>
where
    S: Send + Sync,
    App: FromRef<S>,
    // `M` is axum's own marker, which tells extractors of a whole request from those of its head.
    E: FromRequest<S, M, Rejection = Problem> + Send,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (claim, request, table) = claim(request, state).await?;
        let rest = E::from_request(request, state).await;
        let rest = table.organization(&claim).lost_role_first(rest).await?;
        Ok(Self(claim, rest))
    }
}

impl<S, E, M> FromRequest<S, (M,)> for HumanAdminRequest<E>
where
    S: Send + Sync,
    App: FromRef<S>,
    E: FromRequest<S, M, Rejection = Problem> + Send,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (claim, request, table) = claim(request, state).await?;
        let rest = match claim.principal() {
            Principal::Machine { .. } => Err(TokenError::Machine.into()),
            Principal::User { .. } => E::from_request(request, state).await,
        };
        let rest = table.organization(&claim).lost_role_first(rest).await?;
        Ok(Self(claim, rest))
    }
}

async fn claim<S>(request: Request, state: &S) -> Result<(AdminClaim, Request, Table), Problem>
where
    S: Send + Sync,
    App: FromRef<S>,
{
    let (mut parts, body): (Parts, _) = request.into_parts();
    let Authenticated(claim) = Authenticated::from_request_parts(&mut parts, state).await?;
    Ok((claim, Request::from_parts(parts, body), App::from_ref(state).table))
}
