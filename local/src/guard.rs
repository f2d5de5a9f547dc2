//! Keeps web pages away from the ports of this machine.
//!
//! Each port listens on 127.0.0.1 alone, but a browser on this machine carries requests of any page there. Example: a page
//! of evil.example gives its own name the address 127.0.0.1 (DNS rebinding), and reads the mailbox with its reset links
//! as a page of its own origin. The browser still sends `Host: evil.example:3000`, and that is refused.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Uri, header, uri::Authority},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use shared::{
    dynamo::RequestContext,
    ids,
    problem::{Problem, ProblemCode},
    service::{AnswerDue, REQUEST_ID},
};

/// The names of this machine itself, which no other name's owner can take over.
const OWN_HOSTS: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

/// The names by which the ports may be asked, in lower case and without a port.
#[derive(Clone, Debug)]
pub(crate) struct AllowedHosts(Arc<[String]>);

impl AllowedHosts {
    /// This machine's own names, and `others`: those of a proxy in front, for example.
    pub(crate) fn new(others: &[String]) -> Self {
        Self(OWN_HOSTS.map(str::to_owned).into_iter().chain(others.iter().cloned()).collect())
    }

    /// Guards a port that a page may call: its requests must name an allowed host.
    pub(crate) fn guard(&self, router: Router) -> Router {
        router.layer(middleware::from_fn_with_state(self.clone(), require_allowed_host))
    }

    /// Guards a port that no page calls: a request that a page sent is refused, whatever the page.
    pub(crate) fn guard_from_pages(&self, router: Router) -> Router {
        self.guard(router.layer(middleware::from_fn(refuse_pages)))
    }

    /// Returns whether each name that the request has for the host is allowed. A request has one; a client that sends
    /// two could mean either.
    fn allow(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        let sent = headers.get_all(header::HOST).iter().map(|host| Authority::try_from(host.as_bytes()).ok());
        let mut named = sent.chain(uri.authority().cloned().map(Some)).peekable();
        named.peek().is_some()
            && named.all(|named| {
                named.is_some_and(|named| self.0.iter().any(|host| host.eq_ignore_ascii_case(named.host())))
            })
    }
}

/// Guards what is for this port's own pages and for programs: a request that a page of another origin sent is refused.
/// The port's own guard asks for the host.
pub(crate) fn guard_from_other_pages(router: Router) -> Router {
    router.layer(middleware::from_fn(refuse_other_pages))
}

/// Reads the name of a host, as `--allow-host` has it.
pub(crate) fn host_name(text: &str) -> Result<String, &'static str> {
    let authority: Option<Authority> = text.parse().ok();
    let host = authority.filter(|authority| authority.host() == text).ok_or("must be a host's name without a port")?;
    Ok(host.host().to_ascii_lowercase())
}

async fn require_allowed_host(State(hosts): State<AllowedHosts>, request: Request, next: Next) -> Response {
    if hosts.allow(request.uri(), request.headers()) {
        return next.run(request).await;
    }
    let detail = "This host is not served here; `--allow-host` adds one.";
    refuse(Problem::new(ProblemCode::MisdirectedRequest).detail(detail)).await
}

/// Refuses what a page sent: browsers put an `Origin` on each request of a page that can change something, and on each
/// that the page could read the answer of (Fetch Standard, section 3.1).
async fn refuse_pages(request: Request, next: Next) -> Response {
    if !request.headers().contains_key(header::ORIGIN) {
        return next.run(request).await;
    }
    refuse(Problem::new(ProblemCode::WebPageRefused).detail("Web pages may not use this port.")).await
}

/// Refuses what a page of another origin sent. A browser names that origin on each request that could change something.
async fn refuse_other_pages(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let host = headers.get(header::HOST).map(HeaderValue::as_bytes).unwrap_or_default();
    let is_own = |origin: &HeaderValue| origin.as_bytes().strip_prefix(b"http://").is_some_and(|origin| origin == host);
    if headers.get_all(header::ORIGIN).iter().all(is_own) {
        return next.run(request).await;
    }
    refuse(Problem::new(ProblemCode::WebPageRefused).detail("Pages of other origins may not use this.")).await
}

/// Answers as the API does, with an id and a line in the log.
async fn refuse(problem: Problem) -> Response {
    let context = RequestContext::new(ids::random_id(24), AnswerDue::default().0);
    let mut response = context.scope(async { problem.into_response() }).await;
    tracing::warn!(request_id = context.id(), status = response.status().as_u16(), "a request was refused at the port");
    if let Ok(id) = HeaderValue::from_str(context.id()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(hosts: &AllowedHosts, uri: &'static str, named: &[&'static str]) -> bool {
        let named = named.iter().map(|host| (header::HOST, HeaderValue::from_static(host)));
        hosts.allow(&Uri::from_static(uri), &named.collect())
    }

    #[test]
    fn this_machine_is_allowed_by_its_own_names_with_any_port() {
        let hosts = AllowedHosts::new(&[]);
        for named in ["127.0.0.1", "127.0.0.1:3000", "localhost:8000", "LOCALHOST", "[::1]", "[::1]:3000"] {
            assert!(allows(&hosts, "/health", &[named]), "{named}");
        }
        for named in [
            "evil.example",
            "evil.example:3000",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "::1",
            "",
            "127.0.0.2",
        ] {
            assert!(!allows(&hosts, "/health", &[named]), "{named}");
        }
        assert!(!allows(&hosts, "/health", &[]), "a request that names no host");
        assert!(!allows(&hosts, "/health", &["localhost", "evil.example"]), "a request that names two");
        assert!(!allows(&hosts, "http://evil.example/health", &["localhost"]), "a whole address wins over the header");
        assert!(allows(&hosts, "http://localhost/health", &["localhost"]));
    }

    #[test]
    fn another_name_is_allowed_where_it_is_asked_for() {
        let hosts = AllowedHosts::new(&[host_name("API.Acme.Example").unwrap()]);
        assert!(allows(&hosts, "/health", &["api.acme.example:443"]));
        assert!(!allows(&hosts, "/health", &["acme.example"]));
        for text in ["api.acme.example:443", "http://acme.example", "user@acme.example", "", "acme example"] {
            assert!(host_name(text).is_err(), "{text}");
        }
        assert_eq!(host_name("[fd00::1]").unwrap(), "[fd00::1]");
    }
}
