use axum::{extract::FromRequestParts, http::request::Parts};
use shared::{
    claims::bearer,
    problem::{Problem, ProblemCode},
    table,
};

use crate::BillingApp;

/// The platform's operator, by the name of the key that the request carries. Where no key is configured, there is
/// nothing here.
pub(crate) struct Operator(pub(crate) String);

impl FromRequestParts<BillingApp> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &BillingApp) -> Result<Self, Problem> {
        let operators = state.secrets.operators();
        if operators.is_empty() {
            return Err(Problem::new(ProblemCode::NotFound));
        }
        let name = operators.name_of(bearer(&parts.headers)?).ok_or(table::Error::InvalidKey)?;
        Ok(Self(name.to_owned()))
    }
}
