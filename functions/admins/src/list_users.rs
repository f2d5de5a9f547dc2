use axum::{Json, extract::State};
use serde::Serialize;
use shared::{
    App,
    claims::Role,
    ids::UserId,
    openapi::{Failures, TokenFailures},
    problem::Problem,
    request::{AdminRequest, list::ListParameters},
    table::{ListedMember, MemberField, MemberOrder, Members},
    text::CustomerNumber,
};
use utoipa::ToSchema;

shared::list_request! {
    /// The parameters of a list of users.
    pub(crate) struct ListUsersRequest of Members;
    /// The field to sort by.
    sort_on: MemberOrder = MemberOrder::Email, "Email";
    filter: UserFilter as UserFilter on MemberField;
}

shared::list_response! {
    /// A page of users.
    pub(crate) struct UserList of UserResponse;
}

/// A user of the organization, or a person who is invited into it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = OrganizationUser)]
pub(crate) struct UserResponse {
    /// The account. Who is invited gets another one by accepting, where there is an account already.
    user_id: UserId,
    email: String,
    /// Left out where a person is invited without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<String>,
    /// Left out where a person is invited without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<String>,
    /// What the user is, or what the invitation promises.
    roles: Vec<Role>,
    /// The customer that the user buys for.
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_number: Option<CustomerNumber>,
    status: UserStatus,
    /// When the user got the first of the present roles, or was invited.
    #[schema(format = DateTime)]
    joined_at: String,
}

/// Whether a person belongs to the organization, or is invited into it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum UserStatus {
    /// The person belongs to it.
    Active,
    /// The person is invited, and hasn't accepted yet.
    Invited,
}

impl From<ListedMember> for UserResponse {
    fn from(ListedMember { member, first_name, last_name }: ListedMember) -> Self {
        let status = if member.is_invited() { UserStatus::Invited } else { UserStatus::Active };
        Self {
            joined_at: member.joined_at(),
            user_id: member.user_id,
            email: member.email,
            first_name,
            last_name,
            roles: member.roles,
            customer_number: member.customer_number,
            status,
        }
    }
}

/// Lists users, sorted, filtered and by page.
///
/// Its admins, whoever buys for a customer, and whoever is invited. What was written before the call is in the answer.
#[utoipa::path(
    get,
    path = "/api/organizations/users",
    tag = "Users",
    security(("bearer" = []), ("key" = [])),
    params(ListUsersRequest),
    responses((status = 200, description = "A page of users.", body = UserList), TokenFailures, Failures)
)]
pub(crate) async fn list_users(
    State(app): State<App>,
    AdminRequest(admin, ListParameters(query)): AdminRequest<ListParameters<ListUsersRequest>>,
) -> Result<Json<UserList>, Problem> {
    let page = app.table.organization(&admin).users(&query).await?;
    Ok(Json(UserList::new(page, &query, UserResponse::from)))
}
