//! What other services need to get and verify our tokens by any OAuth or OIDC library.

use axum::{Json, extract::State, http::header::CACHE_CONTROL, response::Response};
use serde::Serialize;
use serde_json::Value;
use shared::{
    App,
    claims::Role,
    conditional::{Conditions, tag_of_json},
    openapi::{Failures, ReadConditions, ReadConditionsFail},
    problem::Problem,
};
use utoipa::ToSchema;

use crate::{
    AuthApp,
    oauth::{CLIENT_CREDENTIALS, TOKEN_EXCHANGE},
};

/// Verifiers may keep the answer for five minutes, and ask again for a key that they don't know.
const CACHED: [(axum::http::HeaderName, &str); 1] = [(CACHE_CONTROL, "public, max-age=300")];

/// A key set (RFC 7517, section 5).
#[derive(Serialize, ToSchema)]
pub(crate) struct JsonWebKeySet {
    #[schema(value_type = Vec<Object>)]
    keys: Vec<Value>,
}

/// Shows the public keys that verify tokens.
///
/// A key is published before it signs. Fetch the set again where a token names a key that you don't know.
#[utoipa::path(
    get,
    path = "/.well-known/jwks.json",
    tag = "Sign-in",
    params(ReadConditions),
    responses(
        (status = 200, description = "The key set (RFC 7517).", body = JsonWebKeySet,
            headers(("ETag" = String, description = "The version of the set"))),
        ReadConditionsFail, Failures
    )
)]
pub(crate) async fn get_key_set(State(app): State<App>, conditions: Conditions) -> Result<Response, Problem> {
    let keys = app.verifier.keys().public_keys().await?;
    let keys = keys.iter().map(|key| serde_json::to_value(key.to_jwk())).collect::<Result<_, _>>();
    let keys = keys.map_err(|error| Problem::internal(&error))?;
    let set = JsonWebKeySet { keys };
    conditions.answer(&tag_of_json(&set)?, (CACHED, Json(set)))
}

/// An authorization server's metadata (RFC 8414, section 2).
#[derive(Serialize, ToSchema)]
#[schema(as = ServerMetadata)]
pub(crate) struct ServerMetadataResponse {
    issuer: String,
    jwks_uri: String,
    token_endpoint: String,
    /// How a machine authenticates. `none` is for the exchange of a token that suffices by itself.
    token_endpoint_auth_methods_supported: [&'static str; 3],
    grant_types_supported: [&'static str; 2],
    /// None, as there is no authorization endpoint.
    response_types_supported: [&'static str; 0],
    /// The roles, which a token's `Roles` and an answer's `scope` name.
    scopes_supported: [&'static str; 2],
}

impl ServerMetadataResponse {
    fn of(issuer: &str) -> Self {
        Self {
            issuer: issuer.to_owned(),
            jwks_uri: format!("{issuer}/.well-known/jwks.json"),
            token_endpoint: format!("{issuer}/oauth2/token"),
            token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post", "none"],
            grant_types_supported: [CLIENT_CREDENTIALS, TOKEN_EXCHANGE],
            response_types_supported: [],
            scopes_supported: [Role::Admin.as_str(), Role::Customer.as_str()],
        }
    }
}

/// The metadata for verifiers that know `OpenID` Connect Discovery 1.0 (section 3) alone.
#[derive(Serialize, ToSchema)]
#[schema(as = IssuerMetadata)]
pub(crate) struct IssuerMetadataResponse {
    #[serde(flatten)]
    server: ServerMetadataResponse,
    subject_types_supported: [&'static str; 1],
    /// The algorithm of every token. There are no ID tokens, but libraries take the algorithm of tokens from here, and
    /// would else insist on RS256.
    id_token_signing_alg_values_supported: [&'static str; 1],
    claims_supported: [&'static str; 19],
}

/// Describes the token endpoint and names the key set.
///
/// For OAuth clients, which learn from the issuer's address what it offers (RFC 8414).
#[utoipa::path(
    get,
    path = "/.well-known/oauth-authorization-server",
    tag = "Sign-in",
    params(ReadConditions),
    responses(
        (status = 200, description = "What the issuer offers.", body = ServerMetadataResponse,
            headers(("ETag" = String, description = "The document's version"))),
        ReadConditionsFail
    )
)]
pub(crate) async fn get_server_metadata(
    State(state): State<AuthApp>,
    conditions: Conditions,
) -> Result<Response, Problem> {
    let metadata = ServerMetadataResponse::of(state.issuer.name());
    conditions.answer(&tag_of_json(&metadata)?, (CACHED, Json(metadata)))
}

/// Names the issuer and its key set.
///
/// For libraries that learn from the issuer's address where its keys are. The issuer is no `OpenID` provider: there is
/// no authorization endpoint, and there are no ID tokens.
#[utoipa::path(
    get,
    path = "/.well-known/openid-configuration",
    tag = "Sign-in",
    params(ReadConditions),
    responses(
        (status = 200, description = "The issuer, its key set and what its tokens claim.",
            body = IssuerMetadataResponse, headers(("ETag" = String, description = "The document's version"))),
        ReadConditionsFail
    )
)]
pub(crate) async fn get_issuer_metadata(
    State(state): State<AuthApp>,
    conditions: Conditions,
) -> Result<Response, Problem> {
    let metadata = IssuerMetadataResponse {
        server: ServerMetadataResponse::of(state.issuer.name()),
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ["ES256"],
        claims_supported: [
            "iss",
            "aud",
            "sub",
            "iat",
            "exp",
            "jti",
            "client_id",
            "token_use",
            "sid",
            "email_verified",
            "act",
            "OrganizationId",
            "OrgCode",
            "Roles",
            "Access",
            "CustomerNumber",
            "PriceTier",
            "CurrencyCode",
            "entitlements",
        ],
    };
    conditions.answer(&tag_of_json(&metadata)?, (CACHED, Json(metadata)))
}
