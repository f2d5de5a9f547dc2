use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
    },
    orchestrator::HttpRequest,
    runtime_components::RuntimeComponents,
};
use shared::aws;
use tokio::sync::Notify;

/// A connection that ends the process, as far as its owner can tell: an even number 2n before the call n, from 0, is sent;
/// an odd one 2n + 1 when it is done, before its answer is read.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    inner: SharedHttpClient,
    at: usize,
    calls: Arc<AtomicUsize>,
    stopped: Arc<Notify>,
}

impl Gate {
    pub(crate) fn new(at: usize, stopped: Arc<Notify>) -> Self {
        Self { inner: aws::http_client(Some("http://")), at, calls: Arc::default(), stopped }
    }

    pub(crate) fn client(self) -> SharedHttpClient {
        SharedHttpClient::new(self)
    }
}

impl HttpClient for Gate {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(GateConnector {
            connector: self.inner.http_connector(settings, components),
            gate: self.clone(),
        })
    }
}

#[derive(Debug)]
struct GateConnector {
    connector: SharedHttpConnector,
    gate: Gate,
}

impl HttpConnector for GateConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let call = self.gate.calls.fetch_add(1, Ordering::SeqCst);
        if call != self.gate.at / 2 {
            return self.connector.call(request);
        }
        let sent = (self.gate.at % 2 == 1).then(|| self.connector.call(request));
        let stopped = self.gate.stopped.clone();
        HttpConnectorFuture::new(async move {
            if let Some(sent) = sent {
                let _ = sent.await;
            }
            stopped.notify_one();
            std::future::pending().await
        })
    }
}
