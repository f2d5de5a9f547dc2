use rand::RngExt;
use serde_json::json;

use super::Caller;
use crate::{api::Request, stage::OPERATOR_KEY};

/// Subscriptions of an organization.
const SUBSCRIPTIONS: usize = 3;

impl Caller<'_> {
    /// Buys or ends something. What came of it is asked of the table: see the invariants.
    pub(super) async fn subscriptions(&mut self) {
        let organization = self.random.random_range(0..2);
        let id = format!("sub_{}", self.random.random_range(0..SUBSCRIPTIONS));
        let (plan, status) = (*self.one_of(&["free", "growth"]), *self.one_of(&["active", "past_due", "canceled"]));
        let path = format!("/api/platform/organizations/{}/subscriptions/{id}", self.arena.twins[organization].id);
        let request = match self.random.random_range(0..4) {
            0 => Request::delete(&path, None),
            _ => Request::put(&path, json!({"Plan": plan, "Status": status})),
        };
        self.api.call(&request.by(OPERATOR_KEY)).await;
    }
}
