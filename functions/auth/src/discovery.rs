//! What other services need to verify our tokens by any OIDC library.

use axum::{Json, extract::State, http::header::CACHE_CONTROL, response::Response};
use serde::Serialize;
use serde_json::Value;
use shared::{
    App,
    conditional::{Conditions, tag_of_json},
    openapi::{Failures, ReadConditions, ReadConditionsFail},
    problem::Problem,
};
use utoipa::ToSchema;

use crate::AuthApp;

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

/// Where an issuer's keys are (`OpenID` Connect Discovery 1.0, section 3).
#[derive(Serialize, ToSchema)]
pub(crate) struct IssuerMetadata {
    issuer: String,
    jwks_uri: String,
    token_endpoint: String,
    response_types_supported: [&'static str; 1],
    subject_types_supported: [&'static str; 1],
    id_token_signing_alg_values_supported: [&'static str; 1],
    claims_supported: [&'static str; 16],
}

/// Names the issuer and its key set.
///
/// For libraries that learn from the issuer's address where its keys are.
#[utoipa::path(
    get,
    path = "/.well-known/openid-configuration",
    tag = "Sign-in",
    params(ReadConditions),
    responses(
        (status = 200, description = "The issuer, its key set and what its tokens claim.", body = IssuerMetadata,
            headers(("ETag" = String, description = "The document's version"))),
        ReadConditionsFail
    )
)]
pub(crate) async fn get_issuer_metadata(
    State(state): State<AuthApp>,
    conditions: Conditions,
) -> Result<Response, Problem> {
    let issuer = state.issuer.name();
    let metadata = IssuerMetadata {
        issuer: issuer.to_owned(),
        jwks_uri: format!("{issuer}/.well-known/jwks.json"),
        token_endpoint: format!("{issuer}/api/auth/login"),
        response_types_supported: ["token"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ["ES256"],
        claims_supported: [
            "iss",
            "aud",
            "sub",
            "iat",
            "exp",
            "jti",
            "token_use",
            "sid",
            "email_verified",
            "act",
            "OrganizationId",
            "OrgCode",
            "Roles",
            "CustomerNumber",
            "PriceTier",
            "CurrencyCode",
        ],
    };
    conditions.answer(&tag_of_json(&metadata)?, (CACHED, Json(metadata)))
}
