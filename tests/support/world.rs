use serde_json::{Value, json};
use shared::ids;

use super::{Anonymous, Caller, Member};

/// The password of every account.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A text that no other test has. There are no digits in it, since mails leave long numbers out of names.
pub(crate) fn unique(prefix: &str) -> String {
    let letters = ids::random_id(14).replace(|character: char| character.is_ascii_digit(), "");
    format!("{prefix}-{letters}{}", "x".repeat(14 - letters.len()))
}

/// An organization with its founder, who is signed in.
#[derive(Clone, Debug)]
pub(crate) struct Tenant {
    pub(crate) id: String,
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) admin: Member,
    pub(crate) admin_id: String,
    pub(crate) email: String,
}

/// A new organization.
pub(crate) async fn tenant() -> Tenant {
    tenant_named(&unique("Org")).await
}

/// A new organization of this name.
pub(crate) async fn tenant_named(name: &str) -> Tenant {
    let email = format!("{}@founder.example", unique("ada"));
    let body = json!({
        "Organization": {"Name": name},
        "User": {"FirstName": "Ada", "LastName": "Lovelace", "Email": email, "Password": PASSWORD},
    });
    let created = Anonymous.post("/api/organizations", &body).await.ok();
    let code = created["IdentityOrganizationId"].as_str().unwrap().to_owned();
    let (admin, admin_id) = sign_in(&email, Some(&code)).await;
    let id = created["OrganizationId"].as_str().unwrap().to_owned();
    Tenant { id, code, name: name.to_owned(), admin, admin_id, email }
}

/// A new account, signed in with a user token.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) email: String,
}

pub(crate) async fn person() -> Person {
    let email = format!("{}@person.example", unique("grace"));
    let body = json!({"FirstName": "Grace", "LastName": "Hopper", "Email": email, "Password": PASSWORD});
    let created = Anonymous.post("/api/users", &body).await.ok();
    Person { id: created["UserId"].as_str().unwrap().to_owned(), email }
}

impl Person {
    /// A user token.
    pub(crate) async fn signed_in(&self) -> Member {
        sign_in(&self.email, None).await.0
    }
}

impl Tenant {
    /// A new person who is promoted, and signs in for this organization.
    pub(crate) async fn second_admin(&self) -> (Member, Person) {
        let person = person().await;
        self.promote(&person.email).await;
        (sign_in(&person.email, Some(&self.code)).await.0, person)
    }

    pub(crate) async fn promote(&self, email: &str) {
        let promoted = self.admin.post("/api/organizations/users/admins", &json!({"Email": email})).await.ok();
        assert_eq!(promoted, json!({"Success": true}));
    }

    /// The ids of its admins, as it lists them.
    pub(crate) async fn admin_ids(&self) -> Vec<String> {
        let admins = self.admin.get("/api/organizations/users/admins").await.ok();
        admins.as_array().unwrap().iter().map(|admin| admin["Id"].as_str().unwrap().to_owned()).collect()
    }
}

async fn sign_in(email: &str, code: Option<&str>) -> (Member, String) {
    let mut body = json!({"Email": email, "Password": PASSWORD});
    if let Some(code) = code {
        body["OrgCode"] = Value::from(code);
    }
    let answer = Anonymous.post("/api/auth/login", &body).await.ok();
    let token = answer["AccessToken"].as_str().unwrap().to_owned();
    (Member { token }, answer["UserId"].as_str().unwrap().to_owned())
}
