use std::io;

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

/// The code by which the table says that an earlier attempt is under way.
const IN_PROGRESS: &str = "TransactionInProgressException";

/// Whether the table may have taken a call that has failed, or may still take it. A refusal says that it has not, and so
/// does a connection that nobody accepted.
pub(crate) fn may_have_arrived<E>(error: &SdkError<E, HttpResponse>) -> bool
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match error {
        SdkError::TimeoutError(_) | SdkError::ResponseError(_) => true,
        SdkError::DispatchFailure(_) => !is_connection_refused(error),
        SdkError::ServiceError(refused) => {
            refused.raw().status().is_server_error() || refused.err().code() == Some(IN_PROGRESS)
        }
        _ => false,
    }
}

fn is_connection_refused(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused) {
            return true;
        }
        cause = error.source();
    }
    false
}
