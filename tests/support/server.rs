use std::{sync::OnceLock, thread};

use local::{Bundle, Options};

/// Where a running bundle is.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) url: String,
    pub(crate) dynamodb_url: String,
}

/// The bundle that the tests share: in this process, in memory, on ports of its own. With `CONFLICTS` in the environment
/// its functions reach the table through [`faults::conflicts::proxy`].
pub(crate) fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let (send, receive) = std::sync::mpsc::channel();
        // A thread of its own: each test has a runtime, which ends with it.
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let options = in_memory();
                let bundle = match std::env::var_os("CONFLICTS") {
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
        data_dir: std::path::PathBuf::new(),
    }
}
