//! The caller, taken from a request's headers.

use axum::{
    extract::{FromRef, FromRequestParts},
    http::request::Parts,
};
use claims::CallerClaim;

use crate::{App, problem::Problem};

/// The caller's claim, by a verified token, or by an API key that nobody has looked up yet.
pub struct Authenticated<C>(pub C);

impl<S, C> FromRequestParts<S> for Authenticated<C>
where
    S: Sync,
    App: FromRef<S>,
    C: CallerClaim,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let app = App::from_ref(state);
        let credentials = app.verifier.authenticate(&parts.headers).await?;
        if let Some(read) = app.verifier.keys().refresh_ahead() {
            // A Lambda is frozen once it has answered, and a read with it. So the answer waits for it, a second at most.
            dynamo::after_request(async move { drop(read.await) });
        }
        Ok(Self(C::claim(credentials, (&parts.method).into())?))
    }
}
