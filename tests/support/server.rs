use std::{env, path::PathBuf, sync::OnceLock, thread};

use local::{Bundle, Options};

use super::lambda::Deployment;

/// Where the API that the tests share is.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) url: String,
    pub(crate) dynamodb_url: String,
}

/// The API that the tests share. By the environment:
/// - nothing: the bundle in this process, in memory, on ports of its own; with `CONFLICTS` its functions reach the table
///   through [`faults::conflicts::proxy`];
/// - the feature `lambda`: the function binaries behind a gateway, which note in the file `ACCESS` what they need of the table;
/// - `BASE_URL`: one that runs elsewhere, whose table is behind `DYNAMODB_URL` (<http://127.0.0.1:8000>).
pub(crate) fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        if let Ok(url) = env::var("BASE_URL") {
            let dynamodb_url = env::var("DYNAMODB_URL").unwrap_or_else(|_| "http://127.0.0.1:8000".to_owned());
            return Server { url: url.trim_end_matches('/').to_owned(), dynamodb_url };
        }
        let (send, receive) = std::sync::mpsc::channel();
        // A thread of its own: each test has a runtime, which ends with it.
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                if cfg!(feature = "lambda") {
                    let deployment = Deployment::start().await;
                    send.send(deployment.server.clone()).unwrap();
                    let access = env::var("ACCESS").map_or_else(|_| env::temp_dir().join("access.json"), PathBuf::from);
                    return deployment.note_access(access).await;
                }
                let options = in_memory();
                let bundle = match env::var_os("CONFLICTS") {
                    Some(_) => Bundle::start_behind(&options, faults::conflicts::proxy).await.unwrap(),
                    None => Bundle::start(&options).await.unwrap(),
                };
                send.send(Server { url: bundle.url(), dynamodb_url: bundle.dynamodb_url() }).unwrap();
                std::future::pending::<()>().await;
            });
        });
        receive.recv().unwrap()
    })
}

/// How a bundle of a test's own runs: in memory, on free ports.
pub(crate) fn in_memory() -> Options {
    let max_tested_rows = associations::AssociationsApp::MAX_TESTED_ROWS;
    Options {
        port: 0,
        dynamodb_port: 0,
        in_memory: true,
        no_mailer: false,
        max_tested_rows,
        require_verified_email: false,
        public_site_url: None,
        trusted_issuers: None,
        trusted_issuers_ca_file: None,
        data_dir: PathBuf::new(),
    }
}
