//! An organization to look at, made by the API's own calls: tiers, customers, users, associations, a subscription.

use reqwest::{Client, Method};
use serde_json::{Value, json};
use shared::{
    claims::OperatorKey,
    ids::{OrganizationCode, OrganizationId},
};

use crate::{Bundle, made_up_associations};

/// Associations of users who don't exist, so that a list has pages.
const ASSOCIATIONS: u64 = 1_000;

type Failure = Box<dyn std::error::Error>;

/// What the demo shows of its organization.
pub(crate) struct Demo {
    pub(crate) organization_id: String,
    pub(crate) code: String,
    pub(crate) email: &'static str,
    pub(crate) password: &'static str,
    /// The admin's organization token.
    pub(crate) token: String,
}

impl Demo {
    /// Makes the organization in a bundle whose operator has this key.
    pub(crate) async fn make(bundle: &Bundle, operator: &OperatorKey) -> Result<Self, Failure> {
        let (email, password) = ("ada@acme.example", "correct horse battery");
        let anyone = Caller { client: Client::new(), url: bundle.url(), token: None };
        let user = json!({"FirstName": "Ada", "LastName": "Lovelace", "Email": email, "Password": password});
        let organization = json!({"Name": "Acme GmbH", "BillingCity": "Berlin", "BillingCountry": "DE"});
        let founding = json!({"Organization": organization, "User": user});
        let created = anyone.call(Method::POST, "/api/organizations", &founding).await?;
        let (organization_id, code) = (text(&created["OrganizationId"])?, text(&created["Slug"])?);
        let made_up = made_up_associations(ASSOCIATIONS).map_err(|error| error.message)?;
        let id = OrganizationId::parse(&organization_id).ok_or("no organization's id")?;
        bundle.seed(&id, &OrganizationCode::parse(&code).ok_or("no organization's code")?, made_up)?;

        let login = json!({"Email": email, "Password": password, "OrgCode": code});
        let signed_in = anyone.call(Method::POST, "/api/auth/login", &login).await?;
        let token = text(&signed_in["AccessToken"])?;
        Caller { token: Some(token.clone()), ..anyone.clone() }.fill(&anyone, password).await?;

        let operator = Caller { token: Some(operator.expose().to_owned()), ..anyone };
        let path = format!("/api/platform/organizations/{organization_id}/subscriptions/sub_demo");
        operator.call(Method::PUT, &path, &json!({"Plan": "growth", "Status": "active"})).await?;
        Ok(Self { organization_id, code, email, password, token })
    }
}

/// Somebody who calls the API.
#[derive(Clone)]
struct Caller {
    client: Client,
    url: String,
    token: Option<String>,
}

impl Caller {
    async fn call(&self, method: Method, path: &str, body: &Value) -> Result<Value, Failure> {
        let request = self.client.request(method, format!("{}{path}", self.url)).json(body);
        let request = match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        let answer = request.send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        if !status.is_success() {
            return Err(format!("{path} is answered {status}: {text}").into());
        }
        Ok(if text.is_empty() { Value::Null } else { serde_json::from_str(&text)? })
    }

    /// Adds tiers, customers and users, as the admin of the organization.
    async fn fill(&self, anyone: &Self, password: &str) -> Result<(), Failure> {
        for (name, currency) in [("Standard", "EUR"), ("Gold", "EUR"), ("Export", "USD")] {
            let tier = json!({"Name": name, "CurrencyCode": currency});
            self.call(Method::POST, "/api/organizations/price-tiers", &tier).await?;
        }
        for (number, company, tier) in [
            ("C-10042", "Bergmann Möbel", "Gold"),
            ("C-10043", "Café Central", "Standard"),
            ("C-10044", "Northwind Traders", "Export"),
        ] {
            let customer = json!({"CustomerNumber": number, "CompanyName": company, "Pricing": tier});
            self.call(Method::PUT, "/api/customers", &customer).await?;
        }
        for (first, last, email, number) in [
            ("Grace", "Hopper", "grace@bergmann.example", "C-10042"),
            ("Alan", "Turing", "alan@central.example", "C-10043"),
        ] {
            let user = json!({"FirstName": first, "LastName": last, "Email": email, "Password": password});
            anyone.call(Method::POST, "/api/users", &user).await?;
            let association = json!({"Email": email, "CustomerNumber": number});
            self.call(Method::POST, "/api/organizations/users/associate-customer", &association).await?;
        }
        let invitation = json!({"Email": "edsger@acme.example", "Roles": ["admin"]});
        self.call(Method::POST, "/api/organizations/invitations", &invitation).await?;
        Ok(())
    }
}

fn text(value: &Value) -> Result<String, Failure> {
    Ok(value.as_str().ok_or("the answer lacks a text")?.to_owned())
}
