//! Which pages of other origins may call the API on this machine. On AWS the gateway answers by the same rules, which
//! `template.yaml` has.

use std::{convert::Infallible, str::FromStr, time::Duration};

use axum::{
    Router,
    extract::Request,
    http::{HeaderName, HeaderValue, Method, Uri, header},
};
use tower::{ServiceExt, service_fn};
use tower_http::cors::{AllowOrigin, CorsLayer};

/// The methods that a page may use.
pub const METHODS: [Method; 5] = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
/// The headers that a page may send.
pub const REQUEST_HEADERS: [HeaderName; 6] = [
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    HeaderName::from_static("idempotency-key"),
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    HeaderName::from_static("x-api-key"),
];
/// The headers of an answer that a page may read.
pub const RESPONSE_HEADERS: [HeaderName; 6] = [
    header::ETAG,
    HeaderName::from_static("idempotency-replayed"),
    HeaderName::from_static("ratelimit"),
    HeaderName::from_static("ratelimit-policy"),
    header::RETRY_AFTER,
    HeaderName::from_static("x-request-id"),
];
/// How long a browser may keep what a preflight request was answered.
pub const MAX_AGE: Duration = Duration::from_mins(10);

/// The origins whose pages may call the API.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CorsOrigins {
    /// Every origin of this machine, whatever its port: where a front end is developed.
    #[default]
    ThisMachine,
    /// These alone, as `https://shop.example`.
    These(Vec<String>),
}

impl FromStr for CorsOrigins {
    type Err = Infallible;

    /// Reads origins that are separated by commas; `localhost` means those of this machine, and an empty text none.
    fn from_str(text: &str) -> Result<Self, Infallible> {
        if text.trim() == "localhost" {
            return Ok(Self::ThisMachine);
        }
        let origins = text.split(',').map(str::trim).filter(|origin| !origin.is_empty());
        Ok(Self::These(origins.map(str::to_owned).collect()))
    }
}

impl CorsOrigins {
    /// Lets the pages of these origins call `api`. Whoever else calls is answered as if there were no such rules.
    pub(crate) fn allow(self, api: Router) -> Router {
        let layer = CorsLayer::new()
            .allow_origin(AllowOrigin::mirror_request())
            .allow_methods(METHODS)
            .allow_headers(REQUEST_HEADERS)
            .expose_headers(RESPONSE_HEADERS)
            .max_age(MAX_AGE);
        let for_pages = api.clone().layer(layer);
        Router::new().fallback_service(service_fn(move |request: Request| {
            let is_of_a_page = request.headers().get(header::ORIGIN).is_some_and(|origin| self.has(origin));
            if is_of_a_page { for_pages.clone() } else { api.clone() }.oneshot(request)
        }))
    }

    fn has(&self, origin: &HeaderValue) -> bool {
        match (self, origin.to_str()) {
            (_, Err(_)) => false,
            (Self::ThisMachine, Ok(origin)) => is_of_this_machine(origin),
            (Self::These(origins), Ok(origin)) => origins.iter().any(|allowed| allowed == origin),
        }
    }
}

fn is_of_this_machine(origin: &str) -> bool {
    let Ok(uri) = origin.parse::<Uri>() else { return false };
    matches!(uri.scheme_str(), Some("http" | "https"))
        && uri
            .host()
            .is_some_and(|host| ["127.0.0.1", "localhost", "[::1]"].contains(&host) || host.ends_with(".localhost"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(origins: &str, origin: &str) -> bool {
        origins.parse::<CorsOrigins>().unwrap().has(&HeaderValue::try_from(origin).unwrap())
    }

    #[test]
    fn pages_of_this_machine_are_those_of_its_own_names_on_any_port() {
        for origin in [
            "http://localhost:5173",
            "https://localhost",
            "http://127.0.0.1:8080",
            "http://[::1]:4000",
            "http://shop.localhost:3001",
        ] {
            assert!(has("localhost", origin), "{origin}");
        }
        for origin in
            ["https://evil.example", "http://localhost.evil.example", "http://notlocalhost", "null", "file://", ""]
        {
            assert!(!has("localhost", origin), "{origin}");
        }
    }

    #[test]
    fn listed_origins_are_allowed_as_they_are_written_and_no_others() {
        let listed = "https://shop.example, https://admin.example:8443";
        assert!(has(listed, "https://shop.example"));
        assert!(has(listed, "https://admin.example:8443"));
        for origin in ["http://shop.example", "https://shop.example:443", "http://localhost:3000", "null"] {
            assert!(!has(listed, origin), "{origin}");
        }
        assert!(!has("", "http://localhost:3000"), "none");
    }
}
