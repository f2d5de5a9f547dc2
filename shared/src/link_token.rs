//! Links in mails. A link's token is its id and a MAC under a secret that `accounts`, `invitations` and `mailer` share,
//! so that no table, stream or queue holds anything that opens an account.

use std::{fmt, sync::Arc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    config::{self, ConfigError},
    ids::LinkId,
};
use ring::hmac;

/// Shorter secrets could be guessed.
const MIN_SECRET_LENGTH: usize = 32;

/// A page that a mailed link opens: one of a function's, or one of a site of one's own at the same path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkPage {
    /// The page sets a password.
    SetPassword,
    /// The page accepts an invitation into an organization.
    AcceptInvitation,
    /// The page makes an address an account's.
    ConfirmEmail,
}

impl LinkPage {
    /// Returns the page's path.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::SetPassword => "/account/set-password",
            Self::AcceptInvitation => "/invitations/accept",
            Self::ConfirmEmail => "/account/confirm-email",
        }
    }
}

/// Makes and verifies the tokens of mailed links.
#[derive(Clone)]
pub struct LinkSigner {
    key: hmac::Key,
    site: Arc<str>,
}

impl LinkSigner {
    /// A signer by `LINK_SECRET`, to the page at `PUBLIC_SITE_URL`.
    ///
    /// # Errors
    /// A variable is missing, or the secret could be guessed.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::new(&config::required("LINK_SECRET")?, &config::required("PUBLIC_SITE_URL")?)
    }

    /// A signer under `secret`, to the page at `site`.
    ///
    /// # Errors
    /// The secret could be guessed.
    pub fn new(secret: &str, site: &str) -> Result<Self, ConfigError> {
        config::require_secret("LINK_SECRET", secret, MIN_SECRET_LENGTH)?;
        Ok(Self { key: hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), site: site.trim_end_matches('/').into() })
    }

    /// Where a link to this page leads.
    #[must_use]
    pub fn address(&self, page: LinkPage, id: &LinkId) -> String {
        format!("{}{}?token={}", self.site, page.path(), self.token(id))
    }

    fn token(&self, id: &LinkId) -> String {
        let mac = hmac::sign(&self.key, id.as_str().as_bytes());
        format!("{id}.{}", URL_SAFE_NO_PAD.encode(mac))
    }

    /// The link whose token this is; `None` where no such token was mailed.
    #[must_use]
    pub fn verify(&self, token: &str) -> Option<LinkId> {
        let (id, mac) = token.trim().split_once('.')?;
        let mac = URL_SAFE_NO_PAD.decode(mac).ok()?;
        hmac::verify(&self.key, id.as_bytes(), &mac).ok()?;
        LinkId::parse(id)
    }
}

impl fmt::Debug for LinkSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkSigner").field("site", &self.site).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "a secret of thirty-two characters";

    #[test]
    fn a_token_opens_under_its_own_secret_alone() {
        let (links, id) = (LinkSigner::new(SECRET, "https://acme.example/").unwrap(), LinkId::random());
        let address = links.address(LinkPage::SetPassword, &id);
        let token = address.strip_prefix("https://acme.example/account/set-password?token=").unwrap();
        assert_eq!(links.verify(token), Some(id.clone()));
        let other = LinkSigner::new("another secret of as many characters", "https://acme.example").unwrap();
        assert_eq!(other.verify(token), None);
        let another = LinkId::random().to_string();
        for altered in ["", ".", id.as_str(), &token[1..], &token.replace(id.as_str(), &another), &format!("{token}A")]
        {
            assert_eq!(links.verify(altered), None, "{altered}");
        }
    }

    #[test]
    fn a_secret_that_could_be_guessed_is_refused() {
        assert!(LinkSigner::new("short", "https://acme.example").is_err());
    }
}
