use std::time::Duration;

use aws_sdk_sesv2::{
    Client,
    config::{BehaviorVersion, Builder, timeout::TimeoutConfig},
    error::BuildError,
    types::{Body, Content, Destination, EmailContent, Message},
};
use shared::{
    aws,
    config::{self, ConfigError},
    table::Mail,
};

use crate::letter::Letter;

/// How long a mail may take to be sent: well within its lease, after which somebody else sends it.
const LONGEST_SEND: Duration = Duration::from_secs(20);

/// Why SES didn't take a mail.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// A template failed.
    #[error("the mail could not be rendered: {0}")]
    Render(#[from] askama::Error),
    /// The request could not be built.
    #[error("the mail could not be put together: {0}")]
    Build(#[from] BuildError),
    /// SES refused the mail, or is out of reach.
    #[error("SES: {0}")]
    Ses(String),
}

/// Sends mails through SES v2.
#[derive(Clone, Debug)]
pub struct Sender {
    client: Client,
    from: String,
}

impl Sender {
    /// A sender by `MAIL_FROM` (its address, which SES must know as its own) and `AWS_ENDPOINT_URL_SESV2`.
    ///
    /// # Errors
    /// `MAIL_FROM` is missing.
    pub fn from_env() -> Result<Self, ConfigError> {
        Ok(Self::new(&config::required("MAIL_FROM")?, config::optional("AWS_ENDPOINT_URL_SESV2").as_deref()))
    }

    /// A sender with the address `from`, to the region's own endpoint or to another.
    #[must_use]
    pub fn new(from: &str, endpoint: Option<&str>) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(2))
            .operation_attempt_timeout(Duration::from_secs(8))
            .operation_timeout(LONGEST_SEND)
            .build();
        let mut config = Builder::new()
            .behavior_version(BehaviorVersion::latest())
            .region(aws::region())
            .credentials_provider(aws::credentials())
            .http_client(aws::http_client(endpoint))
            .timeout_config(timeouts);
        if let Some(endpoint) = endpoint {
            config = config.endpoint_url(endpoint);
        }
        Self { client: Client::from_conf(config.build()), from: from.to_owned() }
    }

    /// Renders and sends a mail.
    ///
    /// # Errors
    /// Why SES didn't take it.
    pub(crate) async fn send(&self, mail: &Mail) -> Result<(), SendError> {
        let letter = Letter::render(mail)?;
        let content = |text: String| Content::builder().data(text).charset("UTF-8").build();
        let body = Body::builder().text(content(letter.text)?).html(content(letter.html)?).build();
        let message = Message::builder().subject(content(letter.subject)?).body(body).build();
        let call = self.client.send_email().from_email_address(&self.from);
        call.destination(Destination::builder().to_addresses(&mail.to).build())
            .content(EmailContent::builder().simple(message).build())
            .send()
            .await
            .map_err(|error| SendError::Ses(aws::describe(&error)))?;
        Ok(())
    }
}
