use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use auth::{AuthApp, Issuer, Key, SetupError, TrustedIssuers};
use aws_sdk_dynamodb::Client;
use axum::{
    Router,
    extract::{self, ConnectInfo, Request},
    middleware,
};
use billing::BillingSecrets;
use dynoxide::Database;
use mailer::{Mailer, Sender};
use shared::{
    App,
    clock::Clock,
    config::{Config, ConfigError, Limits},
    dynamo,
    ids::{OrganizationCode, OrganizationId},
    link_token::LinkSigner,
    service::{self, AnswerDue},
    source::SourceAddress,
    table::{AssociationRecord, Table},
};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle, time::Instant};

use crate::{
    CorsOrigins, Options,
    data::{DataDirectory, DataError, new_secret},
    demo::DemoMaker,
    dynamodb,
    engine::{self, EngineError},
    functions::{FUNCTIONS, State},
    guard::{self, AllowedHosts},
    home::{self, Home},
    mail_simulator::MailSimulator,
    mailbox::Mailbox,
    plans, reference,
    seed::seed,
    stream::{Consumer, Stream, StreamError, Wake},
};

/// Where mails are taken, unless `--ses-port` says otherwise: `events/local.env` names it.
const SES_PORT: u16 = 8001;
/// How long a stop waits for what is under way.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// Why the bundle can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Somebody else listens there.
    #[error("port {port} is taken; choose another with {option}")]
    PortTaken {
        /// The port.
        port: u16,
        /// The option that changes it.
        option: &'static str,
    },
    /// The port can't be listened on for another reason.
    #[error("port {port}: {error}")]
    Port {
        /// The port.
        port: u16,
        /// Why.
        error: io::Error,
    },
    /// The data directory can't be used.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The embedded DynamoDB can't be used.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The stream can't be read.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// A setting can't be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Tokens can't be signed.
    #[error(transparent)]
    Signing(#[from] SetupError),
    /// The mailbox can't be used.
    #[error("the mailbox: {0}")]
    Mailbox(io::Error),
}

/// The bundle while it runs.
pub struct Bundle {
    api: SocketAddr,
    /// Where the functions reach DynamoDB.
    dynamodb: String,
    router: Router,
    ses: SocketAddr,
    simulator: MailSimulator,
    stop: Stop,
    tasks: Tasks,
    database: Database,
    demo: DemoMaker,
    /// Held until everything has stopped.
    data: Option<DataDirectory>,
}

/// Signals in the order in which a stop gives them.
#[derive(Debug)]
struct Stop {
    api: watch::Sender<bool>,
    stream: watch::Sender<bool>,
    ses: watch::Sender<bool>,
    dynamodb: watch::Sender<bool>,
}

#[derive(Debug)]
struct Tasks {
    api: JoinHandle<()>,
    stream: JoinHandle<()>,
    ses: JoinHandle<()>,
    dynamodb: JoinHandle<()>,
}

impl Bundle {
    /// The table's name.
    pub const TABLE: &str = "organizations";

    /// Starts everything; whoever connects from then on is answered.
    ///
    /// # Errors
    /// A port is taken, or the data can't be used.
    pub async fn start(options: &Options) -> Result<Self, StartError> {
        Self::start_behind(options, async |url| url).await
    }

    /// Starts everything, the functions reaching DynamoDB at the address that `proxy` makes of its own.
    ///
    /// # Errors
    /// A port is taken, or the data can't be used.
    pub async fn start_behind(
        options: &Options,
        proxy: impl AsyncFnOnce(String) -> String,
    ) -> Result<Self, StartError> {
        let api_listener = listen(options.port, "--port").await?;
        let dynamodb_listener = listen(options.dynamodb_port, "--dynamodb-port").await?;
        let ses_listener = listen_for_mails(options.ses_port).await?;
        let (api, dynamodb, ses) = (address(&api_listener)?, address(&dynamodb_listener)?, address(&ses_listener)?);
        let hosts = AllowedHosts::new(&options.allow_host);
        let data = if options.in_memory { None } else { Some(DataDirectory::open(&options.data_dir)?) };
        let file = |name| data.as_ref().map(|data| data.file(name));
        let secret = |name| data.as_ref().map_or_else(|| Ok(new_secret()), |data| data.secret(name));
        let (signing_secret, link_secret) = (secret("signing-secret")?, secret("link-secret")?);
        let mailbox = match file(DataDirectory::MAILBOX) {
            Some(path) => Mailbox::open(&path).map_err(StartError::Mailbox)?,
            None => Mailbox::default(),
        };
        let stop = Stop {
            api: watch::Sender::new(false),
            stream: watch::Sender::new(false),
            ses: watch::Sender::new(false),
            dynamodb: watch::Sender::new(false),
        };

        let database = engine::open(file(DataDirectory::DATABASE))?;
        let dynamodb_router = hosts.guard_from_pages(dynamodb::router(database.clone()));
        let dynamodb_task = serve(dynamodb_listener, dynamodb_router, asked(&stop.dynamodb));

        let dynamodb = proxy(format!("http://{dynamodb}")).await;
        let config = Config {
            table_name: Self::TABLE.to_owned(),
            issuer: format!("http://{api}"),
            audience: "organizations-api".to_owned(),
            dynamodb_endpoint: Some(dynamodb.clone()),
            require_verified_email: options.require_verified_email,
            limits: Limits {
                wrong_passwords_per_source: options.max_wrong_passwords_per_source,
                creations_per_source: options.max_creations_per_source,
                mails_per_source: options.max_mails_per_source,
                invitations_per_day: options.max_invitations_per_day,
            },
            max_tested_rows: options.max_tested_rows,
        };
        let wake = Wake::default();
        let client =
            dynamo::Table::client_config(config.dynamodb_endpoint.as_deref()).interceptor(wake.clone()).build();
        let client = Client::from_conf(client);
        engine::create_table(&client, Self::TABLE).await?;
        let table = Table::new(dynamo::Table::new(client, Self::TABLE))
            .requiring_verified_email(config.require_verified_email)
            .with_limits(config.limits)
            .testing_rows_up_to(config.max_tested_rows);

        let trusted =
            TrustedIssuers::new(options.trusted_issuers.as_deref(), options.trusted_issuers_ca_file.as_deref())?;
        let issuer = Issuer::new(Key::derived_from(&signing_secret)?, &config)?;
        let site = options.public_site_url.as_deref().unwrap_or(&config.issuer);
        let links = LinkSigner::new(&link_secret, site)?;
        let app = App::on(table.clone(), &config);
        let auth = AuthApp::start(app.clone(), issuer, trusted).await;
        let ses_router = hosts.guard_from_pages(service::wrap(mailbox.clone().ses(), &config.issuer));
        let brand = options.brand.brand()?;
        let billing = BillingSecrets::new(&options.operator_key_hashes, &options.stripe_webhook_secrets)?;
        let state = State { app, auth, links: links.clone(), brand: brand.clone(), billing };
        let demo = DemoMaker {
            url: config.issuer.clone(),
            table: table.clone(),
            database: database.clone(),
            making: Arc::default(),
        };
        let home = Home {
            url: config.issuer.clone(),
            dynamodb: dynamodb.clone(),
            ses: format!("http://{ses}"),
            data: (!options.in_memory).then(|| options.data_dir.clone()),
            demo: demo.clone(),
        };
        let simulator = mailbox.simulator().clone();
        let pages = [mailbox.page(), plans::page(), reference::routes(), home::routes(home)];
        let pages = guard::guard_from_other_pages(pages.into_iter().fold(Router::new(), Router::merge));
        let mut router = router(&state, options.cors_origins.clone(), pages, &config.issuer);
        if let Some(time) = options.answer_time {
            router = router.layer(middleware::map_request_with_state(time, add_answer_due));
        }

        if data.is_some() {
            table.queue_old_mails().await.map_err(EngineError::of)?;
        }
        let stream = Stream::open(database.clone(), Self::TABLE, file(DataDirectory::STREAM_POSITION))?;
        // The mailer's way to the mailbox outlives the API: a stop still sends what the last requests put.
        let ses_task = serve(ses_listener, ses_router, asked(&stop.ses));
        let sender = Sender::new("no-reply@organizations.example", Some(&format!("http://{ses}")));
        let sender = sender.of_platform(brand);
        let mailer = Mailer::new(table.outbox(Clock::system()), sender, links);
        let stream_task = if options.no_mailer {
            tokio::spawn(asked(&stop.stream))
        } else {
            tokio::spawn(stream.feed(mailer, simulator.clone(), wake, stop.stream.subscribe()))
        };

        let api_task = serve(api_listener, hosts.guard(router.clone()), asked(&stop.api));
        let tasks = Tasks { api: api_task, stream: stream_task, ses: ses_task, dynamodb: dynamodb_task };
        Ok(Self { api, dynamodb, router, ses, simulator, stop, tasks, database, demo, data })
    }

    /// Where the API is.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.api)
    }

    /// The API's router, for calls without a connection, and so without the guard against a browser's pages.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// Puts associations into an organization that has none, past the stream: data for benchmarks.
    ///
    /// # Errors
    /// The engine refused them.
    pub fn seed(
        &self,
        organization: &OrganizationId,
        code: &OrganizationCode,
        associations: Vec<AssociationRecord>,
    ) -> Result<(), EngineError> {
        seed(&self.database, Self::TABLE, organization, code, associations, |_| {})
    }

    /// Makes the demo's organization.
    pub(crate) fn demo(&self) -> &DemoMaker {
        &self.demo
    }

    /// Where the functions reach DynamoDB: the embedded one, or what was put before it.
    #[must_use]
    pub fn dynamodb_url(&self) -> String {
        self.dynamodb.clone()
    }

    /// Where the mailbox takes mails as SES does.
    #[must_use]
    pub fn ses_url(&self) -> String {
        format!("http://{}", self.ses)
    }

    /// Feeds the table's stream to `consumer`, from its beginning, in the place of a mailer of the bundle's own.
    ///
    /// # Errors
    /// The stream can't be read.
    pub fn feed(&self, consumer: impl Consumer) -> Result<(), StreamError> {
        let stream = Stream::open(self.database.clone(), Self::TABLE, None)?;
        let simulator = self.simulator.clone();
        tokio::spawn(stream.feed(consumer, simulator, Wake::default(), self.stop.stream.subscribe()));
        Ok(())
    }

    /// Stops: the mails that wait are sent and the requests under way are answered first.
    pub async fn stop(self) {
        let Self { stop, tasks, data, .. } = self;
        let stopping = async {
            for (signal, task) in [
                (stop.api, tasks.api),
                (stop.stream, tasks.stream),
                (stop.ses, tasks.ses),
                (stop.dynamodb, tasks.dynamodb),
            ] {
                signal.send_replace(true);
                // A task that panicked has stopped too.
                let _ = task.await;
            }
        };
        if tokio::time::timeout(STOP_TIMEOUT, stopping).await.is_err() {
            tracing::warn!("stopped with requests under way");
        }
        drop(data);
    }
}

async fn listen(port: u16, option: &'static str) -> Result<TcpListener, StartError> {
    TcpListener::bind(("127.0.0.1", port)).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => StartError::PortTaken { port, option },
        _ => StartError::Port { port, error },
    })
}

/// Listens for mails. Only `make watch` needs a certain port, so that one which is taken is no reason not to start: a
/// second bundle on the same machine takes another.
async fn listen_for_mails(port: Option<u16>) -> Result<TcpListener, StartError> {
    if let Some(port) = port {
        return listen(port, "--ses-port").await;
    }
    match listen(SES_PORT, "--ses-port").await {
        Err(StartError::PortTaken { .. }) => {
            tracing::info!("port {SES_PORT} is taken, so mails are taken on another one");
            listen(0, "--ses-port").await
        }
        listener => listener,
    }
}

fn address(listener: &TcpListener) -> Result<SocketAddr, StartError> {
    listener.local_addr().map_err(|error| StartError::Port { port: 0, error })
}

/// Serves until asked to stop, the requests under way included.
fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    let service =
        router.layer(middleware::map_request(add_source_address)).into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, service).with_graceful_shutdown(stop).await {
            tracing::error!(%error, "a server stopped");
        }
    })
}

/// Adds the caller's address from the connection. On AWS, the gateway reports it with the request.
async fn add_source_address(ConnectInfo(peer): ConnectInfo<SocketAddr>, mut request: Request) -> Request {
    request.extensions_mut().insert(SourceAddress(peer.ip()));
    request
}

/// Adds the time at which the answer is due.
async fn add_answer_due(extract::State(time): extract::State<Duration>, mut request: Request) -> Request {
    request.extensions_mut().insert(AnswerDue(Instant::now() + time));
    request
}

fn asked(stop: &watch::Sender<bool>) -> impl Future<Output = ()> + Send + 'static {
    let mut stop = stop.subscribe();
    async move {
        // An error means that the bundle is gone, which is a stop as well.
        let _ = stop.wait_for(|stop| *stop).await;
    }
}

fn router(state: &State, cors_origins: CorsOrigins, pages: Router, issuer: &str) -> Router {
    let functions = FUNCTIONS.iter().map(|function| (function.router)(state)).fold(Router::new(), Router::merge);
    let api = cors_origins.allow(service::wrap(functions, issuer));
    service::wrap(pages, issuer).fallback_service(api).layer(middleware::map_response(service::show_costs))
}
