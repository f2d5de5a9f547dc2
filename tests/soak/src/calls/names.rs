use rand::RngExt;
use serde_json::json;

use super::Caller;
use crate::{
    api::{Answer, Request},
    arena::NAMES,
    models::{NameCall, NameOutcome},
};

impl Caller<'_> {
    pub(super) async fn names(&mut self) {
        let arena = self.arena.clone();
        let (twin, name) = (self.random.random_range(0..2), self.random.random_range(0..NAMES));
        let organization = &arena.twins[twin];
        let (call, request) = match self.random.random_range(0..20) {
            0..9 => {
                let body = json!({"Name": arena.name(name)});
                let request = Request::patch("/api/organization", body).by(&organization.token);
                (NameCall::Rename { twin, to: Some(name) }, request)
            }
            9..12 => {
                let request = Request::patch("/api/organization", json!({"Name": organization.name}));
                (NameCall::Rename { twin, to: None }, request.by(&organization.token))
            }
            12 => {
                let founder = self.one_of(&arena.users);
                let body = json!({"Organization": {"Name": arena.name(name)}, "User": founder.founder()});
                let request = Request::post("/api/organizations", body);
                (NameCall::Found { name }, self.maybe_once(request))
            }
            _ => return self.read_name(twin).await,
        };
        let heard = self.api.call(&request).await;
        arena.names.add(self.client, &call, &heard, outcome);
    }

    async fn read_name(&mut self, twin: usize) {
        let arena = self.arena.clone();
        let heard = self.api.call(&Request::get("/api/organization").by(&arena.twins[twin].token)).await;
        arena.names.add(self.client, &NameCall::Read { twin }, &heard, |answer| {
            let name = answer.body["Organization"]["Name"].as_str().filter(|_| answer.is_ok())?;
            Some(NameOutcome::Name((0..NAMES).find(|number| arena.name(*number) == name)))
        });
    }

    pub(super) async fn read_names(&mut self) {
        for twin in 0..2 {
            self.read_name(twin).await;
        }
    }
}

fn outcome(answer: &Answer) -> Option<NameOutcome> {
    match (answer.status, answer.error("Name").or(answer.error("Organization.Name"))) {
        (200, _) => Some(NameOutcome::Done),
        (400, Some("is taken")) => Some(NameOutcome::Taken),
        _ => None,
    }
}
