use askama::Template;
use shared::table::{Mail, MailKind};

use crate::name::Name;

/// A mail as it is sent.
pub(crate) struct Letter {
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

#[derive(Template)]
#[template(path = "welcome_founder.txt")]
struct FounderText<'a>(&'a Names);

#[derive(Template)]
#[template(path = "welcome_founder.html")]
struct FounderHtml<'a>(&'a Names);

#[derive(Template)]
#[template(path = "welcome_admin.txt")]
struct AdminText<'a>(&'a Names);

#[derive(Template)]
#[template(path = "welcome_admin.html")]
struct AdminHtml<'a>(&'a Names);

struct Names {
    first_name: Name,
    organization: Name,
}

impl Letter {
    /// Renders a mail.
    ///
    /// # Errors
    /// A template failed, which is a defect.
    pub(crate) fn render(mail: &Mail) -> askama::Result<Self> {
        let names = Names { first_name: Name::new(&mail.first_name), organization: Name::new(&mail.organization_name) };
        let organization = names.organization.text();
        Ok(match mail.kind {
            MailKind::WelcomeFounder => Self {
                subject: format!("{organization} is ready"),
                text: FounderText(&names).render()?,
                html: FounderHtml(&names).render()?,
            },
            MailKind::WelcomeAdmin => Self {
                subject: format!("You are now an admin of {organization}"),
                text: AdminText(&names).render()?,
                html: AdminHtml(&names).render()?,
            },
        })
    }
}
