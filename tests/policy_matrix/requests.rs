//! A request of each operation, which succeeds for whoever may make it.

use reqwest::Method;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{callers::Credential, company::Company};
use crate::support::{Answer, Caller, PASSWORD, unique};

/// What tells the invitation from the sign-up, which is the same operation.
pub(super) const INVITATION: &str = "invitation";

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Row {
    /// As the document has it, with its parameter's name.
    pub(super) path: &'static str,
    pub(super) method: &'static str,
    /// What tells it from other requests of the operation.
    pub(super) purpose: &'static str,
}

impl Row {
    /// The operation, as the document calls it.
    pub(super) fn operation(self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// A row's request.
pub(super) struct Request {
    pub(super) row: Row,
    path: String,
    body: Value,
    /// In the place of a body in JSON.
    form: Option<String>,
}

impl Request {
    fn new(operation: &'static str, body: Value) -> Self {
        let (method, path) = operation.split_once(' ').unwrap();
        Self { row: Row { path, method, purpose: "" }, path: path.to_owned(), body, form: None }
    }

    fn bare(operation: &'static str) -> Self {
        Self::new(operation, Value::Null)
    }

    fn form(operation: &'static str, parameters: &[(&str, &str)]) -> Self {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        Self { form: Some(form), ..Self::bare(operation) }
    }

    fn purpose(self, purpose: &'static str) -> Self {
        Self { row: Row { purpose, ..self.row }, ..self }
    }

    /// Puts the number of a customer into the path or the query.
    fn customer(self, number: &str) -> Self {
        let in_path = self.path.replace("{CustomerNumber}", number);
        let path = if in_path == self.path { format!("{in_path}?CustomerNumber={number}") } else { in_path };
        Self { path, ..self }
    }

    /// Puts the id of an invitation into the path.
    fn invitation(self, id: &str) -> Self {
        Self { path: self.path.replace("{InvitationId}", id), ..self }
    }

    /// Whether it ends the caller's own roles, which the organization's admins see.
    pub(super) fn leaves(&self) -> bool {
        self.path.contains("{IdentityOrganizationId}")
    }

    /// Sends it to the company's server.
    pub(super) async fn send(&self, company: &Company, credential: &Credential) -> Answer {
        let method = Method::from_bytes(self.row.method.as_bytes()).unwrap();
        let path =
            self.path.replace("{IdentityOrganizationId}", &company.code).replace("{OrganizationId}", &company.id);
        let (kind, body) = match &self.form {
            Some(form) => (Some("application/x-www-form-urlencoded"), form.clone()),
            None if self.body.is_null() => (None, String::new()),
            None => (Some("application/json"), self.body.to_string()),
        };
        let request = credential.sign(company.anyone.request(method, &path), &body);
        let request = match kind {
            Some(kind) => request.header("content-type", kind).body(body),
            None => request,
        };
        company.anyone.send(request).await
    }
}

/// The requests that leave the caller signed in, once the company has what they need. No two are about the same thing.
pub(super) async fn requests(company: &Company) -> Vec<Request> {
    let mut requests = public(company).await;
    requests.extend(of_users(company).await);
    requests.extend(of_admins(company).await);
    requests.extend(of_invitations(company).await);
    requests.extend(of_sellers(company).await);
    requests.extend(of_the_platform(company).await);
    requests
}

/// The requests that end the caller's sign-in, credential or roles.
pub(super) fn last_requests() -> Vec<Request> {
    let new_address = format!("{}@new.example", unique("grace"));
    let password = json!({"OldPassword": PASSWORD, "Password": "another good password"});
    vec![
        Request::bare("POST /api/auth/logout"),
        Request::new("POST /api/users/me/email", json!({"Email": new_address, "Password": PASSWORD})),
        Request::new("POST /api/users/me/password", password),
        Request::bare("DELETE /api/users/me/organizations/{IdentityOrganizationId}"),
    ]
}

fn sign_up() -> Value {
    let email = format!("{}@person.example", unique("grace"));
    json!({"FirstName": "Grace", "LastName": "Hopper", "Email": email, "Password": PASSWORD})
}

/// What needs no token.
async fn public(company: &Company) -> Vec<Request> {
    let person = company.stranger().await;
    let (_, link) = company.invited().await;
    let (_, accepted) = company.invited().await;
    let moving = company.moving().await;
    let machine = company.machine().await;
    let code = &company.code;
    let buyer = company.eligible().await;
    company.associate(&buyer).await;
    let buyer = company.token_of(&buyer, None).await;
    let organization = json!({"Organization": {"Name": unique("Org")}, "User": sign_up()});
    vec![
        Request::bare("GET /.well-known/jwks.json"),
        Request::bare("GET /.well-known/oauth-authorization-server"),
        Request::bare("GET /.well-known/openid-configuration"),
        Request::bare("GET /account/confirm-email"),
        Request::bare("GET /account/set-password"),
        Request::bare("GET /health"),
        Request::bare("GET /invitations/accept"),
        Request::bare("GET /openapi.json"),
        Request::bare("GET /problems"),
        Request::new("POST /api/auth/confirm-email", json!({"Token": moving})),
        Request::new("POST /api/auth/forgot-password", json!({"Email": person.email})),
        Request::new("POST /api/auth/login", json!({"Email": person.email, "Password": PASSWORD})),
        Request::new("POST /api/auth/reset-password", json!({"Token": link, "Password": PASSWORD})),
        Request::new("POST /api/invitations/view", json!({"Token": accepted})),
        Request::new("POST /api/invitations/accept", json!({"Token": accepted, "Password": PASSWORD})),
        Request::new("POST /api/organizations", organization),
        Request::new("POST /api/users", sign_up()).purpose("sign-up"),
        Request::form(
            "POST /oauth2/token",
            &[
                ("grant_type", "client_credentials"),
                ("client_id", &machine.id),
                ("client_secret", &machine.secret),
                ("audience", code),
            ],
        )
        .purpose("for the machine of the form"),
        Request::form(
            "POST /oauth2/token",
            &[
                ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
                ("subject_token", &buyer),
                ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
                ("audience", code),
            ],
        )
        .purpose("for the subject of the form"),
    ]
}

/// Accounts and their tokens.
async fn of_users(company: &Company) -> Vec<Request> {
    let customer = company.eligible().await;
    company.associate(&customer).await;
    let code = &company.code;
    vec![
        Request::new("POST /api/auth/access", json!({"OrgCode": code})).purpose("for oneself"),
        Request::new("POST /api/auth/access", json!({"OrgCode": code, "UserId": customer.id}))
            .purpose("for a customer's user"),
        Request::bare("GET /api/users/me"),
        Request::bare("GET /api/users/me/organizations"),
        Request::new("PATCH /api/users/me", json!({"PhoneNumber": "+1 555 0100"})),
    ]
}

/// An organization, its admins, its machines, its invitations.
async fn of_admins(company: &Company) -> Vec<Request> {
    let (colleague, stranger) = (company.eligible().await, company.stranger().await);
    let removed = company.eligible().await;
    company.promote(&colleague).await;
    company.promote(&removed).await;
    let machine = company.machine().await;
    let mut invitation = sign_up();
    invitation.as_object_mut().unwrap().remove("Password");
    vec![
        Request::bare("GET /api/organization"),
        Request::new("PATCH /api/organization", json!({"BillingCity": "Berlin"})),
        Request::bare("GET /api/organizations/api-access"),
        Request::new("POST /api/organizations/api-access", json!({"Name": "ERP"})),
        Request::new("DELETE /api/organizations/api-access", json!({"ClientId": machine.id})),
        Request::bare("GET /api/organizations/users"),
        Request::new("DELETE /api/organizations/users", json!({"UserId": removed.id})),
        Request::bare("GET /api/organizations/users/admins"),
        Request::new("POST /api/organizations/users/admins", json!({"Email": stranger.email})),
        Request::new("DELETE /api/organizations/users/admins", json!({"UserId": colleague.id})),
        Request::new("POST /api/users", invitation).purpose(INVITATION),
    ]
}

/// Invitations.
async fn of_invitations(company: &Company) -> Vec<Request> {
    let (sent, withdrawn) = (company.invitation().await, company.invitation().await);
    let invitation =
        |more: &str, value: Value| json!({"Email": format!("{}@invited.example", unique("ida")), more: value});
    vec![
        Request::bare("GET /api/organizations/invitations"),
        Request::new("POST /api/organizations/invitations", invitation("CustomerNumber", json!("C-1")))
            .purpose("of a customer's user"),
        Request::new("POST /api/organizations/invitations", invitation("Roles", json!(["admin"])))
            .purpose("of an admin"),
        Request::bare("POST /api/organizations/invitations/{InvitationId}/resend").invitation(&sent),
        Request::bare("DELETE /api/organizations/invitations/{InvitationId}").invitation(&withdrawn),
    ]
}

/// Price tiers, customers, and who buys for them.
async fn of_sellers(company: &Company) -> Vec<Request> {
    let (buyer, stranger) = (company.eligible().await, company.stranger().await);
    company.associate(&buyer).await;
    let change = json!({"OldName": "To change", "NewName": "Changed", "CurrencyCode": "EUR"});
    let customer = json!({"CustomerNumber": "C-4", "CompanyName": "Acme", "Pricing": "Gold"});
    let link = json!({"UserId": stranger.id, "CustomerNumber": "C-1"});
    let rows = json!({"Rows": [link]});
    vec![
        Request::bare("GET /api/organizations/price-tiers"),
        Request::new("POST /api/organizations/price-tiers", json!({"Name": "Silver", "CurrencyCode": "EUR"})),
        Request::new("PUT /api/organizations/price-tiers", change),
        Request::new("PATCH /api/organizations/price-tiers", json!({"Name": "Gold", "CurrencyCode": "EUR"})),
        Request::new("DELETE /api/organizations/price-tiers", json!({"Name": "To remove"})),
        Request::new("POST /api/customers/import", json!({"Rows": [customer]})),
        Request::new("PUT /api/customers", customer),
        Request::bare("GET /api/customers"),
        Request::bare("GET /api/customers/{CustomerNumber}").customer("C-1"),
        Request::new("PATCH /api/customers", json!({"CompanyName": "Acme"})).customer("C-1"),
        Request::new("PATCH /api/customers/{CustomerNumber}", json!({"CompanyName": "Acme"})).customer("C-1"),
        Request::bare("DELETE /api/customers").customer("C-2"),
        Request::bare("DELETE /api/customers/{CustomerNumber}").customer("C-3"),
        Request::bare("GET /api/organizations/users/associations"),
        Request::new("POST /api/organizations/users/associate-customer", link),
        Request::new("POST /api/organizations/users/associations/import", rows),
        Request::new("DELETE /api/organizations/users/associations", json!({"UserId": buyer.id})),
    ]
}

/// What an organization has bought.
async fn of_the_platform(company: &Company) -> Vec<Request> {
    let path = "/api/platform/organizations/{OrganizationId}/subscriptions/{SubscriptionId}";
    let subscription = |operation: &'static str, id: &str, body: Value| {
        let request = Request::new(operation, body);
        Request { path: path.replace("{SubscriptionId}", id), ..request }
    };
    company.subscribe("sub_2").await;
    let mut event: Value = serde_json::from_str(include_str!("../fixtures/stripe-event.json")).unwrap();
    event["data"]["object"]["metadata"]["organization_id"] = Value::from(company.id.as_str());
    vec![
        subscription(
            "PUT /api/platform/organizations/{OrganizationId}/subscriptions/{SubscriptionId}",
            "sub_1",
            json!({"Plan": "growth", "Status": "active"}),
        ),
        subscription(
            "DELETE /api/platform/organizations/{OrganizationId}/subscriptions/{SubscriptionId}",
            "sub_2",
            Value::Null,
        ),
        Request::new("POST /api/webhooks/stripe", event),
    ]
}
