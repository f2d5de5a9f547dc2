use axum::{
    Json,
    extract::State,
    http::{HeaderName, StatusCode, header},
};
use shared::{
    App,
    claims::{Principal, Role, TokenError},
    openapi::{BodyFailures, Failures, IdempotencyKey, KeyFailures, LimitFailures, TokenFailures},
    problem::{FieldCode, Problem},
    request::{AdminRequest, Fields, Idempotent, Read, Replayed},
    table::NewInvitation,
    text::{CustomerNumber, EmailAddress, PersonName},
};
use utoipa::ToSchema;

use crate::response::InvitationResponse;

const ROUTE: &str = "POST /api/organizations/invitations";

shared::request! {
    /// The person to be invited.
    #[derive(ToSchema)]
    #[schema(as = CreateInvitation, rename_all = "PascalCase")]
    pub(crate) struct CreateInvitationRequest {
        email: EmailAddress,
        /// Left out, the person says it.
        first_name: Option<PersonName>,
        /// Left out, the person says it.
        last_name: Option<PersonName>,
        /// What the person is to be. `customer` goes without saying where a `CustomerNumber` is sent.
        #[schema(value_type = Option<Vec<Role>>, max_items = 2)]
        roles: Vec<Role> = roles,
        /// The customer that the person is to buy for.
        #[schema(value_type = Option<CustomerNumber>)]
        customer_number: Option<CustomerNumber>,
    }
    check |fields| {
        let buys = roles.as_ref().is_some_and(|roles| roles.contains(&Role::Customer));
        if buys && matches!(customer_number, Some(None)) {
            fields.add_error("CustomerNumber", FieldCode::Required.says("is required for the role customer"));
        }
    }
}

fn roles(fields: &mut Fields<'_>, name: &str) -> Read<Vec<Role>> {
    if !fields.has(name) {
        return Some(Vec::new());
    }
    let Some(words) = fields.json::<Vec<String>>(name) else {
        fields.add_error(name, FieldCode::WrongType.says("must be a list of texts"));
        return None;
    };
    let role = |word: &String| match word.to_ascii_lowercase().as_str() {
        "admin" => Some(Role::Admin),
        "customer" => Some(Role::Customer),
        _ => None,
    };
    let roles: Option<Vec<_>> = words.iter().map(role).collect();
    if roles.is_none() {
        fields.add_error(name, FieldCode::NotAllowed.says("must hold admin and customer alone"));
    }
    roles
}

/// Invites a person into the organization.
///
/// The person is mailed a link that accepts: with an account the link alone is enough, and without one the person
/// chooses a password. The answer is the same in both cases. An invitation that is open for the address already is
/// answered as it is, and mailed once more where an hour has passed. A machine invites no admins.
#[utoipa::path(
    post,
    path = "/api/organizations/invitations",
    tag = "Invitations",
    security(("bearer" = []), ("key" = [])),
    params(IdempotencyKey),
    request_body = CreateInvitationRequest,
    responses(
        (status = 201, description = "The invitation.", body = InvitationResponse,
            headers(("Location" = String, description = "The invitation's path"))),
        TokenFailures, BodyFailures, KeyFailures, LimitFailures, Failures
    )
)]
pub(crate) async fn create_invitation(
    State(app): State<App>,
    AdminRequest(admin, Idempotent(key, request)): AdminRequest<Idempotent<CreateInvitationRequest>>,
) -> Result<(StatusCode, Replayed, [(HeaderName, String); 1], Json<InvitationResponse>), Problem> {
    let organization = app.table.organization(&admin);
    let as_admin = request.roles.contains(&Role::Admin);
    if as_admin && matches!(admin.principal(), Principal::Machine { .. }) {
        organization.lost_role_first(Err(Problem::from(TokenError::Machine))).await?;
    }
    let key = key.map(|key| key.of_admin(&admin, ROUTE));
    let new = NewInvitation {
        email: request.email,
        first_name: request.first_name,
        last_name: request.last_name,
        phone_number: None,
        as_admin,
        customer_number: request.customer_number,
    };
    let invited = organization.invite(&new, key.as_ref()).await?;
    let location = format!("/api/organizations/invitations/{}", invited.value.id);
    let headers = [(header::LOCATION, location)];
    Ok((StatusCode::CREATED, Replayed(invited.replayed), headers, Json(invited.value.into())))
}
