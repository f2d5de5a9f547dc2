use axum::{Json, extract::State};
use serde::Serialize;
use shared::{
    App, UserOrganizationResponse,
    claims::AccountHolder,
    extract::Authenticated,
    ids::OrganizationId,
    openapi::{Failures, TokenFailures},
    problem::{FieldCode, Problem},
    request::{Fields, Query, Read},
    table::Table,
};
use utoipa::{IntoParams, ToSchema};

use crate::view::account_of;

const DEFAULT_PAGE_SIZE: usize = 25;

shared::request! {
    /// The parameters of the list.
    #[derive(IntoParams)]
    #[into_params(rename_all = "PascalCase", parameter_in = Query)]
    pub(crate) struct ListOrganizationsRequest {
        /// `NextPageToken` of the page before.
        #[param(value_type = Option<String>)]
        page_token: Option<OrganizationId> = page_token,
        /// The most organizations on a page.
        #[param(value_type = Option<usize>, minimum = 1, maximum = 100, default = 25)]
        page_size: usize = page_size,
    }
}

/// A page token is where the next page begins. Nothing else of the query changes what follows, and the list is the
/// caller's own, so that the token needs no proof.
fn page_token(fields: &mut Fields<'_>, name: &str) -> Read<Option<OrganizationId>> {
    let token = |text: String| {
        OrganizationId::parse(&text).ok_or_else(|| FieldCode::InvalidPageToken.says("is no page token of this list"))
    };
    fields.text(name, token).optional()
}

fn page_size(fields: &mut Fields<'_>, name: &str) -> Option<usize> {
    let size = |text: String| {
        let size = text.parse().ok().filter(|size| (1..=Table::MAX_LISTED_ORGANIZATIONS).contains(size));
        size.ok_or_else(|| FieldCode::OutOfRange.says("must be a whole number from 1 to 100"))
    };
    fields.text(name, size).or(DEFAULT_PAGE_SIZE)
}

/// A page of the caller's organizations.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UserOrganizations {
    #[schema(max_items = 100)]
    data: Vec<UserOrganizationResponse>,
    #[schema(minimum = 1, maximum = 100)]
    page_size: usize,
    /// Where the next page begins, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    next_page_token: Option<OrganizationId>,
}

/// Lists the caller's organizations.
///
/// Page by page, those in which the caller has a role. Where more follow, the answer names the next page's token.
#[utoipa::path(
    get,
    path = "/api/users/me/organizations",
    tag = "Accounts",
    security(("bearer" = [])),
    params(ListOrganizationsRequest),
    responses(
        (status = 200, description = "A page of organizations.", body = UserOrganizations),
        TokenFailures, Failures
    )
)]
pub(crate) async fn list_organizations(
    State(app): State<App>,
    Authenticated(holder): Authenticated<AccountHolder>,
    query: Result<Query<ListOrganizationsRequest>, Problem>,
) -> Result<Json<UserOrganizations>, Problem> {
    let Query(ListOrganizationsRequest { page_token, page_size }) = match query {
        Ok(query) => query,
        Err(problem) => {
            // A token that no longer holds wins over a query that can't be used.
            account_of(&app, &holder).await?;
            return Err(problem);
        }
    };
    let page = app.table.memberships_after(&holder.user_id, page_token.as_ref(), page_size);
    let (account, page) = tokio::join!(account_of(&app, &holder), page);
    account?;
    let page = page?;
    let organizations = app.table.organizations_of(&page.memberships).await?;
    Ok(Json(UserOrganizations {
        data: organizations.into_iter().map(UserOrganizationResponse::from).collect(),
        page_size,
        next_page_token: page.next,
    }))
}
