use std::{env, path::PathBuf, sync::OnceLock, thread};

use local::{Bundle, Options};

use super::{
    billing::{STRIPE_SECRET, operator_key_hashes},
    lambda::Deployment,
    second_engine::start_bundle,
};

/// Where the API that the tests share is.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) url: String,
    /// The `iss` of its tokens.
    pub(crate) issuer: String,
    /// The bundle whose mailbox gets its mails.
    pub(crate) mailbox_url: String,
    /// Where that bundle takes mails as SES does.
    pub(crate) ses_url: String,
    pub(crate) dynamodb_url: String,
    /// The table's name.
    pub(crate) table: String,
}

impl Server {
    /// A server over the table and the mailbox of `bundle`, which is its own issuer and shows its own mails.
    pub(crate) fn at(url: String, bundle: &Bundle) -> Self {
        Self {
            issuer: url.clone(),
            mailbox_url: url.clone(),
            url,
            ses_url: bundle.ses_url(),
            dynamodb_url: bundle.dynamodb_url(),
            table: Bundle::TABLE.to_owned(),
        }
    }
}

/// The API that the tests share. By the environment:
/// - nothing: the bundle in this process, in memory, on ports of its own; with `CONFLICTS` its functions reach the
///   table through [`faults::conflicts::proxy`], and with `ENGINE` the table is on the engine at that address;
/// - the feature `lambda`: the function binaries behind a gateway, which note in the file `ACCESS` what they need of
///   the table;
/// - `BASE_URL`: another server, with `ISSUER` (the same), `MAILBOX_URL` (<http://127.0.0.1:3000>), `SES_URL`
///   (<http://127.0.0.1:8001>) and its table `TABLE_NAME` behind `DYNAMODB_URL` (<http://127.0.0.1:8000>).
pub(crate) fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        if let Ok(url) = env::var("BASE_URL") {
            let or = |name, default: &str| env::var(name).unwrap_or_else(|_| default.to_owned());
            return Server {
                issuer: or("ISSUER", &url),
                mailbox_url: or("MAILBOX_URL", "http://127.0.0.1:3000"),
                ses_url: or("SES_URL", "http://127.0.0.1:8001"),
                dynamodb_url: or("DYNAMODB_URL", "http://127.0.0.1:8000"),
                table: or("TABLE_NAME", Bundle::TABLE),
                url,
            };
        }
        start(false)
    })
}

/// Invitations and promotions of strangers that an organization has there in a day.
pub(crate) const MAX_INVITATIONS: u64 = 30;

/// A server that requires a verified e-mail address before a promotion or an association, and limits the people whom an
/// organization invites and promotes. `BASE_URL` never names
/// it.
pub(crate) fn server_requiring_verified_email() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| start(true))
}

fn start(requires_proof: bool) -> Server {
    let (send, receive) = std::sync::mpsc::channel();
    // A thread of its own: each test has a runtime, which ends with it.
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            if cfg!(feature = "lambda") {
                let deployment = Deployment::start(requires_proof).await;
                send.send(deployment.server.clone()).unwrap();
                let access = env::var("ACCESS").map_or_else(|_| env::temp_dir().join("access.json"), PathBuf::from);
                return deployment.note_access(access).await;
            }
            let max_invitations_per_day = if requires_proof { MAX_INVITATIONS } else { 0 };
            let options = Options {
                require_verified_email: requires_proof,
                max_invitations_per_day,
                operator_key_hashes: operator_key_hashes(),
                stripe_webhook_secrets: STRIPE_SECRET.to_owned(),
                ..Options::in_memory()
            };
            let mut engine = None;
            let bundle = match env::var_os("CONFLICTS") {
                Some(_) => {
                    let proxy = async |url: String| faults::conflicts::proxy(engine.insert(url).clone()).await;
                    Bundle::start_behind(&options, proxy).await.unwrap()
                }
                None => start_bundle(&options).await.unwrap(),
            };
            let mut server = Server::at(bundle.url(), &bundle);
            if let Some(engine) = engine {
                // What a test writes itself is no call of a function, and nobody tries it again.
                server.dynamodb_url = engine;
            }
            send.send(server).unwrap();
            std::future::pending::<()>().await;
        });
    });
    receive.recv().unwrap()
}
