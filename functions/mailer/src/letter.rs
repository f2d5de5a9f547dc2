use askama::Template;
use shared::{
    link_token::LinkSigner,
    table::{MailKind, MailRecord},
};

use crate::name::Name;

/// A mail as it is sent.
pub(crate) struct Letter {
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

macro_rules! template {
    ($name:ident, $path:literal) => {
        #[derive(Template)]
        #[template(path = $path)]
        struct $name<'a>(&'a Words);
    };
}

template!(FounderText, "welcome_founder.txt");
template!(FounderHtml, "welcome_founder.html");
template!(AdminText, "welcome_admin.txt");
template!(AdminHtml, "welcome_admin.html");
template!(InvitationText, "invitation.txt");
template!(InvitationHtml, "invitation.html");
template!(ResetText, "password_reset.txt");
template!(ResetHtml, "password_reset.html");
template!(ProofText, "address_proof.txt");
template!(ProofHtml, "address_proof.html");

/// What the templates are filled with.
struct Words {
    first_name: Name,
    organization: Name,
    /// The address that the mail's link leads to.
    link: String,
}

impl Letter {
    /// Renders a mail.
    ///
    /// # Errors
    /// A template failed, which is a defect.
    pub(crate) fn render(mail: &MailRecord, links: &LinkSigner) -> askama::Result<Self> {
        let words = Words {
            first_name: Name::new(&mail.first_name),
            organization: Name::new(mail.organization_name.as_deref().unwrap_or_default()),
            link: mail.link.as_ref().map_or_else(String::new, |link| links.address(link)),
        };
        let organization = words.organization.text();
        Ok(match mail.kind {
            MailKind::WelcomeFounder => Self {
                subject: format!("{organization} is ready"),
                text: FounderText(&words).render()?,
                html: FounderHtml(&words).render()?,
            },
            MailKind::WelcomeAdmin => Self {
                subject: format!("You are now an admin of {organization}"),
                text: AdminText(&words).render()?,
                html: AdminHtml(&words).render()?,
            },
            MailKind::Invitation => Self {
                subject: format!("{organization} invites you"),
                text: InvitationText(&words).render()?,
                html: InvitationHtml(&words).render()?,
            },
            MailKind::PasswordReset => Self {
                subject: "Set a new password".to_owned(),
                text: ResetText(&words).render()?,
                html: ResetHtml(&words).render()?,
            },
            MailKind::AddressProof => Self {
                subject: "Confirm your e-mail address".to_owned(),
                text: ProofText(&words).render()?,
                html: ProofHtml(&words).render()?,
            },
        })
    }
}
