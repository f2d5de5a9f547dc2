//! Invitations into an organization: `/api/organizations/invitations`, their acceptance, and the page that their mailed
//! links open.

mod accept;
mod create;
mod id;
mod list;
mod page;
mod resend;
mod response;
mod view;
mod withdraw;

use axum::extract::FromRef;
use shared::{App, brand::Brand, link_token::LinkSigner};

/// The function's state: every function's, the means to verify the tokens of mailed links, and the platform that its
/// pages are of.
#[derive(Clone, Debug)]
pub struct InvitationsApp {
    app: App,
    links: LinkSigner,
    brand: Brand,
}

impl InvitationsApp {
    /// The function's state.
    #[must_use]
    pub fn new(app: App, links: LinkSigner, brand: Brand) -> Self {
        Self { app, links, brand }
    }
}

impl FromRef<InvitationsApp> for App {
    fn from_ref(state: &InvitationsApp) -> Self {
        state.app.clone()
    }
}

shared::routes!(
    InvitationsApp,
    create::create_invitation,
    list::list_invitations,
    resend::resend_invitation,
    withdraw::withdraw_invitation,
    view::view_invitation,
    accept::accept_invitation,
    page::show_invitation_page
);
