//! An organization's admins: `/api/organizations/users/admins`.

mod demote;
mod list;
mod promote;

use axum::{Router, routing::get};
use shared::App;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The routes' documentation, which no start of the function makes.
#[must_use]
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list::list_admins, promote::promote_admin, demote::demote_admin))
}

/// The function's router.
pub fn router(app: App) -> Router {
    Router::new()
        .route(
            "/api/organizations/users/admins",
            get(list::list_admins).post(promote::promote_admin).delete(demote::demote_admin),
        )
        .with_state(app)
}
