use serde_json::Value;
use shared::{claims::TokenExchanger, request::JsonObject};

use super::{IssuedTokenResponse, client::Client, refusal::Refusal, request::TokenRequest};
use crate::{
    AuthApp,
    access::{SubjectToken, exchange},
};

/// An access token (RFC 8693, section 3).
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
/// A JWT, which each of our access tokens is.
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

/// Exchanges a token by the rules of `POST /api/auth/access`. A machine that authenticates as the client is the subject
/// itself where it names a user and shows no token.
pub(super) async fn exchange_token(
    state: &AuthApp,
    client: Option<Client>,
    request: TokenRequest,
) -> Result<IssuedTokenResponse, Refusal> {
    let issued_type = match &request.requested_token_type {
        Some(requested) => token_type(requested, "requested_token_type")?,
        None => ACCESS_TOKEN,
    };
    let subject_token = subject_token(&request)?;
    let code = client.as_ref().map(Client::org_code).or(request.audience.as_deref());
    let code = code.ok_or_else(|| Refusal::invalid_request("The audience is needed: the organization's code."))?;
    let mut fields = JsonObject::default().with("OrgCode", Value::from(code));
    if let Some(user) = &request.requested_subject {
        fields = fields.with("UserId", Value::from(user.as_str()));
    }
    let (machine, client_id) = match &client {
        Some(client) => Some(client.claim(state).await?).unzip(),
        None => (None, None),
    };
    let subject = match (subject_token, machine) {
        (Some(token), None) => SubjectToken::of(token, state).await?,
        (Some(token), Some(machine)) => {
            state.app.table.organization(&machine).check().await?;
            let subject = SubjectToken::of(token, state).await?;
            if let SubjectToken::Internal(TokenExchanger::Machine(other)) = &subject
                && other.principal().id() != machine.principal().id()
            {
                return Err(Refusal::invalid_request("The subject_token is another machine's than the client."));
            }
            subject
        }
        (None, Some(machine)) if request.requested_subject.is_some() => {
            SubjectToken::Internal(TokenExchanger::Machine(machine))
        }
        (None, _) => return Err(Refusal::invalid_request("A subject_token is needed.")),
    };
    let enriched = exchange(state, subject, fields, client_id).await?;
    Ok(IssuedTokenResponse::new(enriched.signed, &enriched.member.roles, Some(issued_type)))
}

/// The token that is to be exchanged, whose type is said with it (RFC 8693, section 2.1).
fn subject_token(request: &TokenRequest) -> Result<Option<&str>, Refusal> {
    match (&request.subject_token, &request.subject_token_type) {
        (Some(token), Some(kind)) => token_type(kind, "subject_token_type").map(|_| Some(token.as_str())),
        (Some(_), None) => Err(Refusal::invalid_request("The subject_token_type is needed.")),
        (None, Some(_)) => Err(Refusal::invalid_request("A subject_token_type needs a subject_token.")),
        (None, None) => Ok(None),
    }
}

fn token_type(sent: &str, parameter: &str) -> Result<&'static str, Refusal> {
    [ACCESS_TOKEN, JWT]
        .into_iter()
        .find(|known| *known == sent)
        .ok_or_else(|| Refusal::invalid_request(format!("The {parameter} must be {ACCESS_TOKEN} or {JWT}.")))
}
