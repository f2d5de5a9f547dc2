use axum::http::{HeaderMap, header::AUTHORIZATION};
use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use shared::{
    claims::{AdminClaim, ApiKey, CallerClaim, Credentials, Operation, SecretHash},
    ids::{ClientId, OrganizationCode},
    problem::Problem,
    request::form_decoded,
};

use super::{refusal::Refusal, request::TokenRequest};
use crate::{AuthApp, machine_sign_in::MachineSignIn};

/// A machine that authenticates as an OAuth client.
pub(super) struct Client {
    org_code: String,
    id: String,
    secret: String,
}

impl Client {
    /// The client that authenticates, by HTTP Basic or in the body, and never by both (RFC 6749, section 2.3). A client
    /// id without a secret authenticates nobody, so that a public client may send whatever it likes.
    pub(super) fn of(headers: &HeaderMap, request: &TokenRequest) -> Result<Option<Self>, Refusal> {
        let (id, secret) = match (basic(headers)?, &request.client_id, &request.client_secret) {
            (Some(_), _, Some(_)) => {
                return Err(Refusal::invalid_request(
                    "A client authenticates by Basic or in the body, and not by both.",
                ));
            }
            (Some((id, _)), Some(other), None) if id != *other => {
                return Err(Refusal::invalid_request(
                    "The client_id is another one than that of the Basic credentials.",
                ));
            }
            (Some(credentials), _, None) => credentials,
            (None, Some(id), Some(secret)) => (id.clone(), secret.clone()),
            (None, None, Some(_)) => return Err(Refusal::invalid_client("A client id is needed.")),
            (None, _, None) => return Ok(None),
        };
        let (org_code, id) = match (id.split_once('.'), &request.audience) {
            (Some((code, _)), Some(audience)) if code != audience.trim() => {
                return Err(Refusal::invalid_target("A machine is good for its own organization alone."));
            }
            (Some((code, id)), _) => (code.to_owned(), id.to_owned()),
            (None, Some(audience)) => (audience.clone(), id),
            (None, None) => {
                let needed = "The organization's code is needed, as the audience or before the client id and a dot.";
                return Err(Refusal::invalid_request(needed));
            }
        };
        Ok(Some(Self { org_code, id, secret }))
    }

    /// The code of the client's organization.
    pub(super) fn org_code(&self) -> &str {
        &self.org_code
    }

    /// The machine's sign-in, as `POST /api/auth/login` has it.
    pub(super) fn into_sign_in(self) -> MachineSignIn {
        MachineSignIn { org_code: self.org_code, client_id: self.id, client_secret: self.secret }
    }

    /// The machine's claim, as its API key makes it for `POST /api/auth/access`. Only the live role check tells whether
    /// the secret is right.
    pub(super) async fn claim(&self, state: &AuthApp) -> Result<(AdminClaim, ClientId), Problem> {
        let code = OrganizationCode::parse(self.org_code.trim()).ok_or_else(Problem::wrong_credentials)?;
        let client_id = ClientId::parse(self.id.trim()).ok_or_else(Problem::wrong_credentials)?;
        let organization_id = state.app.table.organization_by_code(&code).await?;
        let organization_id = organization_id.ok_or_else(Problem::wrong_credentials)?;
        let key = ApiKey { organization_id, client_id: client_id.clone(), secret_hash: SecretHash::of(&self.secret) };
        Ok((AdminClaim::claim(Credentials::Key(key), Operation::Exchange)?, client_id))
    }
}

/// Some clients leave the padding out.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The id and the secret of the Basic credentials, each of which is form-encoded first (RFC 6749, section 2.3.1). Other
/// schemes authenticate no client.
fn basic(headers: &HeaderMap) -> Result<Option<(String, String)>, Refusal> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return if headers.contains_key(AUTHORIZATION) { Err(malformed()) } else { Ok(None) };
    };
    let (scheme, encoded) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(malformed)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Ok(None);
    }
    let decoded = LENIENT.decode(encoded.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let decoded = decoded.ok_or_else(malformed)?;
    let (id, secret) = decoded.split_once(':').ok_or_else(malformed)?;
    form_decoded(id).zip(form_decoded(secret)).map(Some).ok_or_else(malformed)
}

fn malformed() -> Refusal {
    Refusal::invalid_client("The Basic credentials can't be read.")
}
