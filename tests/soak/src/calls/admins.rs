use rand::RngExt;
use serde_json::json;

use super::Caller;
use crate::{
    api::{Answer, Request},
    arena::USERS,
    models::{AdminCall, AdminOutcome},
};

const PATH: &str = "/api/organizations/users/admins";

impl Caller<'_> {
    pub(super) async fn admins(&mut self) {
        let (by, user) = (self.random.random_range(0..USERS), self.random.random_range(0..USERS));
        let arena = self.arena.clone();
        let (token, other) = (&arena.tokens[by], &arena.users[user]);
        let (call, request) = match self.random.random_range(0..10) {
            0..3 => {
                let request = Request::post(PATH, json!({"Email": other.email})).by(token);
                (AdminCall::Promote { by, user }, self.maybe_once(request))
            }
            3..6 => {
                (AdminCall::Demote { by, user }, Request::delete(PATH, Some(json!({"UserId": other.id}))).by(token))
            }
            6 => {
                let path = format!("/api/users/me/organizations/{}", arena.contested.code);
                (AdminCall::Leave { user }, Request::delete(&path, None).by(&other.token))
            }
            7 => (AdminCall::Act { by }, Request::get("/api/organization").by(token)),
            _ => return self.list_admins(by).await,
        };
        let heard = self.api.call(&request).await;
        arena.admins.add(self.client, &call, &heard, outcome);
    }

    async fn list_admins(&mut self, by: usize) {
        let arena = self.arena.clone();
        let heard = self.api.call(&Request::get(PATH).by(&arena.tokens[by])).await;
        arena.admins.add(self.client, &AdminCall::Act { by }, &heard, outcome);
        for (user, person) in arena.users.iter().enumerate() {
            arena.admins.add(self.client, &AdminCall::IsListed { user }, &heard, |answer| {
                let rows = answer.body.as_array().filter(|_| answer.is_ok())?;
                Some(AdminOutcome::Listed(rows.iter().any(|row| row["Id"] == person.id)))
            });
        }
    }

    pub(super) async fn read_admins(&mut self) {
        for by in 0..USERS {
            self.list_admins(by).await;
        }
    }
}

fn outcome(answer: &Answer) -> Option<AdminOutcome> {
    Some(match answer.status {
        200 => AdminOutcome::Done,
        403 => AdminOutcome::CallerIsNoAdmin,
        404 => AdminOutcome::UserIsNoAdmin,
        _ => match answer.error("UserId").or(answer.error("IdentityOrganizationId"))? {
            "is not an admin of this organization" => AdminOutcome::UserIsNoAdmin,
            "is the last admin of this organization" | "is of an organization whose last admin you are" => {
                AdminOutcome::LastAdmin
            }
            _ => return None,
        },
    })
}
