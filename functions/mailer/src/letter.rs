use askama::Template;
use shared::{
    link_token::{LinkPage, LinkSigner},
    table::{MailKind, MailRecord},
};

use crate::name::Name;

/// A mail as it is sent.
pub(crate) struct Letter {
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

/// What the templates are filled with.
struct Words {
    first_name: Name,
    organization: Name,
    /// The person who invites. A machine has no name.
    inviter: Option<Name>,
    /// The address that the mail's link leads to.
    link: String,
}

/// The letter with this subject, and its two templates filled with the words.
macro_rules! letter {
    ($words:expr, $subject:expr, $text:literal, $html:literal) => {{
        #[derive(Template)]
        #[template(path = $text)]
        struct Text<'a>(&'a Words);
        #[derive(Template)]
        #[template(path = $html)]
        struct Html<'a>(&'a Words);
        Letter { subject: $subject, text: Text($words).render()?, html: Html($words).render()? }
    }};
}

impl Letter {
    /// Renders a mail: a kind of mail is an arm here, and its two templates.
    ///
    /// # Errors
    /// A template failed, which is a defect.
    pub(crate) fn render(mail: &MailRecord, links: &LinkSigner) -> askama::Result<Self> {
        let page = match mail.kind {
            MailKind::OrganizationInvitation => LinkPage::AcceptInvitation,
            MailKind::AddressChange => LinkPage::ConfirmEmail,
            _ => LinkPage::SetPassword,
        };
        let organization = mail.organization_name.as_deref().unwrap_or_default();
        let words = &Words {
            first_name: Name::new(&mail.first_name, "there"),
            organization: Name::new(organization, "your organization"),
            inviter: mail.inviter_name.as_deref().map(|name| Name::new(name, "An admin")),
            link: mail.link.as_ref().map_or_else(String::new, |link| links.address(page, link)),
        };
        let organization = words.organization.text();
        Ok(match mail.kind {
            MailKind::WelcomeFounder => {
                letter!(words, format!("{organization} is ready"), "welcome_founder.txt", "welcome_founder.html")
            }
            MailKind::WelcomeAdmin => {
                let subject = format!("You are now an admin of {organization}");
                letter!(words, subject, "welcome_admin.txt", "welcome_admin.html")
            }
            MailKind::Invitation => {
                letter!(words, format!("{organization} invites you"), "invitation.txt", "invitation.html")
            }
            MailKind::OrganizationInvitation => {
                let subject = format!("{organization} invites you");
                letter!(words, subject, "organization_invitation.txt", "organization_invitation.html")
            }
            MailKind::AddressChange => {
                letter!(words, "Confirm your new address".to_owned(), "address_change.txt", "address_change.html")
            }
            MailKind::AddressChanged => {
                letter!(words, "Your address was changed".to_owned(), "address_changed.txt", "address_changed.html")
            }
            MailKind::PasswordReset => {
                letter!(words, "Set a new password".to_owned(), "password_reset.txt", "password_reset.html")
            }
            MailKind::PasswordChanged => {
                letter!(words, "Your password was changed".to_owned(), "password_changed.txt", "password_changed.html")
            }
            MailKind::ApiKeyCreated => {
                let subject = format!("A new API key for {organization}");
                letter!(words, subject, "api_key_created.txt", "api_key_created.html")
            }
            MailKind::IdentityBound => {
                let subject = "Another way to sign in was added".to_owned();
                letter!(words, subject, "identity_bound.txt", "identity_bound.html")
            }
            MailKind::AddressVerification => {
                let subject = "Confirm your e-mail address".to_owned();
                letter!(words, subject, "address_verification.txt", "address_verification.html")
            }
        })
    }
}
