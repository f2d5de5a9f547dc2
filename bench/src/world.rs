//! What the functions work on: the embedded engine, with an organization, its admin, a tier, a customer and a thousand
//! links.

use std::collections::HashMap;

use local::{Bundle, Options, made_up_associations};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use shared::ids::{OrganizationCode, OrganizationId, random_id};

const EMAIL: &str = "ada@bench.example";
const PASSWORD: &str = "correct horse";

pub(crate) struct World {
    pub(crate) bundle: Bundle,
    pub(crate) organization: String,
    pub(crate) code: String,
    pub(crate) user: String,
    /// An organization token, and a user token.
    pub(crate) token: String,
    pub(crate) user_token: String,
    /// What a machine signs in with.
    pub(crate) machine: Value,
}

impl World {
    pub(crate) async fn start() -> Self {
        let options = Options { no_mailer: true, ..Options::in_memory() };
        let bundle = Bundle::start(&options).await.unwrap();
        let url = bundle.url();
        let call = async |method: Method, path: &str, token: &str, body: Value| -> Value {
            let request = Client::new().request(method, format!("{url}{path}")).bearer_auth(token).json(&body);
            let answer = request.send().await.unwrap();
            assert!(answer.status().is_success(), "{path}: {}", answer.text().await.unwrap());
            serde_json::from_str(&answer.text().await.unwrap()).unwrap_or(Value::Null)
        };
        let user = json!({"FirstName": "Ada", "LastName": "Lovelace", "Email": EMAIL, "Password": PASSWORD});
        let body = json!({"Organization": {"Name": "Bench"}, "User": user});
        let created = call(Method::POST, "/api/organizations", "", body).await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let (organization, code) = (text(&created["OrganizationId"]), text(&created["Slug"]));
        let ids = (OrganizationId::parse(&organization).unwrap(), OrganizationCode::parse(&code).unwrap());
        bundle.seed(&ids.0, &ids.1, made_up_associations(1_000).unwrap()).unwrap();
        let signed_in = call(Method::POST, "/api/auth/login", "", sign_in()).await;
        let (user_token, user) = (text(&signed_in["AccessToken"]), text(&signed_in["UserId"]));
        let token =
            text(&call(Method::POST, "/api/auth/access", &user_token, json!({"OrgCode": code})).await["AccessToken"]);
        let tier = json!({"Name": "Gold", "CurrencyCode": "EUR"});
        call(Method::POST, "/api/organizations/price-tiers", &token, tier).await;
        call(Method::PUT, "/api/customers", &token, customer()).await;
        let link = json!({"UserId": user, "CustomerNumber": "C-1"});
        call(Method::POST, "/api/organizations/users/associate-customer", &token, link).await;
        let credential = json!({"Name": "Bench"});
        let machine = call(Method::POST, "/api/organizations/api-access", &token, credential).await;
        let machine = json!({
            "ClientId": machine["ClientId"], "ClientSecret": machine["ClientSecret"], "OrgCode": code,
        });
        Self { bundle, organization, code, user, token, user_token, machine }
    }

    /// What every function finds in its environment.
    pub(crate) fn variables(&self) -> HashMap<String, String> {
        let variables = [
            ("AWS_REGION", "eu-central-1".to_owned()),
            ("AWS_DEFAULT_REGION", "eu-central-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "local".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
            ("AWS_ENDPOINT_URL_DYNAMODB", self.bundle.dynamodb_url()),
            ("TABLE_NAME", Bundle::TABLE.to_owned()),
            ("ISSUER", self.bundle.url()),
            ("PUBLIC_SITE_URL", self.bundle.url()),
            ("AUDIENCE", "organizations-api".to_owned()),
            ("SIGNING_SECRET", "a secret for the benchmark alone, 0123456789".to_owned()),
            ("LINK_SECRET", random_id(48)),
            ("REQUIRE_VERIFIED_EMAIL", "false".to_owned()),
            ("MAIL_FROM", "no-reply@bench.example".to_owned()),
            ("ORGANIZATION", self.organization.clone()),
            ("ADMIN", self.user.clone()),
        ];
        variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

pub(crate) fn sign_in() -> Value {
    json!({"Email": EMAIL, "Password": PASSWORD})
}

pub(crate) fn customer() -> Value {
    json!({"CustomerNumber": "C-1", "CompanyName": "Acme Retail", "Pricing": "Gold"})
}
