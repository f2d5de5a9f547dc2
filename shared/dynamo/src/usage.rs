//! Counts each call of the client toward the cost of its request in DynamoDB.

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
        transact_get_items::{TransactGetItemsInput, TransactGetItemsOutput},
        transact_write_items::{TransactWriteItemsInput, TransactWriteItemsOutput},
        update_item::{UpdateItemInput, UpdateItemOutput},
    },
    types::{ConsumedCapacity, ReturnConsumedCapacity},
};
use aws_smithy_runtime_api::client::interceptors::{context::Output, dyn_dispatch_hint};
use aws_smithy_types::config_bag::{Storable, StoreReplace};

use crate::{iam_trace, request::count};

/// The number of sequential round trips of its request up to a call, including the call.
#[derive(Clone, Copy, Debug)]
struct CallDepth(u32);

impl Storable for CallDepth {
    type Storer = StoreReplace<Self>;
}

/// Counts each call of the DynamoDB client, and asks DynamoDB to report the capacity that the call used.
#[derive(Debug)]
pub struct Meter;

/// Returns the capacity units that an answer reports, and whether the call was a write.
fn read_usage(output: &Output) -> Option<(f64, bool)> {
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
        TransactGetItemsOutput: false,
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
            config.interceptor_state().store_put(CallDepth(costs.round_trips + 1));
        });
        iam_trace::trace(context.input());
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
            TransactGetItemsInput,
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
        let used = context.output_or_error().and_then(Result::ok).and_then(read_usage);
        count(|costs| {
            if let Some(CallDepth(depth)) = config.load::<CallDepth>() {
                costs.round_trips = costs.round_trips.max(*depth);
            }
            if let Some((units, writes)) = used {
                costs.units += units;
                costs.write_units += if writes { units } else { 0.0 };
            }
        });
        Ok(())
    }
}
