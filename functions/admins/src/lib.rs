//! An organization's admins: `/api/organizations/users/admins`.

mod demote;
mod list;
mod promote;

use axum::Router;
use shared::App;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The routes with their documentation.
#[must_use]
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list::list_admins, promote::promote_admin, demote::demote_admin))
}

/// The function's router.
pub fn router(app: App) -> Router {
    Router::from(routes()).with_state(app)
}
