use axum::{
    body::Body,
    extract::{FromRef, FromRequest, FromRequestParts, Request},
    http::request::Parts,
};
use claims::{AdminClaim, Principal, TokenError};

use crate::{App, extract::Authenticated, problem::Problem};

/// An admin's request. Where the rest of it is bad, the caller's role is looked up before that is said: a role that no
/// longer holds wins over every other condition. (Where it is good, the call itself checks the role.)
pub struct ByAdmin<E>(pub AdminClaim, pub E);

/// The same of an admin who is a person: a machine is refused, once its role has been looked up.
pub struct ByPerson<E>(pub AdminClaim, pub E);

impl<S, E, M> FromRequest<S, (M,)> for ByAdmin<E>
where
    S: Send + Sync,
    App: FromRef<S>,
    // `M` is axum's own marker, which tells extractors of a whole request from those of its head.
    E: FromRequest<S, M, Rejection = Problem>,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let Authenticated(admin) = Authenticated::<AdminClaim>::from_request_parts(&mut parts, state).await?;
        let rest = rest(&admin, parts, body, state).await?;
        Ok(Self(admin, rest))
    }
}

impl<S, E, M> FromRequest<S, (M,)> for ByPerson<E>
where
    S: Send + Sync,
    App: FromRef<S>,
    E: FromRequest<S, M, Rejection = Problem>,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let Authenticated(admin) = Authenticated::<AdminClaim>::from_request_parts(&mut parts, state).await?;
        if let Principal::Machine { .. } = admin.principal() {
            App::from_ref(state).table.organization(&admin).require_admin().await?;
            return Err(TokenError::Machine.into());
        }
        let rest = rest(&admin, parts, body, state).await?;
        Ok(Self(admin, rest))
    }
}

async fn rest<S, E, M>(admin: &AdminClaim, parts: Parts, body: Body, state: &S) -> Result<E, Problem>
where
    S: Send + Sync,
    App: FromRef<S>,
    E: FromRequest<S, M, Rejection = Problem>,
{
    let problem = match E::from_request(Request::from_parts(parts, body), state).await {
        Ok(rest) => return Ok(rest),
        Err(problem) => problem,
    };
    App::from_ref(state).table.organization(admin).require_admin().await?;
    Err(problem)
}
