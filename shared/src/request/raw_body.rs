use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
};

use super::body::{LIMIT, is_json, read, require_plain, unsupported};
use crate::problem::Problem;

/// The bytes of a JSON body as they were sent, for a signature over them. Refuses in the contract's order: 413, 415.
pub struct RawJson(pub Bytes);

impl<S: Sync> FromRequest<S> for RawJson {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = read(body, LIMIT).await?;
        if !is_json(&parts.headers) {
            return Err(unsupported(&parts, "The body's Content-Type must be application/json."));
        }
        require_plain(&parts)?;
        Ok(Self(bytes))
    }
}
