//! The home page: what runs here, where to go, and an organization to look at.

use std::{path::PathBuf, sync::Arc};

use askama::Template;
use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::json;
use shared::problem::Problem;

use crate::{
    Bundle,
    demo::{self, DemoMaker},
    web,
};

/// What the home page shows, and how it makes the demo.
pub(crate) struct Home {
    /// Where the API is.
    pub(crate) url: String,
    /// Where DynamoDB is.
    pub(crate) dynamodb: String,
    /// Where mails are taken.
    pub(crate) ses: String,
    /// Where data is kept, if it is.
    pub(crate) data: Option<PathBuf>,
    pub(crate) demo: DemoMaker,
}

/// The routes of the home page.
pub(crate) fn routes(home: Home) -> Router {
    Router::new()
        .route("/", get(show_home))
        .route("/_local/demo", post(make_demo))
        .with_state(Arc::new(home))
        .merge(web::files())
}

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage<'a> {
    url: &'a str,
    dynamodb: &'a str,
    table: &'a str,
    ses: &'a str,
    data: Option<String>,
    demo_name: &'a str,
}

async fn show_home(State(home): State<Arc<Home>>) -> Result<Response, Problem> {
    let data = home.data.as_ref().map(|path| path.display().to_string());
    let Home { url, dynamodb, ses, .. } = &*home;
    web::page(&HomePage { url, dynamodb, table: Bundle::TABLE, ses, data, demo_name: demo::NAME })
}

/// Makes the demo's organization. It is asked for at this machine, so the answer says what went wrong as it is.
async fn make_demo(State(home): State<Arc<Home>>) -> Response {
    match home.demo.make().await {
        Ok(demo) => Json(demo).into_response(),
        Err(error) => (StatusCode::CONFLICT, Json(json!({"Error": error.to_string()}))).into_response(),
    }
}
