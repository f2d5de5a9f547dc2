use std::borrow::Cow;

use axum::{
    body::{Body as HttpBody, Bytes},
    extract::{FromRequest, Request},
    http::{HeaderMap, HeaderName, Method, header, request::Parts},
};
use http_body_util::BodyExt;

use super::{Fields, FromFields, JsonObject, parameters};
use crate::problem::{Problem, ProblemCode};

/// The longest body that is read, in bytes, but for imports.
pub(super) const LIMIT: usize = 64 * 1024;

/// Some programs begin a text with it. It is no part of the text (RFC 8259, section 8.1).
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");

/// Read past the limit, in bytes, and thrown away: a client that is still sending would miss the answer.
const DISCARDED: usize = 10 * 1024 * 1024;

/// A JSON body. Refuses in the contract's order: 413, 415, 400.
pub struct Body<T>(pub T);

impl<S: Sync, T: FromFields> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = read(body, LIMIT).await?;
        if bytes.is_empty() {
            return Err(invalid("A JSON body is needed."));
        }
        Ok(Self(Fields::read(object(&parts, &bytes)?)?))
    }
}

/// A JSON body or, where there is none, the same fields as query parameters: some clients drop a DELETE's body. Either
/// way, a field that the request doesn't have is refused.
pub struct BodyOrQuery<T>(pub T);

impl<S: Sync, T: FromFields> FromRequest<S> for BodyOrQuery<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = read(body, LIMIT).await?;
        let object =
            if bytes.is_empty() { JsonObject::of_parameters(parameters(&parts.uri)?) } else { object(&parts, &bytes)? };
        Ok(Self(Fields::read(object)?))
    }
}

/// Reads a whole body of at most `limit` bytes.
pub(super) async fn read(mut body: HttpBody, limit: usize) -> Result<Bytes, Problem> {
    let (mut kept, mut seen) = (Vec::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| invalid("The body broke off."))?;
        let Ok(data) = frame.into_data() else { continue };
        seen += data.len();
        if seen <= limit {
            kept.extend_from_slice(&data);
        } else if seen > DISCARDED {
            break;
        }
    }
    if kept.starts_with(BYTE_ORDER_MARK) {
        kept.drain(..BYTE_ORDER_MARK.len());
    }
    if seen > limit {
        let detail = format!("The body is longer than {limit} bytes.");
        return Err(Problem::new(ProblemCode::BodyTooLarge).detail(detail));
    }
    Ok(kept.into())
}

fn object(parts: &Parts, bytes: &[u8]) -> Result<JsonObject, Problem> {
    if !is_json(&parts.headers) {
        return Err(unsupported(parts, "The body's Content-Type must be application/json."));
    }
    require_plain(parts)?;
    parsed(bytes)
}

/// Parses a body that is to be a JSON object.
pub(super) fn parsed(bytes: &[u8]) -> Result<JsonObject, Problem> {
    match JsonObject::parse(bytes) {
        Ok(Some(object)) => Ok(object),
        Ok(None) => Err(invalid("The body must be a JSON object.")),
        Err(error) => {
            let (line, column) = (error.line(), error.column());
            Err(invalid(format!("The body is no valid JSON (line {line}, column {column}).")))
        }
    }
}

pub(super) fn invalid(detail: impl Into<Cow<'static, str>>) -> Problem {
    Problem::new(ProblemCode::InvalidBody).detail(detail)
}

/// 415; to a PATCH it says what a patch may be (RFC 5789, section 3.1).
pub(super) fn unsupported(parts: &Parts, detail: &'static str) -> Problem {
    let problem = Problem::new(ProblemCode::UnsupportedMediaType).detail(detail);
    if parts.method == Method::PATCH {
        return problem.header(ACCEPT_PATCH, "application/merge-patch+json, application/json");
    }
    problem
}

/// Refuses a body that isn't sent as it is.
pub(super) fn require_plain(parts: &Parts) -> Result<(), Problem> {
    if is_plain(&parts.headers) {
        return Ok(());
    }
    let problem = unsupported(parts, "The body must have no Content-Encoding.");
    Err(problem.header(header::ACCEPT_ENCODING, "identity"))
}

/// Whether the body is sent as it is (RFC 9110, section 8.4). A compressed one would be read as broken JSON.
fn is_plain(headers: &HeaderMap) -> bool {
    let mut codings =
        headers.get_all(header::CONTENT_ENCODING).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    codings.all(|coding| coding.trim_ascii().is_empty() || coding.trim_ascii().eq_ignore_ascii_case(b"identity"))
}

/// `application/json`, or any type with the `+json` suffix (RFC 6839); parameters are ignored.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let kind = media_type(headers);
    kind == "application/json" || (kind.contains('/') && kind.ends_with("+json"))
}

/// The body's media type in lower case, without its parameters; empty where none is said.
pub(super) fn media_type(headers: &HeaderMap) -> String {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}
