use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use clap::{Args, Parser, Subcommand};
use shared::{claims::OperatorKey, config::Config, telemetry};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{
    BrandOptions, Bundle, CorsOrigins,
    demo::{self, Demo},
    gallery::WriteGallery,
    guard,
    operator_key::MakeOperatorKey,
};

/// The organizations API on one machine: every function, DynamoDB, the mails, nothing to install.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub struct Command {
    #[command(subcommand)]
    task: Option<Task>,
    #[command(flatten)]
    options: Options,
}

/// What else there is to do than to serve.
#[derive(Debug, Subcommand)]
enum Task {
    /// Imports a CSV file of any size over the API.
    Import(transfer::Import),
    /// Exports over the API, as a CSV file that an import takes.
    Export(transfer::Export),
    /// Serves an organization to look at, on the plan `growth`, in memory: tiers, customers, users, associations.
    Demo(Box<Options>),
    /// Writes every mail in every language to a folder, as a gallery page.
    Mails(WriteGallery),
    /// Makes an operator key, which sets subscriptions, and shows it this once.
    OperatorKey(MakeOperatorKey),
}

/// How the bundle runs.
#[derive(Clone, Debug, Args)]
pub struct Options {
    /// Where the API listens on 127.0.0.1; 0 takes a free port.
    #[arg(long, env = "PORT", default_value_t = 3000)]
    pub port: u16,
    /// Where DynamoDB listens on 127.0.0.1, for other tools; 0 takes a free port.
    #[arg(long, default_value_t = 8000)]
    pub dynamodb_port: u16,
    /// Where the mailbox takes mails on 127.0.0.1, as SES does; 0 takes a free port. Without it, 8001, or a free port
    /// where that is taken.
    #[arg(long)]
    pub ses_port: Option<u16>,
    /// A further name under which the ports may be asked, a proxy's for example; may be repeated. Without it they are
    /// `127.0.0.1`, `localhost` and `[::1]` alone, so that no web page reaches them by a name of its own.
    #[arg(long, value_name = "NAME", value_parser = guard::host_name)]
    pub allow_host: Vec<String>,
    /// The origins whose pages may call the API, separated by commas; `localhost` is any of this machine, and an empty
    /// text none.
    #[arg(long, env = "CORS_ORIGINS", value_name = "ORIGINS", default_value = "localhost")]
    pub cors_origins: CorsOrigins,
    /// Keeps nothing: all data ends with the process.
    #[arg(long)]
    pub in_memory: bool,
    /// Leaves the mails in the outbox: another mailer is to send them.
    #[arg(long)]
    pub no_mailer: bool,
    /// Rows that a list of associations tests one by one at most.
    #[arg(long, env = "MAX_TESTED_ROWS", default_value_t = Config::MAX_TESTED_ROWS)]
    pub max_tested_rows: u64,
    /// Lets nobody be promoted or associated before the account's e-mail address is proven by a mailed link.
    #[arg(long, env = "REQUIRE_VERIFIED_EMAIL")]
    pub require_verified_email: bool,
    /// Wrong passwords from one source in ten minutes, whatever the addresses; 0 is no limit.
    #[arg(long, env = "MAX_WRONG_PASSWORDS_PER_SOURCE", default_value_t = 0)]
    pub max_wrong_passwords_per_source: u64,
    /// Accounts and organizations that one source makes in an hour; 0 is no limit.
    #[arg(long, env = "MAX_CREATIONS_PER_SOURCE", default_value_t = 0)]
    pub max_creations_per_source: u64,
    /// Mails that one source asks for in an hour, without being signed in; 0 is no limit.
    #[arg(long, env = "MAX_MAILS_PER_SOURCE", default_value_t = 0)]
    pub max_mails_per_source: u64,
    /// Invitations and promotions by one organization in a day, of people who have no relation to it yet; 0 is no
    /// limit.
    #[arg(long, env = "MAX_INVITATIONS_PER_DAY", default_value_t = 0)]
    pub max_invitations_per_day: u64,
    /// The site whose page mailed links open, in the place of this one's.
    #[arg(long, env = "PUBLIC_SITE_URL")]
    pub public_site_url: Option<String>,
    /// Identity providers whose tokens stand for accounts here: a JSON array of objects with `Issuer`, `Audience`,
    /// `KeySet`, and the `Domains` of the addresses that each may speak for.
    #[arg(long, env = "TRUSTED_ISSUERS")]
    pub trusted_issuers: Option<String>,
    /// The certificates (PEM) that vouch for the servers of their key sets, in the place of the web's roots.
    #[arg(long, env = "TRUSTED_ISSUERS_CA_FILE")]
    pub trusted_issuers_ca_file: Option<String>,
    /// The platform's operator keys: `name=hash` pairs, as `operator-key` prints them. Without any, operators have no
    /// calls.
    #[arg(long, env = "OPERATOR_KEY_HASHES", value_name = "NAME=HASH", default_value = "")]
    pub operator_key_hashes: String,
    /// The secrets that Stripe signs its events by. Without any, its webhook isn't there.
    #[arg(long, env = "STRIPE_WEBHOOK_SECRETS", value_name = "SECRET", default_value = "", hide_env_values = true)]
    pub stripe_webhook_secrets: String,
    /// The platform's name and look, in mails and on pages.
    #[command(flatten)]
    pub brand: BrandOptions,
    /// Where the data is kept.
    #[arg(long, default_value = ".local", conflicts_with = "in_memory")]
    pub data_dir: PathBuf,
    /// The time after which a call is answered at the latest, in the place of a function's: for tests, which would
    /// wait.
    #[arg(skip)]
    pub answer_time: Option<Duration>,
}

impl Options {
    /// Everything in memory, on free ports: for tests and benchmarks.
    #[must_use]
    pub fn in_memory() -> Self {
        Self {
            port: 0,
            dynamodb_port: 0,
            ses_port: Some(0),
            allow_host: Vec::new(),
            cors_origins: CorsOrigins::ThisMachine,
            in_memory: true,
            no_mailer: false,
            max_tested_rows: Config::MAX_TESTED_ROWS,
            require_verified_email: false,
            max_wrong_passwords_per_source: 0,
            max_creations_per_source: 0,
            max_mails_per_source: 0,
            max_invitations_per_day: 0,
            public_site_url: None,
            trusted_issuers: None,
            trusted_issuers_ca_file: None,
            operator_key_hashes: String::new(),
            stripe_webhook_secrets: String::new(),
            brand: BrandOptions::default(),
            data_dir: PathBuf::new(),
            answer_time: None,
        }
    }
}

impl Command {
    /// Does what the command line says. Without a task, serves the bundle until a signal stops it.
    pub async fn run(self) -> ExitCode {
        match self.task {
            Some(Task::Import(task)) => task.run().await,
            Some(Task::Export(task)) => task.run().await,
            Some(Task::OperatorKey(task)) => ended(task.run()),
            Some(Task::Mails(task)) => ended(task.run()),
            Some(Task::Demo(options)) => ended(demo(*options).await),
            None => ended(serve(&self.options).await),
        }
    }
}

fn ended(outcome: Result<(), Box<dyn std::error::Error>>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // There is nowhere left to say that standard error is closed.
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(options: &Options) -> Result<(), Box<dyn std::error::Error>> {
    telemetry::init_readable();
    // Before anything is acknowledged: from here on a signal stops the bundle cleanly.
    let (interrupt, terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let bundle = Bundle::start(options).await?;
    greet(&bundle, options, "")?;
    stopped(bundle, interrupt, terminate).await
}

/// Serves an organization to look at, which ends with the process.
async fn demo(options: Options) -> Result<(), Box<dyn std::error::Error>> {
    telemetry::init_readable();
    let (interrupt, terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let operator = OperatorKey::random();
    let keys = format!("{},{}", options.operator_key_hashes, operator.entry("demo"));
    let options = Options { in_memory: true, operator_key_hashes: keys, ..options };
    let bundle = Bundle::start(&options).await?;
    let made = bundle.demo().make().await.map_err(|error| -> Box<dyn std::error::Error> { error })?;
    let Demo { organization_id, code, email, password, token } = made;
    let shown = format!(
        "
{name} ({organization_id}, {code}) is on the plan growth
  admin     {email}, {password}
  token     {token}
  operator  {}
",
        operator.expose(),
        name = demo::NAME
    );
    greet(&bundle, &options, &shown)?;
    stopped(bundle, interrupt, terminate).await
}

async fn stopped(
    bundle: Bundle,
    mut interrupt: Signal,
    mut terminate: Signal,
) -> Result<(), Box<dyn std::error::Error>> {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    bundle.stop().await;
    Ok(())
}

/// Says where everything is, and what else there is to say.
fn greet(bundle: &Bundle, options: &Options, more: &str) -> io::Result<()> {
    let kept = if options.in_memory { "in memory only".to_owned() } else { options.data_dir.display().to_string() };
    let (url, dynamodb) = (bundle.url(), bundle.dynamodb_url());
    writeln!(
        io::stdout(),
        "The organizations API listens on {url}
  data      {kept}
  DynamoDB  {dynamodb} (table {table})
  mailbox   {url}/_local/mailbox
  reference {url}/docs
{more}
Open {url} to begin.",
        table = Bundle::TABLE
    )
}
