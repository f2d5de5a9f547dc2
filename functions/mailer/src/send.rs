use std::time::Duration;

use aws_sdk_sesv2::{
    Client,
    config::{Builder, retry::RetryConfig, timeout::TimeoutConfig},
    error::{BuildError, ProvideErrorMetadata},
    types::{Body, Content, Destination, EmailContent, Message, MessageHeader, MessageTag},
};
use shared::{
    aws,
    brand::Brand,
    config::{self, ConfigError},
    link_token::{LinkPage, LinkSigner},
    table::{MailKind, MailRecord},
    text::with_ascii_domain,
};

use crate::{
    Quota, feedback,
    letter::{Contact, Letter, LetterError, Occasion},
    pace,
};

/// The timeout of sending a mail. It is far shorter than the lease, after which another mailer would send the mail too.
const SEND_TIMEOUT: Duration = Duration::from_secs(20);

/// The header with a mail's stable reference, which stays the same if the mail is sent again.
const REFERENCE: &str = "X-Entity-Ref-ID";

/// Errors of SES that refuse the address or the content, so that no retry can succeed. Errors of the account, a quota
/// or the configuration can be fixed, so those are retried.
const PERMANENT_ERRORS: [&str; 2] = ["MessageRejected", "BadRequestException"];

/// Why SES did not accept a mail.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The mail could not be written.
    #[error("the mail could not be written: {0}")]
    Write(#[from] LetterError),
    /// The request could not be built.
    #[error("the mail could not be put together: {0}")]
    Build(#[from] BuildError),
    /// SES refused the mail for good, with this code.
    #[error("refused: {0}")]
    Refused(String),
    /// SES said that it can't send now.
    #[error("SES: {0}")]
    Unavailable(String),
    /// SES didn't answer: the mail may have been sent.
    #[error("SES didn't answer: {0}")]
    Unanswered(String),
}

/// Whether SES rejects a mail because an address is not verified: the sender's, or in the sandbox the recipient's. The
/// mail is as good as any, and goes once that is mended.
fn is_about_the_sender(error: &impl ProvideErrorMetadata) -> bool {
    error.message().is_some_and(|message| message.contains("not verified"))
}

/// The sender that mails are from.
#[derive(Clone, Debug)]
pub struct Sender {
    client: Client,
    from: String,
    reply_to: Option<String>,
    configuration_set: Option<String>,
    brand: Brand,
}

impl Sender {
    /// A sender by `MAIL_FROM` (its address, which SES must know as its own), `MAIL_REPLY_TO`, `MAIL_CONFIGURATION_SET`
    /// and `AWS_ENDPOINT_URL_SESV2`, for the platform that [`Brand::from_env`] reads.
    ///
    /// # Errors
    /// `MAIL_FROM` is missing, or the platform's settings can't be used.
    pub fn from_env() -> Result<Self, ConfigError> {
        let endpoint = config::endpoint("AWS_ENDPOINT_URL_SESV2");
        Ok(Self {
            reply_to: config::optional("MAIL_REPLY_TO"),
            configuration_set: config::optional("MAIL_CONFIGURATION_SET"),
            brand: Brand::from_env()?,
            ..Self::new(&config::required("MAIL_FROM")?, endpoint.as_deref())
        })
    }

    /// A sender with the address `from`, to the region's own endpoint or to another.
    #[must_use]
    pub fn new(from: &str, endpoint: Option<&str>) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(2))
            .operation_attempt_timeout(Duration::from_secs(8))
            .operation_timeout(SEND_TIMEOUT)
            .build();
        let config = Builder::from(&aws::sdk_config(endpoint))
            // The SDK must not retry: a lost answer would send the mail twice. A refused mail stays in the outbox.
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts);
        Self {
            client: Client::from_conf(config.build()),
            from: from.to_owned(),
            reply_to: None,
            configuration_set: None,
            brand: Brand::default(),
        }
    }

    /// Sets the platform that mails are from.
    #[must_use]
    pub fn of_platform(self, brand: Brand) -> Self {
        Self { brand, ..self }
    }

    /// Sets the address that answers to the mails go to.
    #[must_use]
    pub fn reply_to(self, address: &str) -> Self {
        Self { reply_to: Some(address.to_owned()), ..self }
    }

    /// Asks SES how fast the account may send. Where SES doesn't say, a new account's rate is kept to.
    pub(crate) async fn quota(&self) -> Quota {
        let account = match self.client.get_account().send().await {
            Ok(account) => account,
            Err(error) => {
                tracing::warn!(error = aws::describe(&error), "SES doesn't say how fast it sends");
                return Quota::OF_A_NEW_ACCOUNT;
            }
        };
        let Some(quota) = account.send_quota else { return Quota::OF_A_NEW_ACCOUNT };
        let left = quota.max24_hour_send - quota.sent_last24_hours;
        let left_today = match (account.sending_enabled, quota.max24_hour_send >= 0.0) {
            (false, _) => Some(0),
            (true, true) => Some(pace::count(left)),
            // A negative limit is none. Source: the SES API reference, `SendQuota`.
            (true, false) => None,
        };
        Quota { per_second: quota.max_send_rate, left_today }
    }

    fn write(&self, mail: &MailRecord, links: &LinkSigner) -> Result<Letter, LetterError> {
        let page = match mail.kind {
            MailKind::OrganizationInvitation => LinkPage::AcceptInvitation,
            MailKind::AddressChange => LinkPage::ConfirmEmail,
            _ => LinkPage::SetPassword,
        };
        let link = mail.link.as_ref().map(|link| links.address(page, link));
        let occasion = Occasion {
            kind: mail.kind,
            language: mail.language,
            to: &mail.to,
            first_name: &mail.first_name,
            organization: mail.organization_name.as_deref(),
            actor: mail.actor_name.as_deref(),
            link: link.as_deref(),
        };
        let contact = match (&self.reply_to, &self.brand.support_email) {
            (Some(_), _) => Contact::Reply,
            (None, Some(support)) => Contact::Address(support),
            (None, None) => Contact::None,
        };
        Letter::write(&occasion, &self.brand, contact)
    }

    /// Writes and sends a mail.
    ///
    /// # Errors
    /// Why SES didn't take it.
    pub(crate) async fn send(&self, mail: &MailRecord, links: &LinkSigner) -> Result<(), SendError> {
        let letter = self.write(mail, links)?;
        let content = |text: String| Content::builder().data(text).charset("UTF-8").build();
        let body = Body::builder().text(content(letter.text)?).html(content(letter.html)?).build();
        let reference = MessageHeader::builder().name(REFERENCE).value(&mail.id.id).build()?;
        let message = Message::builder().subject(content(letter.subject)?).body(body).headers(reference).build();
        let tag = |name: &str, value: &str| MessageTag::builder().name(name).value(value).build();
        let sent = self
            .client
            .send_email()
            .from_email_address(&self.from)
            .set_reply_to_addresses(self.reply_to.clone().map(|address| vec![address]))
            .set_configuration_set_name(self.configuration_set.clone())
            .email_tags(tag("kind", mail.kind.as_str())?)
            .email_tags(tag("mail", &mail.id.id)?)
            .email_tags(tag("day", &feedback::tag_of_day(&mail.id))?)
            .destination(Destination::builder().to_addresses(with_ascii_domain(&mail.to)).build())
            .content(EmailContent::builder().simple(message).build())
            .send()
            .await;
        match sent {
            Ok(_) => Ok(()),
            Err(error) => {
                let status = error.raw_response().map(|response| response.status().as_u16());
                Err(match error.code() {
                    _ if matches!(status, Some(500 | 504)) => SendError::Unanswered(aws::describe(&error)),
                    Some(_) if is_about_the_sender(&error) => SendError::Unavailable(aws::describe(&error)),
                    Some(code) if PERMANENT_ERRORS.contains(&code) => SendError::Refused(code.to_owned()),
                    Some(_) => SendError::Unavailable(aws::describe(&error)),
                    None => SendError::Unanswered(aws::describe(&error)),
                })
            }
        }
    }
}
