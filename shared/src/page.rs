//! Pages that mailed links open. Each is served whole, loads nothing, and tells nobody its address, which has the
//! token.

use axum::{
    http::{HeaderName, HeaderValue, header},
    response::{Html, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use ring::digest::{SHA256, digest};

use crate::{
    conditional::{Conditions, EntityTag},
    problem::Problem,
};

/// A page with its style and its script.
#[derive(Debug)]
pub struct Page {
    html: String,
    tag: EntityTag,
    /// What a browser lets the page do (Content Security Policy Level 3): run its own script, and call its own origin.
    policy: HeaderValue,
}

impl Page {
    /// Puts `style` and `script` into `html`, in the place of `/* style */` and `/* script */`.
    #[must_use]
    pub fn new(html: &str, style: &str, script: &str) -> Self {
        let html = html.replace("/* style */", style).replace("/* script */", script);
        let policy = format!(
            "default-src 'none'; script-src {}; style-src {}; connect-src 'self'; base-uri 'none'; form-action 'none'; \
             frame-ancestors 'none'",
            source_hash(script),
            source_hash(style)
        );
        let policy = HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
        Self { tag: EntityTag::of_content(&[&html]), html, policy }
    }

    /// Answers the page, or that the caller has it.
    ///
    /// # Errors
    /// The caller's conditions don't hold.
    pub fn answer(&'static self, conditions: &Conditions) -> Result<Response, Problem> {
        let headers: [(HeaderName, HeaderValue); 3] = [
            (header::CONTENT_SECURITY_POLICY, self.policy.clone()),
            (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ];
        conditions.answer(&self.tag, (headers, Html(self.html.as_str())))
    }
}

/// Allows an inline script or style by its hash.
fn source_hash(source: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(digest(&SHA256, source.as_bytes())))
}
