//! A bare function: the same DynamoDB calls as a route's, made with the SDK (which is told what they cost, as ours is),
//! the signature where the route issues a token, the read of the public keys at start, and nothing else. `CALLS` says
//! which: an array of stages, each of whose calls are made side by side.

use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Credentials, Region},
    types::{
        AttributeValue, ConditionCheck, KeysAndAttributes, Put, ReturnConsumedCapacity, TransactWriteItem, Update,
    },
};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let endpoint = std::env::var("AWS_ENDPOINT_URL_DYNAMODB")?;
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "environment"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(endpoint);
    let client = Client::from_conf(config.build());
    let bare = &Bare { client, key: key().ok_or("no key")?, table: std::env::var("TABLE_NAME")? };
    bare.make(&json!({"op": "query", "pk": "KEYS", "prefix": "KEY#"})).await?;
    let stages: &Vec<Vec<Value>> = &serde_json::from_str(&std::env::var("CALLS")?)?;
    lambda_runtime::run(service_fn(async |_: LambdaEvent<Value>| {
        let mut items = 0;
        for stage in stages {
            let mut made = Vec::new();
            for call in stage {
                made.push(bare.make(call));
            }
            for one in join_all(made).await {
                items += one?;
            }
        }
        Ok::<_, Error>(json!({"statusCode": 200, "body": items.to_string()}))
    }))
    .await
}

fn key() -> Option<EcdsaKeyPair> {
    let (kind, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
    let document = EcdsaKeyPair::generate_pkcs8(kind, &random).ok()?;
    EcdsaKeyPair::from_pkcs8(kind, document.as_ref(), &random).ok()
}

async fn join_all<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut futures: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut done: Vec<Option<F::Output>> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, done) in futures.iter_mut().zip(&mut done) {
            if done.is_none()
                && let std::task::Poll::Ready(output) = future.as_mut().poll(context)
            {
                *done = Some(output);
            }
        }
        if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}

struct Bare {
    client: Client,
    key: EcdsaKeyPair,
    table: String,
}

fn text(call: &Value, name: &str) -> AttributeValue {
    AttributeValue::S(call[name].as_str().unwrap_or_default().to_owned())
}

impl Bare {
    async fn make(&self, call: &Value) -> Result<usize, Error> {
        Ok(match call["op"].as_str() {
            Some("get") => {
                let get = self.client.get_item().table_name(&self.table).consistent_read(true);
                let get = get.return_consumed_capacity(ReturnConsumedCapacity::Total);
                let answer = get.key("pk", text(call, "pk")).key("sk", text(call, "sk")).send().await?;
                usize::from(answer.item.is_some())
            }
            Some("query") => {
                let query = self.client.query().table_name(&self.table).consistent_read(true);
                let query = query.return_consumed_capacity(ReturnConsumedCapacity::Total);
                let answer = query
                    .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                    .expression_attribute_values(":pk", text(call, "pk"))
                    .expression_attribute_values(":prefix", text(call, "prefix"))
                    .set_limit(call["limit"].as_i64().and_then(|limit| i32::try_from(limit).ok()))
                    .send()
                    .await?;
                answer.items.map_or(0, |items| items.len())
            }
            Some("last") => {
                let query = self.client.query().table_name(&self.table).consistent_read(true);
                let query = query.return_consumed_capacity(ReturnConsumedCapacity::Total);
                let answer = query
                    .key_condition_expression("pk = :pk AND sk <= :sk")
                    .expression_attribute_values(":pk", text(call, "pk"))
                    .expression_attribute_values(":sk", text(call, "sk"))
                    .scan_index_forward(false)
                    .limit(1)
                    .send()
                    .await?;
                answer.items.map_or(0, |items| items.len())
            }
            Some("batch") => {
                let mut keys = KeysAndAttributes::builder().consistent_read(true);
                for key in call["keys"].as_array().into_iter().flatten() {
                    keys = keys.keys([("pk".to_owned(), text(key, "pk")), ("sk".to_owned(), text(key, "sk"))].into());
                }
                for (place, name) in call["attributes"].as_array().into_iter().flatten().enumerate() {
                    let name = name.as_str().unwrap_or_default();
                    keys = keys.expression_attribute_names(format!("#a{place}"), name);
                }
                keys = keys.set_projection_expression(call["projection"].as_str().map(str::to_owned));
                let batch = self.client.batch_get_item().return_consumed_capacity(ReturnConsumedCapacity::Total);
                let answer = batch.request_items(&self.table, keys.build()?).send().await?;
                answer.responses.map_or(0, |items| items.len())
            }
            Some("put") => {
                let mut items = Vec::new();
                for sort in call["sks"].as_array().into_iter().flatten() {
                    let put = Put::builder()
                        .table_name(&self.table)
                        .item("pk", text(call, "pk"))
                        .item("sk", AttributeValue::S(sort.as_str().unwrap_or_default().to_owned()))
                        .item("data", AttributeValue::S("x".repeat(150)));
                    items.push(TransactWriteItem::builder().put(put.build()?).build());
                }
                for place in 0..call["checks"].as_u64().unwrap_or_default() {
                    let check = ConditionCheck::builder()
                        .table_name(&self.table)
                        .key("pk", text(call, "pk"))
                        .key("sk", AttributeValue::S(format!("check {place}")))
                        .condition_expression("attribute_not_exists(pk)");
                    items.push(TransactWriteItem::builder().condition_check(check.build()?).build());
                }
                self.write(items).await?
            }
            Some("update") => {
                let update = Update::builder()
                    .table_name(&self.table)
                    .key("pk", text(call, "pk"))
                    .key("sk", text(call, "sk"))
                    .update_expression("SET phone_number = :phone")
                    .condition_expression("attribute_exists(pk)")
                    .expression_attribute_values(":phone", AttributeValue::S("+1 555 0100".to_owned()));
                self.write(vec![TransactWriteItem::builder().update(update.build()?).build()]).await?
            }
            // Of about a token's claims.
            Some("sign") => self.key.sign(&SystemRandom::new(), &[7; 600]).map_err(|_| "no signature")?.as_ref().len(),
            other => return Err(format!("no such call: {other:?}").into()),
        })
    }

    async fn write(&self, items: Vec<TransactWriteItem>) -> Result<usize, Error> {
        let write = self.client.transact_write_items().return_consumed_capacity(ReturnConsumedCapacity::Total);
        write.set_transact_items(Some(items)).send().await?;
        Ok(1)
    }
}
