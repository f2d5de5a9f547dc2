//! Accounts: `/api/users`, forgotten passwords, and the page that mailed links open.

mod change;
mod change_email;
mod change_password;
mod create;
mod forgot_password;
mod leave_organization;
mod list_organizations;
mod page;
mod reset_password;
mod sign_out;
mod view;

use axum::extract::FromRef;
use shared::{App, brand::Brand, link_token::LinkSigner};

/// The function's state: every function's, the means to verify the tokens of mailed links, and the platform that its
/// pages are of.
#[derive(Clone, Debug)]
pub struct AccountsApp {
    app: App,
    links: LinkSigner,
    brand: Brand,
}

impl AccountsApp {
    /// The function's state.
    #[must_use]
    pub fn new(app: App, links: LinkSigner, brand: Brand) -> Self {
        Self { app, links, brand }
    }
}

impl FromRef<AccountsApp> for App {
    fn from_ref(state: &AccountsApp) -> Self {
        state.app.clone()
    }
}

shared::routes!(
    AccountsApp,
    create::create_user,
    view::get_account,
    change::update_account,
    change_password::change_password,
    change_email::change_email,
    change_email::confirm_email,
    list_organizations::list_organizations,
    leave_organization::leave_organization,
    forgot_password::forgot_password,
    reset_password::reset_password,
    sign_out::sign_out,
    page::show_password_page,
    page::show_email_page
);
