use axum::{
    extract::{FromRequest, Request},
    http::{HeaderMap, HeaderName, HeaderValue},
    response::{IntoResponseParts, ResponseParts},
};
use claims::AdminClaim;
use domain::{field_error::FieldCode, ids::LinkId, text::EmailAddress};
use serde_json::{Map, Value};
use table::IdempotencyKey;

use super::{Body, Fields, FromFields, JsonObject};
use crate::problem::{FieldErrors, Problem};

/// Names a request, so that it can be sent again (The Idempotency-Key HTTP Header Field,
/// draft-ietf-httpapi-idempotency-key-header-07).
const IDEMPOTENCY_KEY: &str = "idempotency-key";
const LONGEST_KEY: usize = 255;

/// A JSON body, and the key that its sender gave the request.
pub struct Idempotent<T>(pub Option<RequestKey>, pub T);

/// The key of a request, and what the request asks for.
pub struct RequestKey {
    key: String,
    /// The body without its passwords, its fields in order.
    body: String,
}

impl RequestKey {
    /// The key of a request with this body, its fields spelled as the request declares them.
    #[must_use]
    pub fn new(key: &str, body: &Map<String, Value>) -> Self {
        Self { key: key.to_owned(), body: comparable(body) }
    }

    /// The request as one of an admin's, on a route.
    #[must_use]
    pub fn of_admin(&self, admin: &AdminClaim, route: &'static str) -> IdempotencyKey {
        let caller = format!("{} {}", admin.organization_id(), admin.principal().id());
        IdempotencyKey::new(&caller, route, &self.key, &self.body)
    }

    /// The request as one of whoever has the mailed link of this id, on a public route.
    #[must_use]
    pub fn of_link(&self, link: &LinkId, route: &'static str) -> IdempotencyKey {
        IdempotencyKey::new(link.as_str(), route, &self.key, &self.body)
    }

    /// The request as one of whoever has this address, on a public route.
    #[must_use]
    pub fn of_address(&self, address: &EmailAddress, route: &'static str) -> IdempotencyKey {
        IdempotencyKey::new(address.folded().as_str(), route, &self.key, &self.body)
    }
}

impl<S: Sync, T: FromFields> FromRequest<S> for Idempotent<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let headers = request.headers().clone();
        let Body(object) = Body::from_request(request, state).await?;
        Ok(Self::read(&headers, object)?)
    }
}

impl<T: FromFields> Idempotent<T> {
    /// Reads `T` out of a body, and the key that came with it.
    ///
    /// # Errors
    /// Every bad field, and the key where that is bad.
    pub fn read(headers: &HeaderMap, object: JsonObject) -> Result<Self, FieldErrors> {
        let key = key(headers);
        let sent = matches!(key, Ok(Some(_))).then(|| object.clone());
        match (key, Fields::read_with_names(object)) {
            // A field counts as the same one in each spelling of its name.
            (Ok(key), Ok((read, names))) => {
                let key = key.zip(sent).map(|(key, sent)| RequestKey::new(&key, &sent.spelled(&names)));
                Ok(Self(key, read))
            }
            (Err(errors), Ok(_)) | (Ok(_), Err(errors)) => Err(errors),
            (Err(mut errors), Err(others)) => {
                errors.extend(others);
                Err(errors)
            }
        }
    }
}

fn key(headers: &HeaderMap) -> Result<Option<String>, FieldErrors> {
    if !headers.contains_key(IDEMPOTENCY_KEY) {
        return Ok(None);
    }
    // A gateway joins the values of a header that is sent more than once.
    let values = headers.get_all(IDEMPOTENCY_KEY).iter().map(|value| value.to_str());
    if let Ok(values) = values.collect::<Result<Vec<_>, _>>() {
        let key = values.join(",");
        if (1..=LONGEST_KEY).contains(&key.len()) {
            return Ok(Some(key));
        }
    }
    let fault = format!("must have 1 to {LONGEST_KEY} printable ASCII characters");
    Err(FieldErrors::from([("Idempotency-Key".into(), vec![FieldCode::OutOfRange.says(fault)])]))
}

/// The body as it is compared: without passwords, its fields in order.
fn comparable(fields: &Map<String, Value>) -> String {
    let mut names: Vec<_> = fields.keys().filter(|name| *name != "Password").collect();
    names.sort_unstable();
    let fields = names.into_iter().map(|name| {
        let value = match &fields[name] {
            Value::Object(inner) => comparable(inner),
            value => value.to_string(),
        };
        format!("{}:{value}", Value::from(name.as_str()))
    });
    format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
}

/// Says whether an answer is an earlier request's.
#[derive(Clone, Copy, Debug)]
pub struct Replayed(pub bool);

impl IntoResponseParts for Replayed {
    type Error = std::convert::Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Self::Error> {
        if self.0 {
            let name = HeaderName::from_static("idempotency-replayed");
            parts.headers_mut().insert(name, HeaderValue::from_static("true"));
        }
        Ok(parts)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(body: &Value) -> String {
        comparable(body.as_object().unwrap())
    }

    #[test]
    fn bodies_are_compared_without_passwords_and_order() {
        let body = json!({"User": {"Email": "a", "Password": "one"}, "List": [1, {"b": 2}], "A": null});
        assert_eq!(of(&body), r#"{"A":null,"List":[1,{"b":2}],"User":{"Email":"a"}}"#);
        assert_eq!(
            of(&body),
            of(&json!({"A": null, "List": [1, {"b": 2}], "User": {"Password": "two", "Email": "a"}}))
        );
        assert_ne!(of(&body), of(&json!({"A": "", "List": [1, {"b": 2}], "User": {"Email": "a"}})));
    }
}
