//! The page that a mailed link opens, in a real browser. Needs Chromium, so it is no part of plain `cargo test`:
//! `cargo test --features browser --test browser`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{process::Stdio, time::Duration};

use local::{Bundle, Options};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::{sleep, timeout},
};

/// Where `npm install --prefix target/axe axe-core` puts the checker.
const AXE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/axe/node_modules/axe-core/axe.min.js");

/// A headless Chromium, spoken to over pipes (Chrome `DevTools` Protocol).
struct Browser {
    _process: Child,
    _profile: tempfile::TempDir,
    write: ChildStdin,
    read: BufReader<ChildStdout>,
    calls: u64,
    session: String,
    /// What the pages failed at, or were kept from.
    complaints: Vec<String>,
    /// The addresses that the pages asked for.
    requests: Vec<Value>,
}

impl Browser {
    async fn start() -> Self {
        let profile = tempfile::tempdir().unwrap();
        let program = std::env::var("CHROMIUM").unwrap_or_else(|_| "chromium".to_owned());
        let flags = "--headless --no-sandbox --disable-gpu --disable-dev-shm-usage --remote-debugging-pipe";
        // The protocol's pipes are 3 and 4.
        let script = format!("exec {program} {flags} --user-data-dir={} 3<&0 4>&1 1>&2", profile.path().display());
        let mut process = Command::new("bash")
            .args(["-c", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let (write, read) = (process.stdin.take().unwrap(), BufReader::new(process.stdout.take().unwrap()));
        let mut browser = Self {
            _process: process,
            _profile: profile,
            write,
            read,
            calls: 0,
            session: String::new(),
            complaints: Vec::new(),
            requests: Vec::new(),
        };
        let target = browser.call("Target.createTarget", json!({"url": "about:blank"})).await;
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let attached = browser.call("Target.attachToTarget", attach).await;
        attached["sessionId"].as_str().unwrap().clone_into(&mut browser.session);
        for domain in ["Page.enable", "Runtime.enable", "Log.enable", "Network.enable"] {
            browser.call(domain, json!({})).await;
        }
        browser
    }

    async fn call(&mut self, method: &str, params: Value) -> Value {
        self.calls += 1;
        let id = self.calls;
        let mut message = json!({"id": id, "method": method, "params": params});
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        self.write.write_all(message.to_string().as_bytes()).await.unwrap();
        self.write.write_all(&[0]).await.unwrap();
        loop {
            let message = timeout(Duration::from_secs(30), self.next()).await.unwrap();
            if message["id"] == id {
                assert!(message["error"].is_null(), "{method}: {message}");
                return message["result"].clone();
            }
        }
    }

    async fn next(&mut self) -> Value {
        let mut bytes = Vec::new();
        self.read.read_until(0, &mut bytes).await.unwrap();
        bytes.pop();
        let message: Value = serde_json::from_slice(&bytes).unwrap();
        match message["method"].as_str() {
            Some("Log.entryAdded") if message["params"]["entry"]["level"] == "error" => {
                self.complaints.push(message["params"]["entry"]["text"].to_string());
            }
            Some("Runtime.exceptionThrown") => self.complaints.push(message["params"].to_string()),
            Some("Network.requestWillBeSent") => self.requests.push(message["params"]["request"].clone()),
            _ => {}
        }
        message
    }

    /// Opens a page with a form.
    async fn open(&mut self, address: &str) {
        self.visit(address).await;
        self.until("!!document.getElementById('form')").await;
    }

    async fn visit(&mut self, address: &str) {
        self.call("Page.navigate", json!({"url": address})).await;
        self.until("document.readyState === 'complete'").await;
    }

    /// Clicks the first button or link that says this, once it is there.
    async fn click(&mut self, words: &str) {
        let found = format!(
            "[...document.querySelectorAll('button:enabled, a')].find(it => it.innerText.trim().startsWith({}))",
            json!(words)
        );
        self.until(&format!("!!{found}")).await;
        self.evaluate(&format!("{found}.click()")).await;
    }

    /// Types into the field of this name.
    async fn fill(&mut self, field: &str, text: &str) {
        self.evaluate(&format!("document.querySelector('[name={field}]').focus()")).await;
        self.call("Input.insertText", json!({"text": text})).await;
    }

    /// Waits until the page shows these words.
    async fn shows(&mut self, words: &str) {
        self.until(&format!("document.body.innerText.includes({})", json!(words))).await;
    }

    /// Asserts that axe-core finds nothing on the page that breaks WCAG 2.2, level AA.
    async fn is_accessible(&mut self) {
        let file = std::env::var("AXE").unwrap_or_else(|_| AXE.to_owned());
        let axe = std::fs::read_to_string(&file)
            .unwrap_or_else(|error| panic!("{file}: {error}; `npm install --prefix target/axe axe-core` brings it"));
        self.evaluate(&axe).await;
        let run = "(async () => {
            const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
            const { violations } = await axe.run(document, { runOnly: rules });
            return JSON.stringify(violations.map(({ id, nodes }) => [id, nodes.map((node) => node.html)]));
        })()";
        let address = self.evaluate("location.href").await;
        assert_eq!(self.evaluate(run).await, "[]", "{address}");
    }

    /// Asserts that the page needs no scrolling sideways on a narrow screen, in light and in dark.
    async fn is_readable_everywhere(&mut self) {
        for scheme in ["light", "dark"] {
            let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
            self.call("Emulation.setEmulatedMedia", json!({"features": features})).await;
            self.is_accessible().await;
        }
        let narrow = json!({"width": 320, "height": 640, "deviceScaleFactor": 1, "mobile": true});
        self.call("Emulation.setDeviceMetricsOverride", narrow).await;
        let wide = "document.documentElement.scrollWidth";
        assert_eq!(self.evaluate(wide).await, 320, "{}", self.evaluate("location.href").await);
        self.call("Emulation.clearDeviceMetricsOverride", json!({})).await;
    }

    async fn text(&mut self, script: &str) -> String {
        self.evaluate(script).await.as_str().unwrap_or_default().to_owned()
    }

    async fn evaluate(&mut self, script: &str) -> Value {
        let call = json!({"expression": script, "returnByValue": true, "awaitPromise": true});
        self.call("Runtime.evaluate", call).await["result"]["value"].clone()
    }

    async fn until(&mut self, condition: &str) {
        for _ in 0..200 {
            if self.evaluate(condition).await == true {
                return;
            }
            sleep(Duration::from_millis(25)).await;
        }
        let page = self.evaluate("document.body.innerText").await;
        panic!("never: {condition}; {page}; {:?}", self.complaints);
    }

    /// Types a password and submits it, as a person does.
    async fn submit(&mut self, password: &str) -> String {
        self.evaluate(
            "document.getElementById('message').textContent = ''; document.getElementById('password').value = ''",
        )
        .await;
        self.evaluate("document.getElementById('password').focus()").await;
        self.call("Input.insertText", json!({"text": password})).await;
        self.evaluate("document.getElementById('button').click()").await;
        self.until("document.getElementById('message').textContent !== ''").await;
        self.evaluate("document.getElementById('message').textContent").await.as_str().unwrap().to_owned()
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
    assert_eq!(browser.submit("second password").await, "Your password is set. You can sign in now.");
    let login = json!({"Email": "grace@acme.example", "Password": "second password"});
    assert_eq!(post("/api/auth/login", login).await.status(), 200);

    // A failed answer is logged by the browser; what the policy blocks would be too.
    assert!(browser.complaints.iter().all(|text| text.contains("400")), "{:?}", browser.complaints);
    for request in &browser.requests {
        let address = request["url"].as_str().unwrap();
        assert!(address.starts_with(&url) || address == "about:blank", "only its own origin: {address}");
        assert_eq!(request["headers"]["Referer"].as_str().unwrap_or_default(), "", "{request}");
        assert!(address == link || !address.contains("token"), "{address}");
    }

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
    let accepted = browser.submit("a good password").await;
    assert_eq!(accepted, "You belong to Acme <b>GmbH now. Sign in with your new password.");
    let login = json!({"Email": "grace@acme.example", "Password": "a good password", "OrgCode": code});
    assert_eq!(post("/api/auth/login", login).await.status(), 200);

    assert!(browser.complaints.iter().all(|text| text.contains("400")), "{:?}", browser.complaints);
    for request in &browser.requests {
        let address = request["url"].as_str().unwrap();
        assert!(address.starts_with(&url) || address == "about:blank", "only its own origin: {address}");
        assert_eq!(request["headers"]["Referer"].as_str().unwrap_or_default(), "", "{request}");
        assert!(address == link || !address.contains("token"), "{address}");
    }
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
