use rand::RngExt;
use serde_json::json;

use super::Caller;
use crate::{
    api::{Answer, Heard, Request},
    arena::USERS,
    models::{AssociationCall, AssociationOutcome},
};

const LIST: &str = "/api/organizations/users/associations";

impl Caller<'_> {
    pub(super) async fn associations(&mut self) {
        let arena = self.arena.clone();
        let token = &arena.twins[1].token;
        let number = self.random.random_range(0..USERS);
        let user = &arena.users[number];
        let (call, request) = match self.random.random_range(0..10) {
            0..4 => {
                // Some numbers are those of users whom nobody touches, so that the moved are among them.
                let customer = format!("S-{}", self.random.random_range(0..5));
                let mut body = json!({"CustomerNumber": customer});
                if self.random.random_range(0..2) == 0 {
                    body["UserId"] = user.id.clone().into();
                } else {
                    body["Email"] = user.email.clone().into();
                }
                let request = Request::post("/api/organizations/users/associate-customer", body).by(token);
                (AssociationCall::Associate(customer), self.maybe_once(request))
            }
            4..6 => (AssociationCall::Dissociate, Request::delete(LIST, Some(json!({"UserId": user.id}))).by(token)),
            6..8 => return self.list_association(number).await,
            _ => return self.association_by_token(number).await,
        };
        let heard = self.api.call(&request).await;
        for history in [&arena.listed[number], &arena.in_tokens[number]] {
            history.add(self.client, &call, &heard, outcome);
        }
    }

    async fn list_association(&mut self, number: usize) {
        let arena = self.arena.clone();
        let user = &arena.users[number].id;
        let path = format!("{LIST}?Filters[0].Field=UserId&Filters[0].Operator=equals&Filters[0].Value={user}");
        let heard = self.api.call(&Request::get(&path).by(&arena.twins[1].token)).await;
        arena.listed[number].add(self.client, &AssociationCall::Read, &heard, |answer| {
            let rows = answer.body["Data"].as_array().filter(|_| answer.is_ok())?;
            let customer = rows.first().and_then(|row| row["CustomerNumber"].as_str()).map(str::to_owned);
            Some(AssociationOutcome::Customer(customer))
        });
    }

    async fn association_by_token(&mut self, number: usize) {
        let arena = self.arena.clone();
        let body = json!({"OrgCode": arena.twins[1].code});
        let heard = self.api.call(&Request::post("/api/auth/access", body).by(&arena.users[number].token)).await;
        let heard = Heard { unheard: Vec::new(), ..heard };
        arena.in_tokens[number].add(self.client, &AssociationCall::Read, &heard, |answer| match answer.status {
            200 => Some(AssociationOutcome::Customer(answer.body["CustomerNumber"].as_str().map(str::to_owned))),
            // No role at all.
            403 => Some(AssociationOutcome::Customer(None)),
            _ => None,
        });
    }

    pub(super) async fn read_associations(&mut self) {
        for number in 0..USERS {
            self.list_association(number).await;
            self.association_by_token(number).await;
        }
    }
}

fn outcome(answer: &Answer) -> Option<AssociationOutcome> {
    match (answer.status, answer.error("UserId")) {
        (200, _) => Some(AssociationOutcome::Done),
        (400, Some("has no customer in this organization")) => Some(AssociationOutcome::NotAssociated),
        _ => None,
    }
}
