use std::net::IpAddr;

use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use url::form_urlencoded;

use super::{Answer, server};

/// A caller of the API.
pub(crate) trait Caller: Sync {
    /// Adds what says who calls.
    fn sign(&self, request: RequestBuilder) -> RequestBuilder;

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.sign(Client::new().request(method, format!("{}{path}", server().url)))
    }

    async fn send(&self, request: RequestBuilder) -> Answer {
        Answer::of(request.send().await.unwrap()).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// A form, in this order.
    async fn post_form(&self, path: &str, parameters: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        self.raw(Method::POST, path, Some("application/x-www-form-urlencoded"), body).await
    }

    async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::PATCH, path).json(body)).await
    }

    async fn delete(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::DELETE, path).json(body)).await
    }

    /// A call with exactly this body and content type.
    async fn raw(&self, method: Method, path: &str, kind: Option<&str>, body: impl Into<reqwest::Body>) -> Answer {
        let mut request = self.request(method, path).body(body);
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        self.send(request).await
    }
}

/// Somebody without a token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Anonymous;

impl Caller for Anonymous {
    fn sign(&self, request: RequestBuilder) -> RequestBuilder {
        request
    }
}

/// Somebody with a token, be it a user's or an organization's.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) token: String,
}

impl Caller for Member {
    fn sign(&self, request: RequestBuilder) -> RequestBuilder {
        request.bearer_auth(&self.token)
    }
}

/// A caller of another bundle than the shared one, or from another address.
#[derive(Clone, Debug, Default)]
pub(crate) struct Elsewhere {
    /// The bundle, where it isn't the shared one.
    pub(crate) url: Option<String>,
    pub(crate) token: Option<String>,
    /// The address that the call comes from.
    pub(crate) source: Option<IpAddr>,
}

impl Caller for Elsewhere {
    fn sign(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let client = Client::builder().local_address(self.source).build().unwrap();
        let url = self.url.as_deref().unwrap_or_else(|| &server().url);
        self.sign(client.request(method, format!("{url}{path}")))
    }
}

/// A token's claims, read by anybody.
pub(crate) fn claims_of(token: &str) -> Value {
    let payload = jsonwebtoken::dangerous::insecure_decode::<Value>(token).unwrap();
    assert_eq!(format!("{:?}", payload.header.alg), "ES256");
    assert!(payload.header.kid.is_some_and(|kid| kid.len() == 43));
    payload.claims
}
