//! A page that shows the catalogue of plans.

use askama::Template;
use axum::{Router, response::Response, routing::get};
use shared::{entitlement::EntitlementValue, plans::Plan, problem::Problem};

use crate::web;

/// The page's route, on the API's port.
pub(crate) fn page() -> Router {
    Router::new().route("/_local/plans", get(show_plans))
}

#[derive(Template)]
#[template(path = "plans.html")]
struct PlansPage {
    plans: Vec<Column>,
    rows: Vec<Row>,
}

struct Column {
    key: &'static str,
    name: &'static str,
    is_default: bool,
}

/// An entitlement, with its value in each plan.
struct Row {
    key: &'static str,
    name: &'static str,
    values: Vec<String>,
}

async fn show_plans() -> Result<Response, Problem> {
    let column =
        |plan: &'static Plan| Column { key: plan.key, name: plan.name, is_default: Plan::default_plan() == Some(plan) };
    let mut rows: Vec<Row> = Vec::new();
    for (key, name) in Plan::all().iter().flat_map(|plan| plan.entitlements).map(|one| (one.key, one.name)) {
        if rows.iter().all(|row| row.key != key) {
            rows.push(Row { key, name, values: Plan::all().iter().map(|plan| value(plan, key)).collect() });
        }
    }
    web::page(&PlansPage { plans: Plan::all().iter().map(column).collect(), rows })
}

fn value(plan: &Plan, key: &str) -> String {
    let entitlement = plan.entitlements.iter().find(|entitlement| entitlement.key == key);
    match entitlement.map(|entitlement| &entitlement.value) {
        Some(EntitlementValue::Flag(flag)) => if *flag { "yes" } else { "no" }.to_owned(),
        Some(EntitlementValue::Number(number)) => number.to_string(),
        Some(EntitlementValue::Text(text)) => text.to_string(),
        None => "–".to_owned(),
    }
}
