//! What the calls meet: the function binaries behind a gateway, the engine behind faults, a mailbox.

use std::{sync::Arc, time::Duration};

use emulator::{Environment, Function, Gateway, deployed_functions, deployed_routes};
use faults::{Faults, Plan, Saboteur};
use local::{Bundle, Consumer, Options};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use shared::{digest::sha256_hex_of, ids::random_id};
use tokio::{net::TcpListener, sync::Mutex, time::sleep};

use crate::{args::Args, mails::Mails};

/// The key of the platform's operator.
pub(crate) const OPERATOR_KEY: &str = "opkey_of_the_soak";

/// Instances of one function at once: as many as there are clients, as on AWS.
const MOST_INSTANCES: usize = 40;
/// How often the schedule has the mailer sweep. On AWS every minute, for which nobody waits here.
const SWEEP_INTERVAL: Duration = Duration::from_secs(5);

/// The API, and all that is behind it.
pub(crate) struct Stage {
    pub(crate) url: String,
    pub(crate) gateway: Gateway,
    pub(crate) faults: Faults,
    pub(crate) mails: Mails,
    /// The engine, which a restart replaces.
    bundle: Arc<Mutex<Option<Bundle>>>,
    options: Options,
    /// Kept for as long as the engine has its file there.
    _directory: tempfile::TempDir,
}

impl Stage {
    pub(crate) async fn start(args: &Args) -> Self {
        let binaries = emulator::build(&["--bins"]);
        let directory = tempfile::tempdir().unwrap();
        let in_memory = args.restarts == 0;
        let options = Options {
            in_memory,
            data_dir: directory.path().to_owned(),
            no_mailer: true,
            ses_port: Some(0),
            ..Options::in_memory()
        };
        let bundle = Bundle::start(&options).await.unwrap();
        let (mails, ses_url) = Mails::start().await;
        let plan = Plan::new(args.faults, args.seed);
        let saboteur = args.sabotage.map(|sabotage| Saboteur::new(sabotage.into()));
        let faults = Faults::start_sabotaged(bundle.dynamodb_url(), plan, saboteur).await;
        faults.plan().enable(false);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let environment = Environment::new(&url, Bundle::TABLE, [random_id(48), random_id(48)])
            .with_table_at(&faults.url())
            .with_mails_to(&ses_url)
            .with("OPERATOR_KEY_HASHES", &format!("soak={}", sha256_hex_of(OPERATOR_KEY)))
            .with("RUST_LOG", "warn");
        let functions = deployed_functions().into_iter().map(|function| {
            let variables = environment.of(&function);
            Function::new(&function.name, binaries.join(&function.name), variables)
                .with_instances(MOST_INSTANCES)
                .with_timeout(function.timeout)
        });
        let gateway = Gateway::new(deployed_routes(), functions.collect(), None);
        tokio::spawn(gateway.clone().serve(listener));
        bundle.feed(Mailer(gateway.clone())).unwrap();
        tokio::spawn(sweep(Mailer(gateway.clone())));
        let bundle = Arc::new(Mutex::new(Some(bundle)));
        Self { url, gateway, faults, mails, bundle, options, _directory: directory }
    }

    /// Where the engine is, without faults.
    pub(crate) async fn engine_url(&self) -> String {
        self.bundle.lock().await.as_ref().unwrap().dynamodb_url()
    }

    /// Kills an instance of a random function.
    pub(crate) fn kill_one(&self, random: &mut StdRng) -> bool {
        let functions: Vec<_> = self.gateway.functions().collect();
        functions[random.random_range(0..functions.len())].kill_one()
    }

    /// What the API's functions logged as errors. (The mailer fails where a sweep can't reach the table: the next one
    /// makes that good.)
    pub(crate) fn errors(&self) -> Vec<String> {
        let of_api = self.gateway.functions().filter(|function| function.name() != "mailer");
        let lines = of_api.flat_map(Function::take_lines);
        lines.filter(|line| !line.contains("\"WARN\"")).collect()
    }

    /// Kills every instance of every function.
    pub(crate) fn stop(&self) {
        self.gateway.functions().for_each(Function::stop);
    }

    /// Stops the engine and starts it again on its file, once the calls that it works on are done.
    pub(crate) async fn restart(&self) {
        let mut bundle = self.bundle.lock().await;
        let pause = self.faults.pause().await;
        bundle.take().unwrap().stop().await;
        let started = Bundle::start(&self.options).await.unwrap();
        self.faults.engine().moved_to(started.dynamodb_url());
        started.feed(Mailer(self.gateway.clone())).unwrap();
        *bundle = Some(started);
        drop(pause);
    }

    /// Random numbers of one of the run's actors.
    pub(crate) fn random_of(seed: u64, actor: u64) -> StdRng {
        StdRng::seed_from_u64(seed.wrapping_mul(1_000_003).wrapping_add(actor))
    }
}

/// The mailer's binary, fed by the engine's stream.
struct Mailer(Gateway);

impl Consumer for Mailer {
    async fn handle(&self, event: Value) -> Result<Value, String> {
        let mailer = self.0.function("mailer").ok_or("no mailer")?;
        let answer = mailer.invoke(event.to_string().into()).await?;
        serde_json::from_slice(&answer).map_err(|error| error.to_string())
    }
}

async fn sweep(mailer: Mailer) {
    loop {
        sleep(SWEEP_INTERVAL).await;
        // A sweep that was killed is made good by the next one.
        let _ = mailer.handle(json!({"source": "aws.events"})).await;
    }
}
