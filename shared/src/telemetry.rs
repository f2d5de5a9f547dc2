//! What is known of a request while it runs: its id, and what it cost in DynamoDB.

use std::{
    fmt::Write,
    io::{self, IsTerminal},
    mem::take,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws_sdk_dynamodb::{
    config::{
        ConfigBag, Intercept, RuntimeComponents,
        interceptors::{
            BeforeSerializationInterceptorContextMut, BeforeTransmitInterceptorContextRef,
            FinalizerInterceptorContextRef,
        },
    },
    error::BoxError,
    operation::{
        batch_get_item::{BatchGetItemInput, BatchGetItemOutput},
        delete_item::{DeleteItemInput, DeleteItemOutput},
        get_item::{GetItemInput, GetItemOutput},
        put_item::{PutItemInput, PutItemOutput},
        query::{QueryInput, QueryOutput},
        transact_write_items::{TransactWriteItemsInput, TransactWriteItemsOutput},
        update_item::{UpdateItemInput, UpdateItemOutput},
    },
    types::{ConsumedCapacity, ReturnConsumedCapacity},
};
use aws_smithy_runtime_api::client::interceptors::{context::Output, dyn_dispatch_hint};
use aws_smithy_types::config_bag::{Storable, StoreReplace};
use futures_util::future::join_all;
use tokio::time::timeout;
use tracing_subscriber::{Layer, filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

use crate::{config, table::access};

tokio::task_local! {
    static REQUEST: Arc<RequestContext>;
}

/// A request that runs.
pub struct RequestContext {
    id: String,
    costs: Mutex<Costs>,
    afterwards: Mutex<Vec<Work>>,
}

/// How long a finished answer waits for what comes after it.
const LONGEST_AFTERWARDS: Duration = Duration::from_secs(1);

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What a request cost in DynamoDB so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Costs {
    /// Calls, a retried one once.
    pub calls: u32,
    /// HTTP requests, retries counted.
    pub attempts: u32,
    /// Sequential round trips: the longest chain of calls each of which began after the one before it had ended. (A call
    /// counts as waiting for every call that had ended by then, needed or not: never too few.)
    pub round_trips: u32,
    /// Capacity units, reads and writes together.
    pub units: f64,
    /// Those of them that are writes.
    pub write_units: f64,
}

/// A call's place in the chain of its request's calls.
#[derive(Clone, Copy, Debug)]
struct Place(u32);

impl Storable for Place {
    type Storer = StoreReplace<Self>;
}

impl RequestContext {
    /// A request of this id.
    #[must_use]
    pub fn new(id: String) -> Arc<Self> {
        Arc::new(Self { id, costs: Mutex::default(), afterwards: Mutex::default() })
    }

    /// Runs `work` as this request: its log lines, answers and costs belong to it. Not handed on by `spawn`.
    pub async fn scope<F: Future>(self: &Arc<Self>, work: F) -> F::Output {
        REQUEST.scope(self.clone(), work).await
    }

    /// Does what the request left for after its success, for as long as nobody minds waiting.
    pub async fn afterwards(self: &Arc<Self>) {
        let work = take(&mut *self.afterwards.lock().unwrap_or_else(PoisonError::into_inner));
        if !work.is_empty() && timeout(LONGEST_AFTERWARDS, self.scope(join_all(work))).await.is_err() {
            tracing::warn!("what was left for after the request took too long");
        }
    }

    /// The id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The costs so far.
    #[must_use]
    pub fn costs(&self) -> Costs {
        *self.costs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The id of the request that runs, where one does.
#[must_use]
pub fn request_id() -> Option<String> {
    REQUEST.try_with(|request| request.id.clone()).ok()
}

/// Leaves `work` for after the request that runs, where that succeeds. Outside a request it is not done.
pub fn afterwards(work: impl Future<Output = ()> + Send + 'static) {
    let _ = REQUEST.try_with(|request| {
        request.afterwards.lock().unwrap_or_else(PoisonError::into_inner).push(Box::pin(work));
    });
}

fn count(change: impl FnOnce(&mut Costs)) {
    // Work outside a request (at start, in the mailer) isn't counted.
    let _ = REQUEST.try_with(|request| change(&mut request.costs.lock().unwrap_or_else(PoisonError::into_inner)));
}

/// Counts each call of the DynamoDB client, and asks it to say what capacity it used.
#[derive(Debug)]
pub(crate) struct Meter;

/// The units that an answer says its call used, and whether it wrote.
fn used(output: &Output) -> Option<(f64, bool)> {
    macro_rules! find {
        ($($output:ty: $writes:literal),*) => {
            $(if let Some(output) = output.downcast_ref::<$output>() {
                let units = output.consumed_capacity().into_iter().filter_map(ConsumedCapacity::capacity_units).sum();
                return Some((units, $writes));
            })*
        };
    }
    find!(
        GetItemOutput: false,
        QueryOutput: false,
        BatchGetItemOutput: false,
        DeleteItemOutput: true,
        PutItemOutput: true,
        TransactWriteItemsOutput: true,
        UpdateItemOutput: true
    );
    None
}

#[dyn_dispatch_hint]
impl Intercept for Meter {
    fn name(&self) -> &'static str {
        "Meter"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        count(|costs| {
            costs.calls += 1;
            config.interceptor_state().store_put(Place(costs.round_trips + 1));
        });
        access::trace(context.input());
        macro_rules! ask {
            ($($input:ty),*) => {
                $(if let Some(input) = context.input_mut().downcast_mut::<$input>() {
                    input.return_consumed_capacity = Some(ReturnConsumedCapacity::Total);
                })*
            };
        }
        ask!(
            BatchGetItemInput,
            DeleteItemInput,
            GetItemInput,
            PutItemInput,
            QueryInput,
            TransactWriteItemsInput,
            UpdateItemInput
        );
        Ok(())
    }

    fn read_before_attempt(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        count(|costs| costs.attempts += 1);
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let used = context.output_or_error().and_then(Result::ok).and_then(used);
        count(|costs| {
            if let Some(Place(place)) = config.load::<Place>() {
                costs.round_trips = costs.round_trips.max(*place);
            }
            if let Some((units, writes)) = used {
                costs.units += units;
                costs.write_units += if writes { units } else { 0.0 };
            }
        });
        Ok(())
    }
}

/// An error with every cause behind it, for the log.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    text
}

/// What is logged, by module: `RUST_LOG`, as `info,shared::table=debug`.
fn filter(default: &str) -> Targets {
    let wanted = config::optional("RUST_LOG").and_then(|wanted| wanted.parse().ok());
    wanted.or_else(|| default.parse().ok()).unwrap_or_default()
}

/// JSON lines on standard output, as CloudWatch reads them; what is logged by `RUST_LOG` (`info`).
pub fn init_json() {
    let lines = tracing_subscriber::fmt::layer().json().with_span_list(false).flatten_event(true).without_time();
    // Without the spans that Lambda's runtime makes for each call: our own hold the request's id.
    tracing_subscriber::registry().with(lines.with_filter(filter("info,lambda_runtime=warn"))).init();
}

/// Readable lines on standard error; what is logged by `RUST_LOG` (`info`; of the embedded engine, which warns of each
/// refused condition, errors).
pub fn init_readable() {
    let lines = tracing_subscriber::fmt::layer().with_target(false).with_ansi(io::stderr().is_terminal());
    let lines = lines.with_writer(io::stderr).with_filter(filter("info,dynoxide=error"));
    tracing_subscriber::registry().with(lines).init();
}
