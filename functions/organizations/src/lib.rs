//! Organizations: `POST /api/organizations`, `GET /api/organization`; and what no other function answers.

mod create;
mod document;
mod health;
mod problems;
mod update;
mod view;

use shared::App;

shared::routes!(
    App,
    create::create_organization,
    view::get_organization,
    update::update_organization,
    health::check_health,
    document::get_openapi_document,
    problems::show_problems
);
