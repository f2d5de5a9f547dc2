use std::collections::HashMap;

use utoipa::ToSchema;

use super::{CLIENT_CREDENTIALS, TOKEN_EXCHANGE, refusal::Refusal};

/// The form of a request to the token endpoint. Other parameters are ignored (RFC 6749, section 3.2).
#[derive(ToSchema)]
pub(crate) struct TokenRequest {
    /// `client_credentials`, or `urn:ietf:params:oauth:grant-type:token-exchange`.
    pub(super) grant_type: String,
    /// A machine's `ClientId`, or `{OrgCode}.{ClientId}`; or both by HTTP Basic, with the secret.
    #[schema(value_type = String, required = false)]
    pub(super) client_id: Option<String>,
    /// The machine's `ClientSecret`.
    #[schema(value_type = String, required = false, format = "password")]
    pub(super) client_secret: Option<String>,
    /// The organization's code. It may be left out where the client id has it.
    #[schema(value_type = String, required = false)]
    pub(super) audience: Option<String>,
    /// Of an exchange: a user token, a machine's token, or the token of a trusted issuer. A machine that authenticates
    /// as the client needs none.
    #[schema(value_type = String, required = false)]
    pub(super) subject_token: Option<String>,
    /// `urn:ietf:params:oauth:token-type:access_token` or `urn:ietf:params:oauth:token-type:jwt`; needed beside
    /// `subject_token`.
    #[schema(value_type = String, required = false)]
    pub(super) subject_token_type: Option<String>,
    /// One of the types of `subject_token_type`; where this is left out, the answer is the first of them.
    #[schema(value_type = String, required = false)]
    pub(super) requested_token_type: Option<String>,
    /// The `UserId` whose token it is to be: a machine alone says so, and must.
    #[schema(value_type = String, required = false)]
    pub(super) requested_subject: Option<String>,
}

/// What a request asks by.
#[derive(Clone, Copy)]
pub(super) enum GrantType {
    ClientCredentials,
    TokenExchange,
}

impl TokenRequest {
    /// The grant. One that isn't supported is told so before the client is asked for anything.
    pub(super) fn grant(&self) -> Result<GrantType, Refusal> {
        match self.grant_type.as_str() {
            CLIENT_CREDENTIALS => Ok(GrantType::ClientCredentials),
            TOKEN_EXCHANGE => Ok(GrantType::TokenExchange),
            _ => Err(Refusal::unsupported_grant_type()),
        }
    }

    /// Reads the parameters. An empty one counts as left out, and none may be there twice (RFC 6749, section 3.2).
    pub(super) fn read(parameters: Vec<(String, String)>) -> Result<Self, Refusal> {
        let mut sent = HashMap::new();
        for (name, value) in parameters {
            if let Some((name, _)) = sent.get_key_value(&name) {
                return Err(Refusal::invalid_request(format!("The parameter {name} is there more than once.")));
            }
            sent.insert(name, value);
        }
        let mut take = |name: &str| sent.remove(name).filter(|value| !value.is_empty());
        if take("client_assertion").is_some() || take("client_assertion_type").is_some() {
            return Err(Refusal::invalid_client("A client authenticates by its secret alone."));
        }
        if take("actor_token").is_some() || take("actor_token_type").is_some() {
            return Err(Refusal::invalid_request("An actor_token is not supported."));
        }
        Ok(Self {
            grant_type: take("grant_type").ok_or_else(|| Refusal::invalid_request("A grant_type is needed."))?,
            client_id: take("client_id"),
            client_secret: take("client_secret"),
            audience: take("audience"),
            subject_token: take("subject_token"),
            subject_token_type: take("subject_token_type"),
            requested_token_type: take("requested_token_type"),
            requested_subject: take("requested_subject"),
        })
    }
}
