//! The OpenAPI document of the whole bundle: what the handlers' annotations say, made strict and shared.

mod components;
mod gateway;
mod headers;
mod links;
mod nullable;
mod operations;
mod pointers;
mod schemas;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        OpenApi as Described,
        security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme},
    },
};

use gateway::GatewayMessage;

use crate::functions::FUNCTIONS;

/// What the document says beyond the routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Organizations API",
        description = "Organizations (tenants) of a B2B commerce platform: their admins, their users' customer accounts \
                       and price tiers, and the tokens that carry them.\n\n\
                       Names of fields and parameters are read without case. A field that a request doesn't have is \
                       refused. An unknown path is answered 404, and another method of a known one 405 with `Allow`; \
                       both as `Problem`.",
        contact(name = "The platform's support"),
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    servers(
        (url = "/", description = "The server that shows this document"),
        (url = "http://127.0.0.1:3000", description = "One machine, by `cargo run`"),
    ),
    modifiers(&Schemes),
    components(schemas(GatewayMessage)),
    tags(
        (name = "Organizations", description = "The organization itself, and its settings."),
        (name = "Users", description = "Who belongs to the organization."),
        (name = "Admins", description = "Who may administer the organization."),
        (name = "Invitations", description = "Who is asked to belong to the organization, and how to accept."),
        (name = "Associations", description = "Which customer account of the ERP a user buys for."),
        (name = "Price tiers", description = "The price tiers that customers are on, each with a currency."),
        (name = "Customers", description = "The customers' commerce context, which tokens carry."),
        (name = "Sign-in", description = "Tokens, and what verifies them."),
        (name = "Machines", description = "API keys for other services of the organization."),
        (name = "Accounts", description = "Users' own accounts, passwords and mailed links."),
        (name = "Platform", description = "What the platform's operator and its payment provider say of an organization."),
        (name = "Service", description = "The service itself."),
    )
)]
struct Base;

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut Described) {
        let mut scheme = Http::new(HttpAuthScheme::Bearer);
        scheme.bearer_format = Some("JWT".to_owned());
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
        let client = SecurityScheme::Http(Http::new(HttpAuthScheme::Basic));
        components.add_security_scheme("client", client);
        let operator = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        components.add_security_scheme("operator", operator);
        let signature = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(
            "Stripe-Signature",
            "`t=` and the time of signing, then `v1=` and the HMAC-SHA256 of the time, a dot and the body, in hex.",
        )));
        components.add_security_scheme("stripe", signature);
        components.add_security_scheme("key", SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("x-api-key"))));
    }
}

/// The document, in the order in which people read it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Document {
    openapi: String,
    info: Value,
    servers: Value,
    tags: Value,
    paths: Value,
    components: Value,
}

/// The document of the whole bundle, made from the handlers.
///
/// # Errors
/// The document can't be written as JSON.
pub fn document() -> Result<Document, serde_json::Error> {
    let mut document = Base::openapi();
    for function in FUNCTIONS {
        document.merge((function.documentation)());
    }
    let mut document = serde_json::to_value(document)?;
    operations::complete(&mut document);
    gateway::add_answers(&mut document);
    schemas::tighten(&mut document);
    nullable::narrow(&mut document);
    headers::add(&mut document);
    links::add(&mut document);
    components::share(&mut document);
    serde_json::from_value(document)
}
