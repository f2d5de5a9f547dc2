use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};
use shared::{
    problem::{FieldCode, Problem},
    text::CustomerNumber,
};
use utoipa::IntoParams;

shared::request! {
    /// A customer's number as a query parameter: the only way for one that holds `/`, `%`, `?` or `#` through a
    /// gateway.
    #[derive(IntoParams)]
    #[into_params(rename_all = "PascalCase", parameter_in = Query)]
    pub(crate) struct NumberParameter {
        pub(crate) customer_number: CustomerNumber,
    }
}

/// A customer's number as the last segment of the path.
pub(crate) struct NumberInPath(pub(crate) CustomerNumber);

impl<S: Send + Sync> FromRequestParts<S> for NumberInPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let refused = |fault| Problem::field("CustomerNumber", fault);
        let Ok(Path(number)) = Path::<String>::from_request_parts(parts, state).await else {
            return Err(refused(FieldCode::NotUtf8.says("must be UTF-8")));
        };
        CustomerNumber::parse(number).map(Self).map_err(refused)
    }
}
