use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;

use super::{Answer, server};

/// Whoever calls the API.
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

/// A token's claims, read by anybody.
pub(crate) fn claims_of(token: &str) -> Value {
    let payload = jsonwebtoken::dangerous::insecure_decode::<Value>(token).unwrap();
    assert_eq!(format!("{:?}", payload.header.alg), "ES256");
    assert!(payload.header.kid.is_some_and(|kid| kid.len() == 43));
    payload.claims
}
