//! Pages that mailed links open. Each is served whole, loads nothing, and tells nobody its address, which has the
//! token.

use axum::{
    http::{HeaderName, HeaderValue, header},
    response::{Html, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use ring::digest::{SHA256, digest};

use crate::{
    brand::Brand,
    conditional::{Conditions, EntityTag},
    problem::Problem,
};

/// The style of every page.
const STYLE: &str = include_str!("../page/page.css");

/// What the scripts of all pages begin with: the link's token, and how to send and to say something.
const SCRIPT: &str = include_str!("../page/page.js");

/// A page with its style and its script, of a platform.
#[derive(Debug)]
pub struct Page {
    html: String,
    tag: EntityTag,
    /// What a browser lets the page do (Content Security Policy Level 3): run its own script, show the platform's logo,
    /// and call its own origin.
    policy: HeaderValue,
}

impl Page {
    /// Puts into `html` what is the platform's, in the place of `<!-- brand -->` and `<!-- support -->`; the style of
    /// pages, in that of `/* style */`; and what all pages' scripts begin with, then `script`, in that of
    /// `/* script */`.
    #[must_use]
    pub fn new(html: &str, script: &str, brand: &Brand) -> Self {
        let colors = format!(":root {{ --accent: {}; --on-accent: {}; }}\n", brand.color, brand.color.on_it());
        let (style, script) = (colors + STYLE, format!("{SCRIPT}{script}"));
        let html = html
            .replace("<!-- brand -->", &shown_brand(brand))
            .replace("<!-- support -->", &support(brand))
            .replace("/* style */", &style)
            .replace("/* script */", &script);
        let policy = format!(
            "default-src 'none'; script-src {}; style-src {}; img-src {}; connect-src 'self'; base-uri 'none'; \
             form-action 'none'; frame-ancestors 'none'",
            source_hash(&script),
            source_hash(&style),
            brand.logo_url.as_deref().and_then(origin).unwrap_or("'none'"),
        );
        let policy = HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
        Self { tag: EntityTag::of_content(&[&html]), html, policy }
    }

    /// Answers the page, or that the caller has it.
    ///
    /// # Errors
    /// The caller's conditions don't hold.
    pub fn answer(self, conditions: &Conditions) -> Result<Response, Problem> {
        let headers: [(HeaderName, HeaderValue); 3] = [
            (header::CONTENT_SECURITY_POLICY, self.policy),
            (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ];
        conditions.answer(&self.tag, (headers, Html(self.html)))
    }
}

fn shown_brand(brand: &Brand) -> String {
    let name = escaped(&brand.name);
    match &brand.logo_url {
        Some(logo) => format!("<img src=\"{}\" alt=\"{name}\">", escaped(logo)),
        None => name,
    }
}

fn support(brand: &Brand) -> String {
    let support = brand.support_email.as_deref().map(escaped);
    support.map(|email| format!("Questions? Write to <a href=\"mailto:{email}\">{email}</a>.")).unwrap_or_default()
}

/// The text as HTML shows it, also within an attribute.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The scheme and the host of an address, without what could end a policy's directive.
fn origin(address: &str) -> Option<&str> {
    let (scheme, rest) = address.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    let is_plain = !host.is_empty() && !host.contains([';', ',', ' ', '\'', '"']);
    is_plain.then(|| address.get(..scheme.len() + 3 + host.len())).flatten()
}

/// Allows an inline script or style by its hash.
fn source_hash(source: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(digest(&SHA256, source.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HTML: &str = "<style>/* style */</style><header><!-- brand --></header><footer><!-- support --></footer>";

    #[test]
    fn a_page_shows_whose_it_is_and_who_answers_questions() {
        let brand = Brand { name: "A & B \"<C>".to_owned(), ..Brand::default() };
        let page = Page::new(HTML, "", &brand);
        assert!(page.html.contains("<header>A &amp; B &quot;&lt;C&gt;</header><footer></footer>"), "{}", page.html);
        assert!(page.html.contains("--accent: #0b57d0; --on-accent: #ffffff;"), "{}", page.html);
        assert!(page.policy.to_str().unwrap().contains("img-src 'none';"), "{:?}", page.policy);

        let logo_url = Some("https://cdn.acme.example/logo.png?v=1".to_owned());
        let brand = Brand { logo_url, support_email: Some("help@acme.example".to_owned()), ..brand };
        let page = Page::new(HTML, "", &brand);
        let logo = "<img src=\"https://cdn.acme.example/logo.png?v=1\" alt=\"A &amp; B &quot;&lt;C&gt;\">";
        assert!(page.html.contains(logo), "{}", page.html);
        assert!(page.html.contains("<a href=\"mailto:help@acme.example\">help@acme.example</a>"), "{}", page.html);
        assert!(page.policy.to_str().unwrap().contains("img-src https://cdn.acme.example;"), "{:?}", page.policy);
    }

    #[test]
    fn a_logos_address_adds_nothing_to_what_a_page_may_do() {
        for address in ["https://a;script-src *", "https://", "https://a,b", "no address", "https://a' 'unsafe-inline"]
        {
            assert_eq!(origin(address), None, "{address}");
        }
        assert_eq!(origin("https://cdn.acme.example"), Some("https://cdn.acme.example"));
    }
}
