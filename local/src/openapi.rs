use utoipa::{
    Modify, OpenApi,
    openapi::{
        OpenApi as Document,
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
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    modifiers(&Schemes),
    tags(
        (name = "Organizations"),
        (name = "Admins"),
        (name = "Associations"),
        (name = "Price tiers"),
        (name = "Customers"),
        (name = "Sign-in"),
        (name = "Machines"),
        (name = "Accounts"),
        (name = "Service"),
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
        components.add_security_scheme("key", SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("x-api-key"))));
    }
}

/// The document of the whole bundle, made from the handlers.
#[must_use]
pub fn document() -> Document {
    let mut document = Base::openapi();
    for function in FUNCTIONS {
        document.merge((function.documentation)());
    }
    document
}
