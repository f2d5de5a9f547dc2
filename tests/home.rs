//! What a person sees first of `cargo run`: the home page, an organization made by its button, the reference.

use local::{Bundle, CorsOrigins, Options};
use reqwest::{Client, Method, Response, header};
use serde_json::{Value, json};

use crate::support::{Caller, Elsewhere};

const OWN_PAGES: [&str; 4] = ["/", "/docs", "/_local/mailbox", "/_local/plans"];

async fn bundle() -> Bundle {
    Bundle::start(&Options::in_memory()).await.unwrap()
}

async fn page(bundle: &Bundle, path: &str) -> Response {
    Client::new().get(format!("{}{path}", bundle.url())).header(header::ACCEPT, "text/html").send().await.unwrap()
}

async fn make_demo(bundle: &Bundle) -> Value {
    let answer = Client::new().post(format!("{}/_local/demo", bundle.url())).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{answer:?}");
    answer.json().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_home_page_says_what_runs_and_its_button_makes_an_organization_once() {
    let bundle = bundle().await;
    let home = page(&bundle, "/").await.text().await.unwrap();
    for shown in [&bundle.url(), &bundle.dynamodb_url(), &bundle.ses_url(), "in memory only", "Make Northwind GmbH"] {
        assert!(home.contains(shown), "{shown}: {home}");
    }
    let made = tokio::join!(make_demo(&bundle), make_demo(&bundle));
    for demo in [&made.0, &made.1] {
        assert_eq!(demo["OrganizationId"], made.0["OrganizationId"], "asked for twice, made once");
        let token = Some(demo["Token"].as_str().unwrap().to_owned());
        let admin = Elsewhere { url: Some(bundle.url()), token, ..Elsewhere::default() };
        assert_eq!(admin.get("/api/organization").await.ok()["Organization"]["Name"], "Northwind GmbH");
        assert_eq!(admin.get("/api/organizations/users/associations").await.ok()["TotalCount"], 1_002);
        let login = json!({"Email": demo["Email"], "Password": demo["Password"], "OrgCode": demo["Code"]});
        admin.post("/api/auth/login", &login).await.ok();
    }
    bundle.stop().await;
}

#[tokio::test]
async fn every_page_loads_from_its_own_port_alone_and_leads_to_the_others() {
    let bundle = bundle().await;
    for path in OWN_PAGES {
        let answer = page(&bundle, path).await;
        let policy = answer.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        assert!(policy.starts_with("default-src 'none'; ") && policy.contains("frame-ancestors 'none'"), "{policy}");
        let text = answer.text().await.unwrap();
        for other in OWN_PAGES {
            assert!(text.contains(&format!("<a href=\"{other}\"")), "{path} leads to {other}: {text}");
        }
        let loaded: Vec<_> = text.split([' ', '\n']).filter_map(|word| word.strip_prefix("src=\"/")).collect();
        let styles = text.matches("<link rel=\"stylesheet\" href=\"/").count();
        assert!(styles > 0 && !text.contains("src=\"http") && !text.contains("<style"), "{path}: {text}");
        for file in loaded {
            let file = format!("/{}", file.split('"').next().unwrap());
            let answer = page(&bundle, &file).await;
            assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/javascript; charset=utf-8", "{file}");
            assert!(!answer.text().await.unwrap().is_empty(), "{file}");
        }
    }
    bundle.stop().await;
}

#[tokio::test]
async fn what_is_local_is_kept_from_pages_of_other_origins_even_of_this_machine() {
    let bundle = bundle().await;
    for (method, path) in [(Method::POST, "/_local/demo"), (Method::GET, "/_local/mailbox"), (Method::GET, "/")] {
        for origin in ["https://evil.example", "http://localhost:5173", "null"] {
            let request = Client::new().request(method.clone(), format!("{}{path}", bundle.url()));
            let answer = request.header(header::ORIGIN, origin).send().await.unwrap();
            assert_eq!(answer.status(), 403, "{path} for {origin}");
            assert!(answer.headers().get(header::ACCESS_CONTROL_ALLOW_ORIGIN).is_none(), "{path} for {origin}");
        }
        let own = Client::new().request(method, format!("{}{path}", bundle.url()));
        assert_eq!(own.header(header::ORIGIN, bundle.url()).send().await.unwrap().status(), 200, "{path}");
    }
    bundle.stop().await;
}

/// What a browser asks before a page of this origin may patch an organization.
async fn preflight(bundle: &Bundle, origin: &str) -> Response {
    let request = Client::new().request(Method::OPTIONS, format!("{}/api/organization", bundle.url()));
    let request = request.header(header::ORIGIN, origin).header(header::ACCESS_CONTROL_REQUEST_METHOD, "PATCH");
    request.header(header::ACCESS_CONTROL_REQUEST_HEADERS, "authorization,if-match").send().await.unwrap()
}

fn allowed(answer: &Response) -> Option<&str> {
    answer.headers().get(header::ACCESS_CONTROL_ALLOW_ORIGIN).map(|origin| origin.to_str().unwrap())
}

#[tokio::test]
async fn a_page_of_this_machine_may_call_the_api_and_read_its_headers_and_errors() {
    let bundle = bundle().await;
    let shop = "http://localhost:5173";
    let asked = preflight(&bundle, shop).await;
    assert_eq!((asked.status().as_u16(), allowed(&asked)), (200, Some(shop)));
    let header = |name: header::HeaderName| asked.headers()[name].to_str().unwrap();
    assert_eq!(header(header::ACCESS_CONTROL_ALLOW_METHODS), "GET,POST,PUT,PATCH,DELETE");
    let headers = "authorization,content-type,idempotency-key,if-match,if-none-match,x-api-key";
    assert_eq!(header(header::ACCESS_CONTROL_ALLOW_HEADERS), headers);
    assert_eq!(header(header::ACCESS_CONTROL_MAX_AGE), "600");

    let refused = Client::new().get(format!("{}/api/organization", bundle.url())).header(header::ORIGIN, shop);
    let refused = refused.send().await.unwrap();
    assert_eq!((refused.status().as_u16(), allowed(&refused)), (401, Some(shop)), "an error can be read too");
    let readable = refused.headers()[header::ACCESS_CONTROL_EXPOSE_HEADERS].to_str().unwrap();
    assert_eq!(readable, "etag,idempotency-replayed,ratelimit,ratelimit-policy,retry-after,x-request-id");

    for origin in ["https://evil.example", "http://localhost.evil.example", "null"] {
        assert_eq!(allowed(&preflight(&bundle, origin).await), None, "{origin}");
    }
    bundle.stop().await;
}

#[tokio::test]
async fn listed_origins_alone_may_call_where_they_are_listed() {
    let cors_origins = CorsOrigins::These(vec!["https://shop.example".to_owned()]);
    let bundle = Bundle::start(&Options { cors_origins, ..Options::in_memory() }).await.unwrap();
    assert_eq!(allowed(&preflight(&bundle, "https://shop.example").await), Some("https://shop.example"));
    assert_eq!(allowed(&preflight(&bundle, "http://localhost:5173").await), None);
    bundle.stop().await;
}
