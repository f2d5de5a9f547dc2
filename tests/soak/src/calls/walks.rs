use std::{collections::BTreeMap, sync::atomic::Ordering};

use rand::RngExt;

use super::Caller;
use crate::api::Request;

impl Caller<'_> {
    /// Walks a list by `PageToken`: each row that nobody touches is in the walk exactly once.
    pub(super) async fn walk(&mut self) {
        let arena = self.arena.clone();
        let order = *self.one_of(&["UserId", "CustomerNumber"]);
        let direction = *self.one_of(&["asc", "desc"]);
        let size = self.random.random_range(1..9);
        let list =
            format!("/api/organizations/users/associations?SortOn={order}&SortDirection={direction}&PageSize={size}");
        let (mut seen, mut next) = (BTreeMap::<String, usize>::new(), None::<String>);
        loop {
            let path = next.map_or_else(|| list.clone(), |token| format!("{list}&PageToken={token}"));
            let heard = self.api.call(&Request::get(&path).by(&arena.twins[1].token)).await;
            // A walk that was cut short says nothing.
            let Some(answer) = heard.answer.filter(crate::api::Answer::is_ok) else { return };
            for row in answer.body["Data"].as_array().into_iter().flatten() {
                *seen.entry(row["UserId"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
            }
            next = answer.body["NextPageToken"].as_str().map(str::to_owned);
            if next.is_none() {
                break;
            }
        }
        arena.walked.fetch_add(1, Ordering::SeqCst);
        for user in &arena.still {
            let times = seen.get(user).copied().unwrap_or_default();
            if times != 1 {
                let fault = format!(
                    "a walk by {order}, {direction}, in pages of {size} has {times} times a row that nobody touches"
                );
                arena.walks.lock().unwrap().push(fault);
            }
        }
    }
}
