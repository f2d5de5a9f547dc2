use std::sync::Arc;

use rand::RngExt;
use serde_json::json;
use shared::ids::random_id;

use super::Caller;
use crate::{
    api::{Answer, Request},
    arena::Single,
    history::History,
    models::OneUseCall,
    users::PASSWORD,
};

impl Caller<'_> {
    pub(super) async fn invitations(&mut self) {
        let arena = self.arena.clone();
        let invited = arena.invitations.lock().unwrap().clone();
        if invited.is_empty() || self.random.random_range(0..4) == 0 {
            return self.invite().await;
        }
        let invitation = self.one_of(&invited).clone();
        let tokens = self.mails.link_tokens(&invitation.name);
        if tokens.is_empty() {
            return;
        }
        let token = self.one_of(&tokens).clone();
        let password = format!("{PASSWORD} {}", random_id(8));
        let request = Request::post("/api/auth/reset-password", json!({"Token": token, "Password": password}));
        let heard = self.api.call(&request).await;
        invitation.history.add(self.client, &OneUseCall::End, &heard, outcome);
    }

    /// Invites somebody, sometimes again.
    async fn invite(&mut self) {
        let arena = self.arena.clone();
        let invited = arena.invitations.lock().unwrap().clone();
        let again = !invited.is_empty() && self.random.random_range(0..3) == 0;
        let address = if again {
            self.one_of(&invited).name.clone()
        } else {
            format!("{}@invited.example", random_id(14).to_lowercase())
        };
        let body = json!({"FirstName": "Grace", "LastName": "Hopper", "Email": address});
        let request = Request::post("/api/users", body).by(&arena.twins[1].token);
        let heard = self.api.call(&self.maybe_once(request)).await;
        if heard.is_ok() && !again {
            let single = Single { name: address, secret: String::new(), history: History::from(true) };
            arena.invitations.lock().unwrap().push(Arc::new(single));
        }
    }
}

fn outcome(answer: &Answer) -> Option<bool> {
    match (answer.status, answer.error("Token")) {
        (200, _) => Some(true),
        (400, Some("is used, void or expired")) => Some(false),
        _ => None,
    }
}
