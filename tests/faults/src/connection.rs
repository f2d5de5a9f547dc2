//! A connection that meets a fault at one of its calls.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
    },
    orchestrator::HttpRequest,
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use tokio::sync::Notify;

/// What happens at a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The process is killed before the call is sent.
    KilledBefore,
    /// The process is killed once the call is done, before its answer is read.
    KilledAfter,
    /// The call isn't sent; the client is told so.
    NotSent,
    /// The call is done, and its answer is lost.
    AnswerLost,
}

impl Fault {
    /// Each of them.
    pub const ALL: [Self; 4] = [Self::KilledBefore, Self::KilledAfter, Self::NotSent, Self::AnswerLost];
}

/// A connection on which the call of one number, from 0, meets a fault.
#[derive(Clone, Debug)]
pub struct Faulty {
    inner: SharedHttpClient,
    fault: Fault,
    at: usize,
    calls: Arc<AtomicUsize>,
    killed: Arc<Notify>,
}

impl Faulty {
    /// `inner`, on which the call number `at` meets `fault`.
    #[must_use]
    pub fn new(inner: SharedHttpClient, fault: Fault, at: usize) -> Self {
        Self { inner, fault, at, calls: Arc::default(), killed: Arc::default() }
    }

    /// The connection, for a client.
    #[must_use]
    pub fn client(&self) -> SharedHttpClient {
        SharedHttpClient::new(self.clone())
    }

    /// Whether the call that meets the fault was made.
    #[must_use]
    pub fn was_met(&self) -> bool {
        self.calls.load(Ordering::SeqCst) > self.at
    }

    /// Returns when the process would be killed: whoever waits for it drops what the process was doing.
    pub async fn killed(&self) {
        self.killed.notified().await;
    }
}

impl HttpClient for Faulty {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let connector = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(FaultyConnector { connector, faulty: self.clone() })
    }
}

#[derive(Debug)]
struct FaultyConnector {
    connector: SharedHttpConnector,
    faulty: Faulty,
}

impl HttpConnector for FaultyConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        if self.faulty.calls.fetch_add(1, Ordering::SeqCst) != self.faulty.at {
            return self.connector.call(request);
        }
        let fault = self.faulty.fault;
        let killed = self.faulty.killed.clone();
        let sent = matches!(fault, Fault::KilledAfter | Fault::AnswerLost).then(|| self.connector.call(request));
        HttpConnectorFuture::new(async move {
            if let Some(sent) = sent {
                let _ = sent.await;
            }
            if matches!(fault, Fault::KilledBefore | Fault::KilledAfter) {
                killed.notify_one();
                std::future::pending::<()>().await;
            }
            Err(ConnectorError::io("injected".into()))
        })
    }
}
