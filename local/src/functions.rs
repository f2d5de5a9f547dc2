use accounts::AccountsApp;
use auth::AuthApp;
use axum::Router;
use billing::{BillingApp, BillingSecrets};
use invitations::InvitationsApp;
use shared::{App, brand::Brand, link_token::LinkSigner};
use utoipa::openapi::OpenApi;

/// A function of the bundle that answers HTTP.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// As its crate is called.
    pub name: &'static str,
    /// The documentation of its routes.
    pub documentation: fn() -> OpenApi,
    /// Its router, with what it needs of the bundle's state.
    pub(crate) router: fn(&State) -> Router,
}

/// What the functions' own states are made of.
pub(crate) struct State {
    pub(crate) app: App,
    pub(crate) auth: AuthApp,
    pub(crate) links: LinkSigner,
    pub(crate) brand: Brand,
    pub(crate) billing: BillingSecrets,
}

/// Every function that answers HTTP. The router, the OpenAPI document and the template are made from this list.
pub const FUNCTIONS: &[Function] = &[
    Function {
        name: "organizations",
        documentation: organizations::documentation,
        router: |state| organizations::router(state.app.clone()),
    },
    Function {
        name: "admins",
        documentation: admins::documentation,
        router: |state| admins::router(state.app.clone()),
    },
    Function {
        name: "associations",
        documentation: associations::documentation,
        router: |state| associations::router(state.app.clone()),
    },
    Function {
        name: "price-tiers",
        documentation: price_tiers::documentation,
        router: |state| price_tiers::router(state.app.clone()),
    },
    Function {
        name: "customers",
        documentation: customers::documentation,
        router: |state| customers::router(state.app.clone()),
    },
    Function { name: "auth", documentation: auth::documentation, router: |state| auth::router(state.auth.clone()) },
    Function {
        name: "accounts",
        documentation: accounts::documentation,
        router: |state| accounts::router(AccountsApp::new(state.app.clone(), state.links.clone(), state.brand.clone())),
    },
    Function {
        name: "invitations",
        documentation: invitations::documentation,
        router: |state| {
            invitations::router(InvitationsApp::new(state.app.clone(), state.links.clone(), state.brand.clone()))
        },
    },
    Function {
        name: "billing",
        documentation: billing::documentation,
        router: |state| billing::router(BillingApp::new(state.app.clone(), state.billing.clone())),
    },
];
