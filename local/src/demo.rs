//! An organization to look at, made by the API's own calls: tiers, customers, users, associations, a subscription.

use std::sync::Arc;

use dynoxide::Database;
use reqwest::{Client, Method, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};
use shared::{
    ids::{OrganizationCode, OrganizationId},
    subscription::SubscriptionStatus,
    table::{SubscriptionRecord, Table},
};
use tokio::sync::Mutex;

use crate::{Bundle, made_up_associations, seed::seed};

/// The name of the demo's organization.
pub(crate) const NAME: &str = "Northwind GmbH";
const EMAIL: &str = "ada@northwind.example";
const PASSWORD: &str = "correct horse battery";

/// Associations of users who don't exist, so that a list has pages.
const ASSOCIATIONS: u64 = 1_000;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What the demo shows of its organization.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Demo {
    pub(crate) organization_id: String,
    pub(crate) code: String,
    pub(crate) email: &'static str,
    pub(crate) password: &'static str,
    /// The admin's organization token.
    pub(crate) token: String,
}

/// Makes the demo's organization in a bundle.
#[derive(Clone)]
pub(crate) struct DemoMaker {
    /// Where the API is.
    pub(crate) url: String,
    pub(crate) table: Table,
    pub(crate) database: Database,
    /// Held while the organization is made, so that two who ask at once get the same one.
    pub(crate) making: Arc<Mutex<()>>,
}

impl DemoMaker {
    /// Makes the organization, unless it is there from an earlier time, and signs its admin in.
    pub(crate) async fn make(&self) -> Result<Demo, Failure> {
        let _making = self.making.lock().await;
        let anyone = Caller { client: Client::new(), url: self.url.clone(), token: None };
        let login = json!({"Email": EMAIL, "Password": PASSWORD});
        let signed_in = match anyone.send(Method::POST, "/api/auth/login", &login).await? {
            (StatusCode::UNAUTHORIZED, _) => {
                self.found(&anyone).await?;
                anyone.call(Method::POST, "/api/auth/login", &login).await?
            }
            answer => succeeded("/api/auth/login", answer)?,
        };
        let organizations = signed_in["Organizations"].as_array().map_or(&[][..], Vec::as_slice);
        let own = organizations.iter().find(|organization| organization["Name"] == NAME);
        let own = own.ok_or("the demo's admin isn't in its organization any more")?;
        let code = text(&own["IdentityOrganizationId"])?;
        let access = json!({"OrgCode": code});
        let user = Caller { token: Some(text(&signed_in["AccessToken"])?), ..anyone };
        let access = user.call(Method::POST, "/api/auth/access", &access).await?;
        let (organization_id, token) = (text(&access["OrganizationId"])?, text(&access["AccessToken"])?);
        Ok(Demo { organization_id, code, email: EMAIL, password: PASSWORD, token })
    }

    async fn found(&self, anyone: &Caller) -> Result<(), Failure> {
        let user = json!({"FirstName": "Ada", "LastName": "Lovelace", "Email": EMAIL, "Password": PASSWORD});
        let organization = json!({"Name": NAME, "BillingCity": "Berlin", "BillingCountry": "DE"});
        let founding = json!({"Organization": organization, "User": user});
        let created = anyone.call(Method::POST, "/api/organizations", &founding).await?;
        let id = OrganizationId::parse(&text(&created["OrganizationId"])?).ok_or("no organization's id")?;
        let code = text(&created["Slug"])?;
        let made_up = made_up_associations(ASSOCIATIONS).map_err(|error| error.message)?;
        let parsed = OrganizationCode::parse(&code).ok_or("no organization's code")?;
        seed(&self.database, Bundle::TABLE, &id, &parsed, made_up, |_| {})?;

        let login = json!({"Email": EMAIL, "Password": PASSWORD, "OrgCode": code});
        let signed_in = anyone.call(Method::POST, "/api/auth/login", &login).await?;
        Caller { token: Some(text(&signed_in["AccessToken"])?), ..anyone.clone() }.fill(anyone).await?;

        let subscription = SubscriptionRecord::new("sub_demo", "growth", SubscriptionStatus::Active, None);
        self.table.set_subscription(&id, &subscription).await.map_err(|error| format!("{error:?}"))?;
        Ok(())
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
        succeeded(path, self.send(method, path, body).await?)
    }

    async fn send(&self, method: Method, path: &str, body: &Value) -> Result<(StatusCode, String), Failure> {
        let request = self.client.request(method, format!("{}{path}", self.url)).json(body);
        let request = match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        let answer = request.send().await?;
        Ok((answer.status(), answer.text().await?))
    }

    /// Adds tiers, customers and users, as the admin of the organization.
    async fn fill(&self, anyone: &Self) -> Result<(), Failure> {
        for (name, currency) in [("Standard", "EUR"), ("Gold", "EUR"), ("Export", "USD")] {
            let tier = json!({"Name": name, "CurrencyCode": currency});
            self.call(Method::POST, "/api/organizations/price-tiers", &tier).await?;
        }
        for (number, company, tier) in [
            ("C-10042", "Bergmann Möbel", "Gold"),
            ("C-10043", "Café Central", "Standard"),
            ("C-10044", "Fabrikam Export", "Export"),
        ] {
            let customer = json!({"CustomerNumber": number, "CompanyName": company, "Pricing": tier});
            self.call(Method::PUT, "/api/customers", &customer).await?;
        }
        for (first, last, email, number) in [
            ("Grace", "Hopper", "grace@bergmann.example", "C-10042"),
            ("Alan", "Turing", "alan@central.example", "C-10043"),
        ] {
            let user = json!({"FirstName": first, "LastName": last, "Email": email, "Password": PASSWORD});
            anyone.call(Method::POST, "/api/users", &user).await?;
            let association = json!({"Email": email, "CustomerNumber": number});
            self.call(Method::POST, "/api/organizations/users/associate-customer", &association).await?;
        }
        let invitation = json!({"Email": "edsger@northwind.example", "Roles": ["admin"]});
        self.call(Method::POST, "/api/organizations/invitations", &invitation).await?;
        Ok(())
    }
}

fn succeeded(path: &str, (status, text): (StatusCode, String)) -> Result<Value, Failure> {
    if !status.is_success() {
        return Err(format!("{path} is answered {status}: {text}").into());
    }
    Ok(if text.is_empty() { Value::Null } else { serde_json::from_str(&text)? })
}

fn text(value: &Value) -> Result<String, Failure> {
    Ok(value.as_str().ok_or("the answer lacks a text")?.to_owned())
}
