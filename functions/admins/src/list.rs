use axum::{Json, extract::State};
use serde::Serialize;
use shared::{
    App,
    claims::Role,
    ids::UserId,
    openapi::{Failures, TokenFailures},
    problem::{FieldCode, Problem},
    request::{AdminRequest, Fields, FromFields, Query},
    table::MailStatus,
};
use utoipa::{IntoParams, ToSchema};

/// An admin.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = Admin)]
pub(crate) struct AdminResponse {
    id: UserId,
    email: String,
    first_name: String,
    last_name: String,
    roles: [Role; 1],
    /// How far the welcome mail is: with `include=mail`.
    #[serde(skip_serializing_if = "Option::is_none")]
    welcome_email: Option<MailStatus>,
}

/// The parameters of the list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListAdminsRequest {
    /// What each admin is shown with.
    #[param(value_type = Option<Include>, inline)]
    include: bool,
}

/// What a list of admins can hold beside the admins.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "it is read by the derive alone")]
enum Include {
    /// How far each admin's welcome mail is.
    Mail,
}

impl FromFields for ListAdminsRequest {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        fields.declare(&["include"]);
        let mail = |text: String| if text == "mail" { Ok(()) } else { Err(FieldCode::NotAllowed.says("must be mail")) };
        Some(Self { include: fields.text("include", mail).optional()?.is_some() })
    }
}

/// Lists the organization's admins.
///
/// By user id. With `include=mail`, each shows how far the welcome mail is.
#[utoipa::path(
    get,
    path = "/api/organizations/users/admins",
    tag = "Admins",
    security(("bearer" = []), ("key" = [])),
    params(ListAdminsRequest),
    responses((status = 200, description = "Every admin.", body = [AdminResponse]), TokenFailures, Failures)
)]
pub(crate) async fn list_admins(
    State(app): State<App>,
    AdminRequest(admin, Query(query)): AdminRequest<Query<ListAdminsRequest>>,
) -> Result<Json<Vec<AdminResponse>>, Problem> {
    let admins = app.table.organization(&admin).admins(query.include).await?;
    let entries = admins.into_iter().map(|admin| AdminResponse {
        id: admin.user_id,
        email: admin.email,
        first_name: admin.first_name,
        last_name: admin.last_name,
        roles: [Role::Admin],
        welcome_email: admin.welcome,
    });
    Ok(Json(entries.collect()))
}
