//! Reads that answer less than was asked for, and say so.

use serde_json::{Map, Value, json};

use crate::{
    Plan,
    engine::{Answer, Call},
};

/// The most items of a short page where the Query names no limit of its own.
const MAX_SHORT_PAGE: u32 = 8;

/// Lowers a Query's limit, so that it answers fewer items and a `LastEvaluatedKey`, as it does past 1 MB.
pub(crate) fn shorten_page(call: &mut Call, plan: &Plan) {
    let limit = call.body["Limit"].as_u64().and_then(|limit| u32::try_from(limit).ok());
    let shorter = plan.random(1..limit.unwrap_or(MAX_SHORT_PAGE + 1).min(MAX_SHORT_PAGE + 1));
    call.body["Limit"] = json!(shorter);
}

/// A batch of reads of which some keys aren't done.
pub(crate) struct ShortBatch {
    left_out: Map<String, Value>,
}

impl ShortBatch {
    /// Takes a random part of the keys out of the call.
    pub(crate) fn of(call: &mut Call, plan: &Plan) -> Self {
        let mut left_out = Map::new();
        for (table, request) in call.body["RequestItems"].as_object_mut().unwrap() {
            let keys = request["Keys"].as_array().unwrap().clone();
            if keys.len() > 1 {
                let out = plan.part_of(&keys);
                let mut later = request.clone();
                request["Keys"] = keys.into_iter().filter(|key| !out.contains(key)).collect();
                later["Keys"] = Value::Array(out);
                left_out.insert(table.clone(), later);
            }
        }
        Self { left_out }
    }

    /// Adds to the answer what is left to read.
    pub(crate) fn add_left_out(self, answer: Answer) -> Answer {
        if !answer.is_done() {
            return answer;
        }
        let mut body = answer.json();
        body["UnprocessedKeys"] = Value::Object(self.left_out);
        answer.with_body(&body)
    }
}
