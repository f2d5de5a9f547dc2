use axum::{Json, extract::State};
use serde::Serialize;
use shared::{
    App,
    ids::{OrganizationId, UserId},
    openapi::{BodyFailures, Failures, IdempotencyKey, KeyFailures, TokenFailures},
    problem::{OnField, Problem},
    request::{AdminRequest, Fields, FromFields, Idempotent, Replayed},
    table::{AssociationRecord, UserReference},
    text::{CustomerNumber, EmailAddress},
};
use utoipa::ToSchema;

/// Who buys for which customer.
pub(crate) struct AssociateCustomer {
    user: UserReference,
    customer_number: CustomerNumber,
}

/// Who buys for which customer, as the document shows it.
#[derive(ToSchema)]
#[schema(as = AssociateCustomer, rename_all = "PascalCase")]
#[expect(dead_code, reason = "it is read by the derive alone")]
pub(crate) struct AssociateCustomerBody {
    /// The user; `Email` may stand in its place.
    user_id: Option<UserId>,
    /// The address of the user's account, which counts where no `UserId` is sent.
    email: Option<EmailAddress>,
    customer_number: CustomerNumber,
}

impl FromFields for AssociateCustomer {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        // What is no user id at all is answered as any other that no account has.
        let parse = |text: String| UserId::parse(&text).ok_or_else(|| "is no account's id".to_owned());
        let user = if fields.has("UserId") || !fields.has("Email") {
            fields.required("UserId", parse).map(UserReference::Id)
        } else {
            fields.required("Email", EmailAddress::parse).map(UserReference::Address)
        };
        let customer_number = fields.required("CustomerNumber", CustomerNumber::parse);
        Some(Self { user: user?, customer_number: customer_number? })
    }
}

/// The link as it is now.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AssociatedCustomer {
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

/// Links a user to a customer account, or moves the user to it. The ERP owns the customer: no record of it need exist.
#[utoipa::path(
    post,
    path = "/api/organizations/users/associate-customer",
    tag = "Associations",
    security(("bearer" = []), ("key" = [])),
    params(IdempotencyKey),
    request_body = AssociateCustomerBody,
    responses((status = 200, body = AssociatedCustomer), TokenFailures, BodyFailures, KeyFailures, Failures)
)]
pub(crate) async fn associate_customer(
    State(app): State<App>,
    AdminRequest(admin, Idempotent(key, request)): AdminRequest<Idempotent<AssociateCustomer>>,
) -> Result<(Replayed, Json<AssociatedCustomer>), Problem> {
    let key = key.map(|key| key.of_admin(&admin, "POST /api/organizations/users/associate-customer"));
    let sent_as = match &request.user {
        UserReference::Id(_) => "UserId",
        UserReference::Address(_) => "Email",
    };
    let organization = app.table.organization(&admin);
    let done = organization.associate(request.user, request.customer_number, key.as_ref()).await;
    let done = done.map_err(|error| error.on_field(sent_as))?;
    let association = AssociationResponse::new(done.value, admin.organization_id().clone());
    Ok((Replayed(done.replayed), Json(AssociatedCustomer { association })))
}
