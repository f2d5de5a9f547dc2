use askama::Template;
use shared::table::{Mail, MailKind};

/// A mail as it is sent.
pub(crate) struct Letter {
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

#[derive(Template)]
#[template(path = "welcome_founder.txt")]
struct FounderText<'a>(Names<'a>);

#[derive(Template)]
#[template(path = "welcome_founder.html")]
struct FounderHtml<'a>(Names<'a>);

#[derive(Template)]
#[template(path = "welcome_admin.txt")]
struct AdminText<'a>(Names<'a>);

#[derive(Template)]
#[template(path = "welcome_admin.html")]
struct AdminHtml<'a>(Names<'a>);

#[derive(Clone, Copy)]
struct Names<'a> {
    first_name: &'a str,
    organization: &'a str,
}

impl Letter {
    /// Renders a mail. Names are data: escaped in HTML, and without line breaks since they were parsed.
    ///
    /// # Errors
    /// A template failed, which is a defect.
    pub(crate) fn render(mail: &Mail) -> askama::Result<Self> {
        let names = Names { first_name: &mail.first_name, organization: &mail.organization_name };
        let organization = names.organization;
        Ok(match mail.kind {
            MailKind::WelcomeFounder => Self {
                subject: format!("{organization} is ready"),
                text: FounderText(names).render()?,
                html: FounderHtml(names).render()?,
            },
            MailKind::WelcomeAdmin => Self {
                subject: format!("You are now an admin of {organization}"),
                text: AdminText(names).render()?,
                html: AdminHtml(names).render()?,
            },
        })
    }
}
