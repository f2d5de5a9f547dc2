//! A headless Chromium, and what a person does and sees in it.

use std::{process::Stdio, time::Duration};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::{sleep, timeout},
};

/// Where `npm install --prefix target/axe axe-core` puts the checker.
const AXE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/axe/node_modules/axe-core/axe.min.js");

/// A headless Chromium, spoken to over pipes (Chrome `DevTools` Protocol).
pub(crate) struct Browser {
    _process: Child,
    _profile: tempfile::TempDir,
    write: ChildStdin,
    read: BufReader<ChildStdout>,
    calls: u64,
    session: String,
    /// What the pages failed at, or were kept from.
    pub(crate) complaints: Vec<String>,
    /// The addresses that the pages asked for.
    pub(crate) requests: Vec<Value>,
}

impl Browser {
    pub(crate) async fn start() -> Self {
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

    pub(crate) async fn call(&mut self, method: &str, params: Value) -> Value {
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
    pub(crate) async fn open(&mut self, address: &str) {
        self.visit(address).await;
        self.until("!!document.getElementById('form')").await;
    }

    pub(crate) async fn visit(&mut self, address: &str) {
        self.call("Page.navigate", json!({"url": address})).await;
        self.until("document.readyState === 'complete'").await;
    }

    /// Clicks the first button or link that says this, once it is there.
    pub(crate) async fn click(&mut self, words: &str) {
        let found = format!(
            "[...document.querySelectorAll('button:enabled, a')].find(it => it.innerText.trim().startsWith({}))",
            json!(words)
        );
        self.until(&format!("!!{found}")).await;
        self.evaluate(&format!("{found}.click()")).await;
    }

    /// Types into the field of this name.
    pub(crate) async fn fill(&mut self, field: &str, text: &str) {
        self.evaluate(&format!("document.querySelector('[name={field}]').focus()")).await;
        self.call("Input.insertText", json!({"text": text})).await;
    }

    /// Waits until the page shows these words.
    pub(crate) async fn shows(&mut self, words: &str) {
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
    pub(crate) async fn is_readable_everywhere(&mut self) {
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

    pub(crate) async fn text(&mut self, script: &str) -> String {
        self.evaluate(script).await.as_str().unwrap_or_default().to_owned()
    }

    pub(crate) async fn evaluate(&mut self, script: &str) -> Value {
        let call = json!({"expression": script, "returnByValue": true, "awaitPromise": true});
        self.call("Runtime.evaluate", call).await["result"]["value"].clone()
    }

    pub(crate) async fn until(&mut self, condition: &str) {
        for _ in 0..200 {
            if self.evaluate(condition).await == true {
                return;
            }
            sleep(Duration::from_millis(25)).await;
        }
        let page = self.evaluate("document.body.innerText").await;
        panic!("never: {condition}; {page}; {:?}", self.complaints);
    }

    /// Types a password in the place of what stands there.
    pub(crate) async fn type_password(&mut self, password: &str) {
        self.evaluate("document.getElementById('password').value = ''").await;
        self.evaluate("document.getElementById('password').focus()").await;
        self.call("Input.insertText", json!({"text": password})).await;
    }

    /// Types a password and submits it, as a person does.
    pub(crate) async fn submit(&mut self, password: &str) -> String {
        self.evaluate("document.getElementById('message').textContent = ''").await;
        self.type_password(password).await;
        self.evaluate("document.getElementById('button').click()").await;
        self.until("document.getElementById('message').textContent !== ''").await;
        self.evaluate("document.getElementById('message').textContent").await.as_str().unwrap().to_owned()
    }
}
