//! What a token carries of its user's customer, after each change.

use aws_sdk_dynamodb::types::AttributeValue;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Anonymous, Caller, Member, PASSWORD, Person, Tenant, delete_item, dynamodb, entitlements_claim, person, server,
    tenant,
};

/// A user who buys for a customer of an organization.
struct Buyer {
    tenant: Tenant,
    person: Person,
    user: Member,
}

impl Buyer {
    async fn new() -> Self {
        let (tenant, person) = (tenant().await, person().await);
        let user = person.signed_in().await;
        let buyer = Self { tenant, person, user };
        buyer.post("/api/organizations/price-tiers", &json!({"Name": "Gold", "CurrencyCode": "EUR"})).await;
        buyer.put_customer("C-1", "Gold", &json!({})).await;
        buyer.associate("C-1").await;
        buyer
    }

    async fn post(&self, path: &str, body: &Value) {
        let answer = self.tenant.admin.post(path, body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    async fn put_customer(&self, number: &str, tier: &str, rest: &Value) {
        let mut body = json!({"CustomerNumber": number, "CompanyName": "Acme Retail", "Pricing": tier});
        body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        let admin = &self.tenant.admin;
        admin.send(admin.request(Method::PUT, "/api/customers").json(&body)).await.ok();
    }

    async fn change_tier(&self, old: &str, new: &str, currency: &str) {
        let body = json!({"OldName": old, "NewName": new, "CurrencyCode": currency});
        let admin = &self.tenant.admin;
        let changed = admin.send(admin.request(Method::PUT, "/api/organizations/price-tiers").json(&body)).await;
        assert_eq!(changed.status, 200);
    }

    async fn associate(&self, number: &str) {
        let body = json!({"UserId": self.person.id, "CustomerNumber": number});
        self.post("/api/organizations/users/associate-customer", &body).await;
    }

    /// Asserts what an enrichment, and a sign-in for the organization, say now.
    async fn carries(&self, roles: Value, number: Value, tier: Value, currency: Value) {
        let access = self.user.post("/api/auth/access", &json!({"OrgCode": self.tenant.code})).await.ok();
        let expected = json!({
            "AccessToken": access["AccessToken"], "TokenUse": "organization", "TokenType": "Bearer", "ExpiresIn": 3600,
            "OrganizationId": self.tenant.id, "UserId": self.person.id, "Roles": roles, "CustomerNumber": number,
            "PriceTier": tier, "CurrencyCode": currency,
        });
        assert_eq!(access, expected);
        let login = json!({"Email": self.person.email, "Password": PASSWORD, "OrgCode": self.tenant.code});
        let signed_in = Anonymous.post("/api/auth/login", &login).await.ok();
        assert_eq!(signed_in["Organizations"][0]["Roles"], roles);

        let mut expected = json!({
            "token_use": "organization", "sub": self.person.id, "OrganizationId": self.tenant.id,
            "OrgCode": self.tenant.code, "Roles": roles, "email_verified": false,
            "entitlements": entitlements_claim("free"),
        });
        for (claim, value) in [("CustomerNumber", number), ("PriceTier", tier), ("CurrencyCode", currency)] {
            if !value.is_null() {
                expected[claim] = value;
            }
        }
        for token in [&access["AccessToken"], &signed_in["AccessToken"]] {
            let mut claims = jsonwebtoken::dangerous::insecure_decode::<Value>(token.as_str().unwrap()).unwrap().claims;
            for technical in ["iss", "aud", "iat", "exp", "jti", "client_id", "sid"] {
                claims.as_object_mut().unwrap().remove(technical);
            }
            assert_eq!(claims, expected, "claims that don't apply are left out");
        }
    }

    async fn refused(&self, detail: &str) {
        self.user.post("/api/auth/access", &json!({"OrgCode": self.tenant.code})).await.problem(403, detail);
        let login = json!({"Email": self.person.email, "Password": PASSWORD, "OrgCode": self.tenant.code});
        Anonymous.post("/api/auth/login", &login).await.problem(403, detail);
    }
}

#[tokio::test]
async fn a_token_follows_every_change_at_the_next_enrichment() {
    let buyer = Buyer::new().await;
    let customer = || json!(["customer"]);
    buyer.carries(customer(), json!("C-1"), json!("Gold"), json!("EUR")).await;

    buyer.change_tier("Gold", "Premium", "CHF").await;
    buyer.carries(customer(), json!("C-1"), json!("Premium"), json!("CHF")).await;

    buyer.put_customer("C-1", "Premium", &json!({"CurrencyCode": "SEK"})).await;
    buyer.carries(customer(), json!("C-1"), json!("Premium"), json!("SEK")).await;

    buyer.post("/api/organizations/price-tiers", &json!({"Name": "Basic", "CurrencyCode": "USD"})).await;
    buyer.put_customer("C-1", "Basic", &json!({})).await;
    buyer.carries(customer(), json!("C-1"), json!("Basic"), json!("USD")).await;

    buyer.put_customer("c-1", "Premium", &json!({})).await;
    buyer.associate("c-1").await;
    buyer.carries(customer(), json!("c-1"), json!("Premium"), json!("CHF")).await;

    buyer.put_customer("c-1", "Premium", &json!({"Active": false})).await;
    buyer.refused("Your customer account is inactive.").await;
    buyer.put_customer("c-1", "Premium", &json!({"Active": true})).await;
    buyer.carries(customer(), json!("c-1"), json!("Premium"), json!("CHF")).await;

    // The ERP owns the customer: a number without a record is carried alone.
    buyer.tenant.admin.delete("/api/customers/c-1", &json!({})).await.ok();
    buyer.carries(customer(), json!("c-1"), Value::Null, Value::Null).await;

    buyer.tenant.promote(&buyer.person.email).await;
    buyer.associate("C-1").await;
    buyer.carries(json!(["admin", "customer"]), json!("C-1"), json!("Basic"), json!("USD")).await;

    let link = json!({"UserId": buyer.person.id});
    buyer.tenant.admin.delete("/api/organizations/users/associations", &link).await.ok();
    buyer.carries(json!(["admin"]), Value::Null, Value::Null, Value::Null).await;
    buyer.tenant.admin.delete("/api/organizations/users/admins", &link).await.ok();
    buyer.refused("You have no role in this organization.").await;
}

impl Buyer {
    /// Asserts that both ways to an organization token give one of an admin and of no customer.
    async fn is_admin_alone(&self) {
        let access = self.user.post("/api/auth/access", &json!({"OrgCode": self.tenant.code})).await.ok();
        let login = json!({"Email": self.person.email, "Password": PASSWORD, "OrgCode": self.tenant.code});
        let signed_in = Anonymous.post("/api/auth/login", &login).await.ok();
        for token in [&access["AccessToken"], &signed_in["AccessToken"]] {
            let claims = jsonwebtoken::dangerous::insecure_decode::<Value>(token.as_str().unwrap()).unwrap().claims;
            assert_eq!(claims["Roles"], json!(["admin"]));
            for claim in ["CustomerNumber", "PriceTier", "CurrencyCode"] {
                assert!(claims.get(claim).is_none(), "{claims}");
            }
        }
    }
}

#[tokio::test]
async fn an_admin_whose_customer_is_inactive_or_has_no_tier_stays_an_admin() {
    let buyer = Buyer::new().await;
    buyer.tenant.promote(&buyer.person.email).await;
    buyer.put_customer("C-1", "Gold", &json!({"Active": false})).await;
    buyer.is_admin_alone().await;
    buyer.put_customer("C-1", "Gold", &json!({"Active": true})).await;
    buyer.carries(json!(["admin", "customer"]), json!("C-1"), json!("Gold"), json!("EUR")).await;

    // No call of the API takes a tier away from under a customer.
    let organization = format!("ORG#{}", buyer.tenant.id);
    let tiers =
        dynamodb().query().table_name(&server().table).key_condition_expression("pk = :pk AND begins_with(sk, :sk)");
    let tiers = tiers.expression_attribute_values(":pk", AttributeValue::S(organization.clone()));
    let tiers = tiers.expression_attribute_values(":sk", AttributeValue::S("TIER#".to_owned())).send().await.unwrap();
    let [tier] = tiers.items() else { panic!("{tiers:?}") };
    delete_item(organization, tier["sk"].as_s().unwrap()).await;
    buyer
        .tenant
        .admin
        .get("/api/customers/C-1")
        .await
        .problem(503, "The service is busy, and nothing was changed; try again.");
    buyer.is_admin_alone().await;
    buyer.tenant.admin.delete("/api/organizations/users/admins", &json!({"UserId": buyer.person.id})).await.ok();
    buyer.refused("Your customer account is inactive.").await;
}

#[tokio::test]
async fn a_customers_token_opens_no_admin_route() {
    let buyer = Buyer::new().await;
    let access = buyer.user.post("/api/auth/access", &json!({"OrgCode": buyer.tenant.code})).await.ok();
    let customer = Member { token: access["AccessToken"].as_str().unwrap().to_owned() };
    let not_admin = "This needs the admin role of an organization.";
    for path in [
        "/api/organization",
        "/api/organizations/users/admins",
        "/api/organizations/users/associations",
        "/api/organizations/price-tiers",
        "/api/customers/C-1",
    ] {
        customer.get(path).await.problem(403, not_admin);
    }
    let promotion = json!({"Email": buyer.person.email});
    customer.post("/api/organizations/users/admins", &promotion).await.problem(403, not_admin);
}

#[tokio::test]
async fn each_organization_puts_its_own_customer_into_its_token() {
    let (one, other) = (Buyer::new().await, tenant().await);
    let tier = json!({"Name": "Gold", "CurrencyCode": "JPY"});
    assert_eq!(other.admin.post("/api/organizations/price-tiers", &tier).await.status, 200);
    let body = json!({"CustomerNumber": "C-1", "CompanyName": "Other", "Pricing": "Gold"});
    other.admin.send(other.admin.request(Method::PUT, "/api/customers").json(&body)).await.ok();
    let link = json!({"Email": one.person.email, "CustomerNumber": "C-1"});
    other.admin.post("/api/organizations/users/associate-customer", &link).await.ok();

    one.carries(json!(["customer"]), json!("C-1"), json!("Gold"), json!("EUR")).await;
    let theirs = one.user.post("/api/auth/access", &json!({"OrgCode": other.code})).await.ok();
    assert_eq!((&theirs["OrganizationId"], &theirs["CurrencyCode"]), (&json!(other.id), &json!("JPY")));
}
