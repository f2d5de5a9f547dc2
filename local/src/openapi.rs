use utoipa::{
    Modify, OpenApi,
    openapi::{
        OpenApi as Document,
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};

/// What the document says beyond the routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Organizations API",
        description = "Organizations (tenants) of a B2B commerce platform: their admins, their users' customer accounts \
                       and price tiers, and the tokens that carry them.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    modifiers(&Bearer),
    tags(
        (name = "Organizations"),
        (name = "Admins"),
        (name = "Associations"),
        (name = "Price tiers"),
        (name = "Customers"),
        (name = "Sign-in"),
        (name = "Accounts"),
        (name = "Service"),
    )
)]
struct Base;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut Document) {
        let mut scheme = Http::new(HttpAuthScheme::Bearer);
        scheme.bearer_format = Some("JWT".to_owned());
        document.components.get_or_insert_default().add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// The document of the whole bundle, made from the handlers.
#[must_use]
pub fn document() -> Document {
    let mut document = Base::openapi();
    document.merge(organizations::routes().into_openapi());
    document.merge(admins::routes().into_openapi());
    document.merge(auth::routes().into_openapi());
    document.merge(accounts::routes().into_openapi());
    document.merge(associations::routes().into_openapi());
    document.merge(price_tiers::routes().into_openapi());
    document.merge(customers::routes().into_openapi());
    document
}
