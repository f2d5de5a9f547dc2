//! `POST /oauth2/token`: what `/api/auth/login` and `/api/auth/access` do, for standard OAuth clients (RFC 6749, RFC
//! 8693).

mod client;
mod exchange;
mod refusal;
mod request;

use axum::{
    Json,
    extract::State,
    http::{
        HeaderMap, HeaderName,
        header::{AUTHORIZATION, CACHE_CONTROL, PRAGMA},
    },
    response::IntoResponse,
};
use serde::Serialize;
use shared::{
    claims::Role,
    openapi::{Failures, FormFailures},
    problem::Problem,
    request::Form,
};
use utoipa::ToSchema;

use self::{
    client::Client,
    exchange::exchange_token,
    refusal::{Refusal, TokenErrorResponse},
    request::{GrantType, TokenRequest},
};
use crate::{AuthApp, machine_sign_in::MachineToken, signing::Signed};

/// The grant by which a machine gets a token of its own (RFC 6749, section 4.4).
pub(crate) const CLIENT_CREDENTIALS: &str = "client_credentials";
/// The grant by which a token is exchanged for an organization token (RFC 8693, section 2.1).
pub(crate) const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// A token's answer is kept by no cache (RFC 6749, section 5.1).
const NOT_KEPT: [(HeaderName, &str); 2] = [(CACHE_CONTROL, "no-store"), (PRAGMA, "no-cache")];

/// A token (RFC 6749, section 5.1).
#[derive(Serialize, ToSchema)]
#[schema(as = IssuedToken)]
struct IssuedTokenResponse {
    access_token: String,
    /// What the token is, after an exchange.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    issued_token_type: Option<&'static str>,
    /// `Bearer`.
    token_type: &'static str,
    /// The token's life in seconds.
    expires_in: u64,
    /// The roles that the token holds, separated by spaces. Left out if it holds none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    scope: Option<String>,
}

impl IssuedTokenResponse {
    fn new(signed: Signed, roles: &[Role], issued_token_type: Option<&'static str>) -> Self {
        let roles: Vec<_> = roles.iter().map(|role| role.as_str()).collect();
        Self {
            access_token: signed.token,
            issued_token_type,
            token_type: "Bearer",
            expires_in: signed.expires_in,
            scope: Some(roles.join(" ")).filter(|scope| !scope.is_empty()),
        }
    }
}

/// Issues a token to a standard OAuth client.
///
/// `client_credentials` gives a machine its token. The machine's organization is named by `audience`, or by a client id
/// in the form `{OrgCode}.{ClientId}`. Token exchange (RFC 8693) gives an organization token of the organization whose
/// code is the `audience`, by the rules of `POST /api/auth/access`.
#[utoipa::path(
    post,
    path = "/oauth2/token",
    tag = "Sign-in",
    security((), ("client" = [])),
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The token.", body = IssuedTokenResponse,
            headers(("Pragma" = String, description = "`no-cache`"))),
        (status = 401, description = "The client's Basic credentials are wrong; `WWW-Authenticate` asks for them.",
            body = TokenErrorResponse, headers(("Pragma" = String, description = "`no-cache`"))),
        FormFailures,
        Failures,
        // Below the failures of every route, whose 400 is another one.
        (status = 400, description = "The request is refused (RFC 6749, section 5.2).", body = TokenErrorResponse,
            headers(("Pragma" = String, description = "`no-cache`"))),
    )
)]
pub(crate) async fn issue_token(
    State(state): State<AuthApp>,
    headers: HeaderMap,
    form: Result<Form, Problem>,
) -> Result<impl IntoResponse, Refusal> {
    match issue(&state, &headers, form).await {
        Ok(issued) => Ok((NOT_KEPT, Json(issued))),
        Err(refusal) if headers.contains_key(AUTHORIZATION) => Err(refusal.with_challenge()),
        Err(refusal) => Err(refusal),
    }
}

async fn issue(
    state: &AuthApp,
    headers: &HeaderMap,
    form: Result<Form, Problem>,
) -> Result<IssuedTokenResponse, Refusal> {
    let Form(parameters) = form?;
    let request = TokenRequest::read(parameters)?;
    let grant = request.grant()?;
    let client = Client::of(headers, &request)?;
    match grant {
        GrantType::ClientCredentials => {
            let client = client.ok_or_else(|| Refusal::invalid_client("A client id and a secret are needed."))?;
            let MachineToken { signed, roles } = client.into_sign_in().token(state).await?;
            Ok(IssuedTokenResponse::new(signed, &roles, None))
        }
        GrantType::TokenExchange => exchange_token(state, client, request).await,
    }
}
