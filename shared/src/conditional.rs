//! Conditional requests (RFC 9110, section 13): what a request says of the version that its caller saw, and what it is
//! answered.

use std::convert::Infallible;

use axum::{
    body::{Body, Bytes},
    extract::FromRequestParts,
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH},
        request::Parts,
    },
    response::{IntoResponse, Response},
};
pub use domain::conditional::{EntityTag, Preconditions};
use domain::conditional::{EntityTags, FailedPrecondition};
use futures_util::stream;
use serde::Serialize;

use crate::problem::Problem;

/// The conditions that a request has, if it has any.
pub struct Conditions(pub Preconditions);

impl<S: Sync> FromRequestParts<S> for Conditions {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let (if_match, if_none_match) = (tags(&parts.headers, &IF_MATCH), tags(&parts.headers, &IF_NONE_MATCH));
        Ok(Self(Preconditions { if_match, if_none_match }))
    }
}

fn tags(headers: &HeaderMap, name: &HeaderName) -> Option<EntityTags> {
    let lines: Vec<_> = headers.get_all(name).iter().map(|line| String::from_utf8_lossy(line.as_bytes())).collect();
    // A gateway joins the values of a header that is sent more than once.
    (!lines.is_empty()).then(|| EntityTags::parse(&lines.join(",")))
}

impl Conditions {
    /// Answers a GET of what has this tag: 200 with `answer` or, where the caller has it already, 304.
    ///
    /// # Errors
    /// 412 where `If-Match` names another version.
    pub fn answer(&self, tag: &EntityTag, answer: impl IntoResponse) -> Result<Response, Problem> {
        let response = Tagged(tag, answer).into_response();
        match self.0.check(Some(tag)) {
            Ok(()) => Ok(response),
            Err(FailedPrecondition::NoneMatch) => Ok(not_modified(response)),
            Err(failed) => Err(failed.into()),
        }
    }
}

/// 304 with what a cache needs of the head of the 200 (RFC 9110, section 15.4.5).
fn not_modified(response: Response) -> Response {
    let (mut head, _) = response.into_parts();
    head.status = StatusCode::NOT_MODIFIED;
    head.headers.remove(CONTENT_TYPE);
    // The length would have to be that of the 200 (section 8.6). The router would say 0 of a body of a known length.
    head.headers.remove(CONTENT_LENGTH);
    Response::from_parts(head, Body::from_stream(stream::empty::<Result<Bytes, Infallible>>()))
}

/// An answer with its tag.
pub struct Tagged<'a, T>(pub &'a EntityTag, pub T);

impl<T: IntoResponse> IntoResponse for Tagged<'_, T> {
    fn into_response(self) -> Response {
        let Self(tag, answer) = self;
        let mut response = answer.into_response();
        if let Ok(tag) = HeaderValue::from_str(&tag.to_string()) {
            response.headers_mut().insert(ETAG, tag);
        }
        response
    }
}

/// The tag of what is answered as JSON.
///
/// # Errors
/// 500 where it can't be written as JSON.
pub fn tag_of_json(answer: &impl Serialize) -> Result<EntityTag, Problem> {
    let json = serde_json::to_string(answer).map_err(|error| Problem::internal(&error))?;
    Ok(EntityTag::of_content(&[&json]))
}
