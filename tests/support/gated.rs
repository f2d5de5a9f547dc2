use std::cell::Cell;

use faults::gate::Gate;
use local::{Bundle, Options};
use serde_json::json;

use super::{Caller, Elsewhere, PASSWORD, operator_key_hashes, unique};

/// A bundle of a test's own, whose functions reach the table through a gate.
pub(crate) struct Gated {
    pub(crate) gate: Gate,
    pub(crate) bundle: Bundle,
}

/// An organization of a gated bundle, with its founder.
pub(crate) struct GatedTenant {
    pub(crate) admin: Elsewhere,
    pub(crate) admin_id: String,
    pub(crate) code: String,
    pub(crate) email: String,
}

impl Gated {
    /// Starts it, in memory.
    pub(crate) async fn start() -> Self {
        let options = Options { operator_key_hashes: operator_key_hashes(), ..Options::in_memory() };
        Self::start_with(&options, async |engine| engine).await
    }

    /// Starts it with these options, and with the proxy that `proxy` starts between the gate and the engine.
    pub(crate) async fn start_with(options: &Options, proxy: impl AsyncFnOnce(String) -> String) -> Self {
        let gate = Cell::new(None);
        let behind = async |engine| {
            let started = Gate::start(proxy(engine).await).await;
            let url = started.url();
            gate.set(Some(started));
            url
        };
        let bundle = Bundle::start_behind(options, behind).await.unwrap();
        Self { gate: gate.take().unwrap(), bundle }
    }

    /// A caller with a token, or without one.
    pub(crate) fn caller(&self, token: Option<&str>) -> Elsewhere {
        Elsewhere { url: Some(self.bundle.url()), token: token.map(str::to_owned), source: None }
    }

    /// Somebody who signs in, with the account's id.
    pub(crate) async fn sign_in(&self, email: &str, code: Option<&str>) -> (Elsewhere, String) {
        let mut body = json!({"Email": email, "Password": PASSWORD});
        if let Some(code) = code {
            body["OrgCode"] = code.into();
        }
        let answer = self.caller(None).post("/api/auth/login", &body).await.ok();
        (self.caller(answer["AccessToken"].as_str()), answer["UserId"].as_str().unwrap().to_owned())
    }

    /// A new organization.
    pub(crate) async fn tenant(&self) -> GatedTenant {
        let email = format!("{}@founder.example", unique("ada"));
        let user = json!({"FirstName": "Ada", "LastName": "Lovelace", "Email": email, "Password": PASSWORD});
        let body = json!({"Organization": {"Name": unique("Org")}, "User": user});
        let created = self.caller(None).post("/api/organizations", &body).await.ok();
        let code = created["IdentityOrganizationId"].as_str().unwrap().to_owned();
        let (admin, admin_id) = self.sign_in(&email, Some(&code)).await;
        GatedTenant { admin, admin_id, code, email }
    }

    /// The address of a new person with an account.
    pub(crate) async fn person(&self) -> String {
        let email = format!("{}@person.example", unique("grace"));
        let body = json!({"FirstName": "Grace", "LastName": "Hopper", "Email": email, "Password": PASSWORD});
        self.caller(None).post("/api/users", &body).await.ok();
        email
    }
}
