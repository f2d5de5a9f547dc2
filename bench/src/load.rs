//! One process under load, against the engine's own rate for the same DynamoDB calls.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use local::Bundle;
use shared::dynamo;

use crate::world::World;

const TIME: Duration = Duration::from_secs(3);

/// Requests a second of so many clients.
async fn rate<F>(clients: usize, request: impl Fn() -> F + Clone + Send + 'static) -> f64
where
    F: Future<Output = ()> + Send + 'static,
{
    let (done, started) = (Arc::new(AtomicU64::new(0)), Instant::now());
    let tasks: Vec<_> = (0..clients)
        .map(|_| {
            let (done, request) = (done.clone(), request.clone());
            tokio::spawn(async move {
                while started.elapsed() < TIME {
                    request().await;
                    done.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let done = done.load(Ordering::Relaxed) as f64;
    done / started.elapsed().as_secs_f64()
}

pub(crate) async fn print(world: &World) {
    println!("\n## One process under load\n");
    println!(
        "Requests a second of `GET /api/organization` and `GET …/price-tiers` by turns, of the process with everything in it, and of the engine for the same DynamoDB calls.\n"
    );
    println!("| clients | the API | the engine's calls alone | ratio |\n| --- | --- | --- | --- |");
    let http = reqwest::Client::new();
    let (url, token) = (world.bundle.url(), world.token.clone());
    let client = Client::from_conf(dynamo::Table::client_config(Some(&world.bundle.dynamodb_url())).build());
    let partition = format!("ORG#{}", world.organization);
    let admin = format!("ADMIN#{}", world.user);
    for clients in [1, 16, 64] {
        let turn = Arc::new(AtomicU64::new(0));
        let api = {
            let (http, url, token) = (http.clone(), url.clone(), token.clone());
            move || {
                let path = ["/api/organization", "/api/organizations/price-tiers"];
                let path = path[usize::from(turn.fetch_add(1, Ordering::Relaxed).is_multiple_of(2))];
                let request = http.get(format!("{url}{path}")).bearer_auth(&token);
                async move {
                    let answer = request.send().await.unwrap();
                    assert_eq!(answer.status(), 200);
                    answer.bytes().await.unwrap();
                }
            }
        };
        let engine = {
            let (client, partition, admin) = (client.clone(), partition.clone(), admin.clone());
            move || {
                let text = |text: &str| AttributeValue::S(text.to_owned());
                let query = client.query().table_name(Bundle::TABLE).consistent_read(true);
                let query = query
                    .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                    .expression_attribute_values(":pk", text(&partition))
                    .expression_attribute_values(":prefix", text("TIER#"));
                let get = client.get_item().table_name(Bundle::TABLE).consistent_read(true);
                let get = get.key("pk", text(&partition)).key("sk", text(&admin));
                async move {
                    tokio::try_join!(async { query.send().await.map_err(|_| ()) }, async {
                        get.send().await.map_err(|_| ())
                    })
                    .unwrap();
                }
            }
        };
        let (api, engine) = (rate(clients, api).await, rate(clients, engine).await);
        println!("| {clients} | {api:.0} | {engine:.0} | {:.2} |", api / engine);
    }
}
