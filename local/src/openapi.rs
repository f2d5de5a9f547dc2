use shared::problem::{FieldCode, ProblemCode};
use utoipa::{
    Modify, OpenApi, ToSchema,
    openapi::{
        Content, OpenApi as Document, Ref, RefOr, Response, ResponseBuilder, Schema,
        path::Operation,
        security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme},
    },
};

use crate::functions::FUNCTIONS;

/// What the document says beyond the routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Organizations API",
        description = "Organizations (tenants) of a B2B commerce platform: their admins, their users' customer accounts \
                       and price tiers, and the tokens that carry them.",
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
        (name = "Admins", description = "Who may administer the organization."),
        (name = "Associations", description = "Which customer account of the ERP a user buys for."),
        (name = "Price tiers", description = "The price tiers that customers are on, each with a currency."),
        (name = "Customers", description = "The customers' commerce context, which tokens carry."),
        (name = "Sign-in", description = "Tokens, and what verifies them."),
        (name = "Machines", description = "API keys for other services of the organization."),
        (name = "Accounts", description = "Users' own accounts, passwords and mailed links."),
        (name = "Service", description = "The service itself."),
    )
)]
struct Base;

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut Document) {
        let mut scheme = Http::new(HttpAuthScheme::Bearer);
        scheme.bearer_format = Some("JWT".to_owned());
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
        let client = SecurityScheme::Http(Http::new(HttpAuthScheme::Basic));
        components.add_security_scheme("client", client);
        components.add_security_scheme("key", SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("x-api-key"))));
    }
}

/// What the gateway in front of the functions answers by itself.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is read by the derive alone")]
struct GatewayMessage {
    /// What is wrong, in a few words.
    message: String,
}

/// The statuses that the gateway answers by itself to any call, with what they mean.
const OF_THE_GATEWAY: [(&str, &str); 2] = [
    ("429", "The gateway takes no more calls for now; `Retry-After` may say when to try again."),
    ("503", "The gateway can't reach the service; try again."),
];

/// The document of the whole bundle, made from the handlers.
#[must_use]
pub fn document() -> Document {
    let mut document = Base::openapi();
    for function in FUNCTIONS {
        document.merge((function.documentation)());
    }
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch];
        for operation in operations.into_iter().flatten() {
            complete(operation);
        }
    }
    for name in [ProblemCode::name(), FieldCode::name()] {
        leave_open(&mut document, &name);
    }
    document
}

/// Turns an enumeration into a text, and lists its values as the ones that there are by now: a client that is generated
/// today must read an answer with a code of tomorrow.
fn leave_open(document: &mut Document, name: &str) {
    let schemas = document.components.as_mut().map(|components| &mut components.schemas);
    if let Some(RefOr::T(Schema::Object(schema))) = schemas.and_then(|schemas| schemas.get_mut(name))
        && let Some(values) = schema.enum_values.take()
    {
        schema.extensions.get_or_insert_default().insert("x-extensible-enum".to_owned(), values.into());
    }
}

/// Adds what is true of every operation: that it is public where it names no credential, and what the gateway answers.
fn complete(operation: &mut Operation) {
    operation.security.get_or_insert_default();
    let message = Ref::from_schema_name(GatewayMessage::name());
    for (status, description) in OF_THE_GATEWAY {
        let responses = &mut operation.responses.responses;
        let response = responses.entry(status.to_owned()).or_insert_with(|| described(description));
        if let RefOr::T(response) = response {
            response.content.insert("application/json".to_owned(), Content::new(Some(message.clone())).into());
        }
    }
}

fn described(description: &str) -> RefOr<Response> {
    ResponseBuilder::new().description(description).build().into()
}
