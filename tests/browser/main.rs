//! The pages in a real browser. Needs Chromium, so it is no part of plain `cargo test`:
//! `cargo test --features browser --test browser`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod chromium;
mod pictures;

use std::time::Duration;

use chromium::Browser;
use local::{Bundle, Options};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::time::sleep;

/// Asserts that the page of a mailed link called its own origin alone, and that nobody was told the link's token.
fn told_nobody(browser: &Browser, url: &str, link: &str) {
    // A failed answer is logged by the browser; what the policy blocks would be too.
    assert!(browser.complaints.iter().all(|text| text.contains("400")), "{:?}", browser.complaints);
    for request in &browser.requests {
        let address = request["url"].as_str().unwrap();
        assert!(address.starts_with(url) || address == "about:blank", "only its own origin: {address}");
        assert_eq!(request["headers"]["Referer"].as_str().unwrap_or_default(), "", "{request}");
        assert!(address == link || !address.contains("token"), "{address}");
    }
}

#[tokio::test]
async fn a_mailed_link_opens_a_page_that_sets_the_password_and_tells_nobody_its_token() {
    let options = Options::in_memory();
    let bundle = Bundle::start(&options).await.unwrap();
    let (url, client) = (bundle.url(), Client::new());
    let post = async |path: &str, body: Value| client.post(format!("{url}{path}")).json(&body).send().await.unwrap();
    let user = json!({"FirstName": "Grace", "LastName": "Hopper", "Email": "grace@acme.example", "Password": "first password"});
    assert_eq!(post("/api/users", user).await.status(), 200);
    assert_eq!(post("/api/auth/forgot-password", json!({"Email": "grace@acme.example"})).await.status(), 202);
    let link = loop {
        let mails: Value = client.get(format!("{url}/_local/mailbox")).send().await.unwrap().json().await.unwrap();
        if let Some(mail) = mails.as_array().unwrap().last() {
            let text = mail["Text"].as_str().unwrap();
            break text.lines().find(|line| line.starts_with("http")).unwrap().to_owned();
        }
        sleep(Duration::from_millis(20)).await;
    };

    let mut browser = Browser::start().await;
    browser.open(&link).await;
    assert_eq!(browser.evaluate("location.search").await, "", "the token is gone from the address bar");
    assert_eq!(browser.evaluate("document.styleSheets.length").await, 1, "the style is let in");
    assert_eq!(browser.submit("grace@acme.example").await, "The password must not be the e-mail address.");
    for (password, flaw, filled) in [("second", "2 more to go.", 6), ("second password", "", 8)] {
        browser.type_password(password).await;
        assert_eq!(browser.evaluate("document.getElementById('flaw').textContent").await, flaw);
        assert_eq!(browser.evaluate("document.getElementById('meter').value").await, filled);
    }
    assert_eq!(browser.submit("second password").await, "Your password is set. You can sign in now.");
    let login = json!({"Email": "grace@acme.example", "Password": "second password"});
    assert_eq!(post("/api/auth/login", login).await.status(), 200);

    told_nobody(&browser, &url, &link);

    // Used, and what the policy forbids.
    browser.open(&link).await;
    assert_eq!(
        browser.submit("third password").await,
        "This link was used before, or is no longer valid. Ask for a new one."
    );
    let blocked = "new Promise(done => { const s = document.createElement('script'); s.src = 'https://evil.example/x.js'; \
                   s.onerror = () => done('blocked'); s.onload = () => done('loaded'); document.head.append(s); })";
    assert_eq!(browser.evaluate(blocked).await, "blocked");
    let inline = "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.evil = 1\">'); \
                  new Promise(done => setTimeout(() => done(typeof window.evil), 200))";
    assert_eq!(browser.evaluate(inline).await, "undefined");
    bundle.stop().await;
}

#[tokio::test]
async fn the_link_of_an_invitation_opens_a_page_that_says_who_invites_and_accepts() {
    let bundle = Bundle::start(&Options::in_memory()).await.unwrap();
    let (url, client) = (bundle.url(), Client::new());
    let post = async |path: &str, body: Value| client.post(format!("{url}{path}")).json(&body).send().await.unwrap();
    let user =
        json!({"FirstName": "Ada", "LastName": "Lovelace", "Email": "ada@acme.example", "Password": "her password"});
    let founded = post("/api/organizations", json!({"Organization": {"Name": "Acme <b>GmbH"}, "User": user})).await;
    let code = founded.json::<Value>().await.unwrap()["Slug"].clone();
    let login = json!({"Email": "ada@acme.example", "Password": "her password", "OrgCode": code});
    let signed_in: Value = post("/api/auth/login", login).await.json().await.unwrap();
    let invitation = json!({"Email": "grace@acme.example", "LastName": "Hopper", "Roles": ["admin"]});
    let invite = client.post(format!("{url}/api/organizations/invitations")).json(&invitation);
    let invited = invite.bearer_auth(signed_in["AccessToken"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(invited.status(), 201);
    let link = loop {
        let mails: Value = client.get(format!("{url}/_local/mailbox")).send().await.unwrap().json().await.unwrap();
        if let Some(mail) = mails.as_array().unwrap().iter().find(|mail| mail["To"] == "grace@acme.example") {
            let text = mail["Text"].as_str().unwrap();
            break text.lines().find(|line| line.starts_with("http")).unwrap().to_owned();
        }
        sleep(Duration::from_millis(20)).await;
    };

    let mut browser = Browser::start().await;
    browser.open(&link).await;
    assert_eq!(browser.evaluate("location.search").await, "", "the token is gone from the address bar");
    browser.until("!document.getElementById('form').hidden").await;
    let who = browser.evaluate("document.getElementById('who').textContent").await;
    assert_eq!(who, "Ada Lovelace invites you (grace@acme.example) to Acme <b>GmbH.", "a name is text, and no markup");
    assert_eq!(browser.evaluate("document.getElementById('last').value").await, "Hopper");
    browser.evaluate("document.getElementById('first').value = 'Grace'").await;
    let refused = browser.submit("grace@acme.example").await;
    assert_eq!(refused, "The password must not be the e-mail address.");
    // What the page says while a password is typed is what the server says of it.
    assert_ne!(browser.evaluate("flaw('Grace@acme.example')").await, "");
    for password in ["Hopper-1906", "grace_hopper", "Acme 2026", "acme.example!", "Hopper Grace 1"] {
        assert_ne!(browser.evaluate(&format!("flaw({})", json!(password))).await, "", "{password}");
        let refused = browser.submit(password).await;
        assert_eq!(
            refused,
            "The password must not be a name or a part of the e-mail address, also with digits after it."
        );
    }
    assert_eq!(browser.evaluate("flaw('a good password')").await, "");
    let accepted = browser.submit("a good password").await;
    assert_eq!(accepted, "You belong to Acme <b>GmbH now. Sign in with your new password.");
    let login = json!({"Email": "grace@acme.example", "Password": "a good password", "OrgCode": code});
    assert_eq!(post("/api/auth/login", login).await.status(), 200);

    told_nobody(&browser, &url, &link);
    browser.open(&link).await;
    let is_dead = "This link was used before, or is no longer valid. Ask whoever invited you for a new one.";
    browser.until(&format!("document.getElementById('who').textContent === '{is_dead}'")).await;
    bundle.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_home_page_one_makes_an_organization_calls_the_api_and_accepts_an_invitation() {
    let bundle = Bundle::start(&Options::in_memory()).await.unwrap();
    let url = bundle.url();
    let mut browser = Browser::start().await;
    browser.visit(&url).await;
    browser.click("Make Northwind GmbH").await;
    browser.shows("Token, for one hour").await;
    let shown = async |browser: &mut Browser, field: &str| {
        browser.text(&format!("document.querySelector('[data-field={field}]').textContent")).await
    };
    let (email, password) = (shown(&mut browser, "Email").await, shown(&mut browser, "Password").await);

    browser.click("Reference").await;
    browser.until("!!document.getElementById('sign-in')").await;
    browser.fill("email", &email).await;
    browser.fill("password", &password).await;
    browser.click("Sign in").await;
    browser.shows("Signed in to org_northwindgmbh").await;
    browser.visit(&format!("{url}/docs#tag/organizations/GET/api/organization")).await;
    browser.click("Test Request").await;
    browser.click("Send").await;
    browser.shows("\"Name\": \"Northwind GmbH\"").await;

    browser.visit(&format!("{url}/_local/mailbox")).await;
    browser.shows("Northwind GmbH invites you").await;
    let button =
        "new DOMParser().parseFromString(document.querySelector('iframe').srcdoc, 'text/html').querySelector('a').href";
    let link = browser.text(button).await;
    browser.open(&link).await;
    browser.until("!document.getElementById('form').hidden").await;
    browser.evaluate("document.getElementById('first').value = 'Edsger'").await;
    browser.evaluate("document.getElementById('last').value = 'Dijkstra'").await;
    let accepted = browser.submit("a good password").await;
    assert_eq!(accepted, "You belong to Northwind GmbH now. Sign in with your new password.");

    browser.visit(&format!("{url}/docs")).await;
    browser.until("!!document.getElementById('sign-in')").await;
    browser.fill("email", "edsger@northwind.example").await;
    browser.fill("password", "a good password").await;
    browser.click("Sign in").await;
    browser.shows("Signed in to org_northwindgmbh").await;

    assert_eq!(browser.complaints, Vec::<String>::new());
    for request in &browser.requests {
        let address = request["url"].as_str().unwrap();
        let is_own =
            address.starts_with(&url) || ["about:", "data:", "blob:"].iter().any(|own| address.starts_with(own));
        assert!(is_own, "nothing is fetched from elsewhere: {address}");
    }
    bundle.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_port_signs_in_and_reads_what_it_is_answered() {
    let bundle = Bundle::start(&Options::in_memory()).await.unwrap();
    let shop = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", shop.local_addr().unwrap());
    let page = axum::Router::new().route("/", axum::routing::get(async || axum::response::Html("<p>A shop</p>")));
    tokio::spawn(async move { axum::serve(shop, page).await });
    let user =
        json!({"FirstName": "Ada", "LastName": "Lovelace", "Email": "ada@acme.example", "Password": "her password"});
    let founding = json!({"Organization": {"Name": "Acme"}, "User": user});
    let founded =
        Client::new().post(format!("{}/api/organizations", bundle.url())).json(&founding).send().await.unwrap();
    let code = founded.json::<Value>().await.unwrap()["Slug"].clone();

    let mut browser = Browser::start().await;
    browser.visit(&address).await;
    let script = format!(
        "(async () => {{
            const json = {{ 'Content-Type': 'application/json' }};
            const login = JSON.stringify({{ Email: 'ada@acme.example', Password: 'her password', OrgCode: {code} }});
            const signedIn = await fetch('{api}/api/auth/login', {{ method: 'POST', headers: json, body: login }});
            const Authorization = `Bearer ${{(await signedIn.json()).AccessToken}}`;
            const answer = await fetch('{api}/api/organization', {{ headers: {{ Authorization }} }});
            const change = {{ ...json, Authorization, 'If-Match': answer.headers.get('ETag') }};
            const body = JSON.stringify({{ BillingCity: 'Berlin' }});
            const changed = await fetch('{api}/api/organization', {{ method: 'PATCH', headers: change, body }});
            const mailbox = await fetch('{api}/_local/mailbox').then(() => 'read', () => 'kept away');
            return `${{(await changed.json()).Organization.BillingCity}}, mailbox ${{mailbox}}`;
        }})()",
        api = bundle.url()
    );
    assert_eq!(browser.evaluate(&script).await, "Berlin, mailbox kept away");
    bundle.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_can_be_read_by_everybody_on_a_narrow_screen_and_in_the_dark() {
    let bundle = Bundle::start(&Options::in_memory()).await.unwrap();
    let mut browser = Browser::start().await;
    browser.visit(&bundle.url()).await;
    browser.click("Make Northwind GmbH").await;
    browser.shows("Token, for one hour").await;
    browser.is_readable_everywhere().await;
    for path in ["/_local/mailbox", "/_local/plans", "/account/set-password", "/account/confirm-email", "/problems"] {
        browser.visit(&format!("{}{path}", bundle.url())).await;
        browser.is_readable_everywhere().await;
    }
    browser.visit(&format!("{}/_local/mailbox", bundle.url())).await;
    let button =
        "new DOMParser().parseFromString(document.querySelector('iframe').srcdoc, 'text/html').querySelector('a').href";
    let link = browser.text(button).await;
    browser.visit(&link).await;
    browser.until("!document.getElementById('form').hidden").await;
    browser.is_readable_everywhere().await;
    bundle.stop().await;
}

#[tokio::test]
async fn a_dead_link_says_so_and_another_is_asked_for_on_its_page() {
    let bundle = Bundle::start(&Options::in_memory()).await.unwrap();
    let mut browser = Browser::start().await;
    browser.open(&format!("{}/account/set-password?token=dead", bundle.url())).await;
    let said = browser.submit("a new password").await;
    assert_eq!(said, "This link was used before, or is no longer valid. Ask for a new one.");
    browser.evaluate("document.getElementById('email').value = 'grace@acme.example'").await;
    browser.click("Mail me a new link").await;
    browser.shows("If the address has an account, a new link is on its way to it.").await;
    bundle.stop().await;
}
