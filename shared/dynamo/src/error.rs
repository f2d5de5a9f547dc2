use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use crate::aws::describe;

/// The reason why the table could not answer a call.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The table is throttled, busy or out of reach, for this reason.
    #[error("the table is out of reach: {0}")]
    Unavailable(String),
    /// A defect: another attempt can't succeed.
    #[error("the table failed")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Codes of errors that a later attempt may not meet: throttling, and another transaction on the same item.
const TRANSIENT_CODES: [&str; 9] = [
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
    "LimitExceededException",
    "InternalServerError",
    "ServiceUnavailable",
    "TransactionConflictException",
    "TransactionInProgressException",
    "ReplicatedWriteConflictException",
];

impl<E: ProvideErrorMetadata> From<SdkError<E, HttpResponse>> for Error {
    fn from(error: SdkError<E, HttpResponse>) -> Self {
        let transient = match &error {
            SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => true,
            error => {
                error.code().is_some_and(|code| TRANSIENT_CODES.contains(&code))
                    || error.raw_response().is_some_and(|response| response.status().is_server_error())
            }
        };
        let cause = describe(&error);
        if transient { Self::Unavailable(cause) } else { Self::Internal(cause.into()) }
    }
}
