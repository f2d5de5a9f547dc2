use std::sync::Arc;

use rand::RngExt;
use serde_json::json;

use super::Caller;
use crate::{
    api::{Answer, Request},
    arena::Single,
    history::History,
    models::OneUseCall,
};

const PATH: &str = "/api/organizations/api-access";

impl Caller<'_> {
    pub(super) async fn machines(&mut self) {
        let arena = self.arena.clone();
        let token = &arena.twins[1].token;
        let machines = arena.machines.lock().unwrap().clone();
        if machines.is_empty() || self.random.random_range(0..5) == 0 {
            let name = format!("Machine {} {}", arena.number, arena.serial());
            let request = Request::post(PATH, json!({"Name": name})).by(token);
            // Without a key: sent again it would be 409, since the secret is shown once.
            let heard = self.api.call(&request).await;
            if let Some(answer) = heard.answer.filter(Answer::is_ok) {
                let (name, secret) = (answer.text("ClientId"), answer.text("ApiKey"));
                let single = Single { name, secret, history: History::from(true) };
                arena.machines.lock().unwrap().push(Arc::new(single));
            }
            return;
        }
        let machine = self.one_of(&machines).clone();
        if self.random.random_range(0..4) == 0 {
            let request = Request::delete(PATH, Some(json!({"ClientId": machine.name}))).by(token);
            let heard = self.api.call(&request).await;
            machine.history.add(self.client, &OneUseCall::End, &heard, |answer| {
                let gone = answer.error("ClientId") == Some("is no machine credential of this organization");
                (answer.is_ok() || gone).then(|| answer.is_ok())
            });
        } else {
            self.ask_machine(&machine).await;
        }
    }

    async fn ask_machine(&mut self, machine: &Single) {
        let heard = self.api.call(&Request::get("/api/organization").by_machine(&machine.secret)).await;
        machine.history.add(self.client, &OneUseCall::Ask, &heard, |answer| match answer.status {
            200 => Some(true),
            401 => Some(false),
            _ => None,
        });
    }

    pub(super) async fn read_machines(&mut self) {
        let machines = self.arena.machines.lock().unwrap().clone();
        for machine in machines {
            self.ask_machine(&machine).await;
        }
    }
}
