use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};
use shared::{ids::InvitationId, problem::Problem, table::InvitationError};

/// An invitation's id in the path. A text that is no such id is answered as one that the organization doesn't have.
pub(crate) struct IdInPath(pub(crate) InvitationId);

impl<S: Send + Sync> FromRequestParts<S> for IdInPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let text = Path::<String>::from_request_parts(parts, state).await.ok();
        let id = text.and_then(|Path(text)| InvitationId::parse(&text));
        id.map(Self).ok_or_else(|| InvitationError::NotFound.into())
    }
}
