use axum::{
    body::{Body as HttpBody, Bytes},
    extract::{FromRequest, Request},
    http::{HeaderMap, StatusCode, header},
};
use http_body_util::BodyExt;

use super::{Fields, FromFields, JsonObject, parameters};
use crate::problem::Problem;

/// The longest body that is read, in bytes.
const LIMIT: usize = 64 * 1024;

/// Read past the limit, in bytes, and thrown away: a client that is still sending would miss the answer.
const DISCARDED: usize = 10 * 1024 * 1024;

/// A JSON body. Refuses in the contract's order: 413, 415, 400.
pub struct Body<T>(pub T);

impl<S: Sync, T: FromFields> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = read(body).await?;
        if bytes.is_empty() {
            return Err(Problem::bad_request("A JSON body is needed."));
        }
        Ok(Self(Fields::read(object(&parts.headers, &bytes)?)?))
    }
}

/// A JSON body or, where there is none, the same fields as query parameters: some clients drop a DELETE's body. Either
/// way, a field that the request doesn't have is refused.
pub struct BodyOrQuery<T>(pub T);

impl<S: Sync, T: FromFields> FromRequest<S> for BodyOrQuery<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = read(body).await?;
        let object = if bytes.is_empty() {
            JsonObject::of_parameters(parameters(&parts.uri)?)
        } else {
            object(&parts.headers, &bytes)?
        };
        Ok(Self(Fields::read(object)?))
    }
}

async fn read(mut body: HttpBody) -> Result<Bytes, Problem> {
    let (mut kept, mut seen) = (Vec::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Problem::bad_request("The body broke off."))?;
        let Ok(data) = frame.into_data() else { continue };
        seen += data.len();
        if seen <= LIMIT {
            kept.extend_from_slice(&data);
        } else if seen > DISCARDED {
            break;
        }
    }
    if seen > LIMIT {
        let detail = format!("The body is longer than {LIMIT} bytes.");
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE).detail(detail));
    }
    Ok(kept.into())
}

fn object(headers: &HeaderMap, bytes: &[u8]) -> Result<JsonObject, Problem> {
    if !is_json(headers) {
        let detail = "The body's Content-Type must be application/json.";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE).detail(detail));
    }
    match JsonObject::parse(bytes) {
        Ok(Some(object)) => Ok(object),
        Ok(None) => Err(Problem::bad_request("The body must be a JSON object.")),
        Err(error) => Err(Problem::bad_request(format!(
            "The body is no valid JSON (line {}, column {}).",
            error.line(),
            error.column()
        ))),
    }
}

/// `application/json`, or any type with the `+json` suffix (RFC 6839); parameters are ignored.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) else { return false };
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.contains('/') && kind.ends_with("+json"))
}
