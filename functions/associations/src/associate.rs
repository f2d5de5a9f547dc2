use axum::{Json, extract::State};
use serde::Serialize;
use shared::{
    App,
    ids::{OrganizationId, UserId},
    openapi::{BodyFailures, Failures, IdempotencyKey, KeyFailures, TokenFailures},
    problem::{FieldCode, OnField, Problem},
    request::{AdminRequest, Fields, Idempotent, Read, Replayed},
    table::{AssociationRecord, UserReference},
    text::{CustomerNumber, EmailAddress},
};
use utoipa::ToSchema;

shared::request! {
    /// The user, and the customer that the user buys for.
    #[derive(ToSchema)]
    #[schema(as = AssociateCustomer, rename_all = "PascalCase")]
    pub(crate) struct AssociateCustomerRequest {
        /// The user; `Email` may stand in its place.
        user_id: Option<UserId> = user_id,
        /// The address of the user's account, which counts where no `UserId` is sent.
        email: Option<EmailAddress> = email,
        pub(crate) customer_number: CustomerNumber,
    }
}

/// Whether the request names the user by `Email`. `UserId` counts where both are sent, and is asked for where neither
/// is.
fn is_by_email(fields: &Fields<'_>) -> bool {
    fields.has("Email") && !fields.has("UserId")
}

/// A text that is no user id at all is answered as any other that no account has.
fn user_id(fields: &mut Fields<'_>, name: &str) -> Read<Option<UserId>> {
    if is_by_email(fields) {
        return Some(None);
    }
    fields
        .required(name, |text| {
            UserId::parse(&text).ok_or_else(|| FieldCode::AccountNotFound.says("is no account's id"))
        })
        .map(Some)
}

fn email(fields: &mut Fields<'_>, name: &str) -> Read<Option<EmailAddress>> {
    if is_by_email(fields) { fields.required(name, EmailAddress::parse).map(Some) } else { Some(None) }
}

impl AssociateCustomerRequest {
    /// The user, and the field that named the user.
    pub(crate) fn user(&self) -> Option<(UserReference, &'static str)> {
        match (&self.user_id, &self.email) {
            (Some(user_id), _) => Some((UserReference::Id(user_id.clone()), "UserId")),
            (None, Some(email)) => Some((UserReference::Address(email.clone()), "Email")),
            (None, None) => None,
        }
    }
}

/// The association as it is now.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = AssociatedCustomer)]
pub(crate) struct AssociateCustomerResponse {
    association: AssociationResponse,
}

/// A user and the customer account that the user buys for.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = Association)]
pub(crate) struct AssociationResponse {
    user_id: UserId,
    customer_number: CustomerNumber,
    organization_id: OrganizationId,
}

impl AssociationResponse {
    pub(crate) fn new(association: AssociationRecord, organization_id: OrganizationId) -> Self {
        Self { user_id: association.user_id, customer_number: association.customer_number, organization_id }
    }
}

/// Associates a user with a customer account.
///
/// Or moves the user to it. The user is named by id or by address. The ERP owns the customer: no record of it need
/// exist.
#[utoipa::path(
    post,
    path = "/api/organizations/users/associate-customer",
    tag = "Associations",
    security(("bearer" = []), ("key" = [])),
    params(IdempotencyKey),
    request_body = AssociateCustomerRequest,
    responses(
        (status = 200, description = "The association.", body = AssociateCustomerResponse),
        TokenFailures, BodyFailures, KeyFailures, Failures
    )
)]
pub(crate) async fn associate_customer(
    State(app): State<App>,
    AdminRequest(admin, Idempotent(key, request)): AdminRequest<Idempotent<AssociateCustomerRequest>>,
) -> Result<(Replayed, Json<AssociateCustomerResponse>), Problem> {
    let key = key.map(|key| key.of_admin(&admin, "POST /api/organizations/users/associate-customer"));
    // Reading the request asked for one of the two.
    let (user, sent_as) =
        request.user().ok_or_else(|| Problem::field("UserId", FieldCode::Required.says("is required")))?;
    let organization = app.table.organization(&admin);
    let done = organization.associate(user, request.customer_number, key.as_ref()).await;
    let done = done.map_err(|error| error.on_field(sent_as))?;
    let association = AssociationResponse::new(done.value, admin.organization_id().clone());
    Ok((Replayed(done.replayed), Json(AssociateCustomerResponse { association })))
}
