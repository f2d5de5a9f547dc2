//! What the checked-in document says of its operations.

use std::collections::BTreeMap;

use serde_json::Value;

/// An operation of the document.
pub(super) struct Operation(Value);

/// Each operation, by its name: `GET /api/organization`.
pub(super) fn operations() -> BTreeMap<String, Operation> {
    let document: Value = serde_json::from_str(include_str!("../../openapi.json")).unwrap();
    let mut operations = BTreeMap::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            operations.insert(format!("{} {path}", method.to_uppercase()), Operation(operation.clone()));
        }
    }
    operations
}

impl Operation {
    /// Each way in, as the credentials that have to be shown together.
    fn alternatives(&self) -> &Vec<Value> {
        self.0["security"].as_array().unwrap()
    }

    /// Whether nothing has to be shown.
    pub(super) fn is_open(&self) -> bool {
        self.is_public() || self.alternatives().iter().any(|one| one.as_object().unwrap().is_empty())
    }

    /// Whether nobody is asked for anything.
    fn is_public(&self) -> bool {
        self.alternatives().is_empty()
    }

    /// Whether who shows this (`bearer`, `key`) may get in.
    pub(super) fn takes(&self, scheme: &str) -> bool {
        self.is_public() || self.alternatives().iter().any(|one| one.get(scheme).is_some())
    }

    /// Whether the operation is an admin's: none that is open, about the caller's own account, about tokens, or the
    /// platform's.
    pub(super) fn is_for_admins(&self) -> bool {
        let is_personal = ["Accounts", "Sign-in", "Platform"].iter().any(|tag| self.0["tags"][0] == *tag);
        !self.is_open() && !is_personal
    }

    pub(super) fn names_answer(&self, status: u16) -> bool {
        !self.0["responses"][status.to_string()].is_null()
    }
}
