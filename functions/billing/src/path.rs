use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};
use shared::{
    ids::OrganizationId,
    problem::{FieldCode, Problem, ProblemCode},
    subscription::SubscriptionId,
};

/// The organization and the subscription that the path names. A text that is no organization's id at all is answered as
/// any other organization that doesn't exist.
pub(crate) struct SubscriptionPath {
    organization: String,
    subscription: String,
}

impl SubscriptionPath {
    /// Parses the ids.
    ///
    /// # Errors
    /// The answer to a path that names no subscription.
    pub(crate) fn ids(&self) -> Result<(OrganizationId, SubscriptionId), Problem> {
        let subscription =
            SubscriptionId::parse(&self.subscription).map_err(|error| Problem::field("SubscriptionId", error))?;
        let organization = OrganizationId::parse(&self.organization)
            .ok_or_else(|| Problem::new(ProblemCode::UnknownOrganization).detail("No organization has this id."))?;
        Ok((organization, subscription))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for SubscriptionPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<(String, String)>::from_request_parts(parts, state).await {
            Ok(Path((organization, subscription))) => Ok(Self { organization, subscription }),
            Err(_) => Err(Problem::field("SubscriptionId", FieldCode::NotUtf8.says("must be UTF-8"))),
        }
    }
}
