//! An organization of which each kind of caller wants something.

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use reqwest::Method;
use serde_json::{Value, json};
use shared::dynamo;

use crate::support::{
    Answer, Caller, Elsewhere, OPERATOR_KEY, PASSWORD, Person, Server, delete_item, link_token, mails_at, server,
    server_requiring_verified_email, subscription_path, unique,
};

const ADMINS: &str = "/api/organizations/users/admins";
const API_ACCESS: &str = "/api/organizations/api-access";
const INVITATIONS: &str = "/api/organizations/invitations";
const TIERS: &str = "/api/organizations/price-tiers";

/// An organization, and whoever works on it before a caller comes.
pub(super) struct Company {
    requires_proof: bool,
    pub(super) anyone: Elsewhere,
    mailbox: Elsewhere,
    pub(super) id: String,
    pub(super) code: String,
    pub(super) founder: Elsewhere,
    /// The founder's token where addresses have to be proven. Then `founder` is an admin who has proven the address.
    pub(super) unproven: Option<String>,
}

/// A machine credential as its maker saw it.
pub(super) struct Machine {
    pub(super) id: String,
    pub(super) secret: String,
    pub(super) key: String,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

impl Company {
    /// Founds one where addresses have to be proven, or where not.
    pub(super) async fn found(requires_proof: bool) -> Self {
        let server = if requires_proof { server_requiring_verified_email() } else { server() };
        let at = |url: &str| Elsewhere { url: Some(url.to_owned()), ..Elsewhere::default() };
        let (anyone, mailbox) = (at(&server.url), at(&server.mailbox_url));
        let email = format!("{}@founder.example", unique("ada"));
        let user = json!({"FirstName": "Ada", "LastName": "Lovelace", "Email": email, "Password": PASSWORD});
        let body = json!({"Organization": {"Name": unique("Org")}, "User": user});
        let created = anyone.post("/api/organizations", &body).await.ok();
        let (id, code) = (text(&created["OrganizationId"]), text(&created["IdentityOrganizationId"]));
        let token = sign_in(&anyone, &json!({"Email": email, "Password": PASSWORD, "OrgCode": code})).await;
        let founder = Elsewhere { token: Some(token.clone()), ..anyone.clone() };
        let company = Self { requires_proof, anyone, mailbox, id, code, founder, unproven: None };
        if !requires_proof {
            return company;
        }
        let token_of_proven = company.proven_admin(server).await;
        let founder = Elsewhere { token: Some(token_of_proven), ..company.anyone.clone() };
        Self { founder, unproven: Some(token), ..company }
    }

    /// The token of an admin who has proven the address, beside a founder who hasn't and promotes nobody. An operator
    /// made that one.
    async fn proven_admin(&self, server: &Server) -> String {
        let person = self.stranger().await;
        let mails = mails_at(&self.mailbox, &person.email, 1).await;
        let reset = json!({"Token": link_token(&mails[0]), "Password": PASSWORD});
        self.anyone.post("/api/auth/reset-password", &reset).await.ok();
        let client = Client::from_conf(dynamo::Table::client_config(Some(&server.dynamodb_url)).build());
        let (organization, user) = (format!("ORG#{}", self.id), &person.id);
        for item in [
            json!({
                "pk": organization, "sk": format!("ADMIN#{user}"), "user_id": user, "email": person.email,
                "first_name": "Grace", "last_name": "Hopper", "proven": true,
            }),
            json!({
                "pk": format!("MEMBER#{user}"), "sk": format!("{organization}#admin"), "organization_id": self.id,
                "organization_code": self.code, "role": "admin",
            }),
        ] {
            let item = serde_dynamo::to_item(item).unwrap();
            client.put_item().table_name(&server.table).set_item(Some(item)).send().await.unwrap();
        }
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let call =
            client.update_item().table_name(&server.table).key("pk", text(&organization)).key("sk", text("#ORG"));
        let one = AttributeValue::N("1".to_owned());
        let call = call.update_expression("ADD admin_count :one").expression_attribute_values(":one", one);
        call.send().await.unwrap();
        self.token_of(&person, Some(&self.code)).await
    }

    /// Somebody who has an account, and no relation to the organization.
    pub(super) async fn stranger(&self) -> Person {
        let email = format!("{}@person.example", unique("grace"));
        let body = json!({"FirstName": "Grace", "LastName": "Hopper", "Email": email, "Password": PASSWORD});
        let created = self.anyone.post("/api/users", &body).await.ok();
        Person { id: text(&created["UserId"]), email }
    }

    /// Somebody who is invited, and the token of the link that was mailed.
    pub(super) async fn invited(&self) -> (Person, String) {
        let email = format!("{}@invited.example", unique("grace"));
        let body = json!({"FirstName": "Grace", "LastName": "Hopper", "Email": email});
        let invited = self.founder.post("/api/users", &body).await.ok();
        let mails = mails_at(&self.mailbox, &email, 1).await;
        (Person { id: text(&invited["UserId"]), email }, link_token(&mails[0]))
    }

    /// The token of a link that gives an account another address.
    pub(super) async fn moving(&self) -> String {
        let (person, email) = (self.stranger().await, format!("{}@new.example", unique("grace")));
        let token = self.token_of(&person, None).await;
        let request = self.anyone.request(Method::POST, "/api/users/me/email").bearer_auth(token);
        let asked = self.anyone.send(request.json(&json!({"Email": email, "Password": PASSWORD}))).await;
        assert_eq!(asked.status, 202, "{asked:?}");
        link_token(&mails_at(&self.mailbox, &email, 1).await[0])
    }

    /// The id of an invitation whose mail is so old that it may be sent again.
    pub(super) async fn invitation(&self) -> String {
        let email = format!("{}@invited.example", unique("grace"));
        let made = self.founder.post(INVITATIONS, &json!({"Email": email})).await;
        assert_eq!(made.status, 201, "{made:?}");
        let id = text(&made.json()["InvitationId"]);
        let server = if self.requires_proof { server_requiring_verified_email() } else { server() };
        let client = Client::from_conf(dynamo::Table::client_config(Some(&server.dynamodb_url)).build());
        let attribute = |text: String| AttributeValue::S(text);
        let call = client.update_item().table_name(&server.table);
        let call = call.key("pk", attribute(format!("ORG#{}#INVITATIONS", self.id)));
        let call = call.key("sk", attribute(format!("INVITATION#{id}"))).update_expression("SET mailed_at = :then");
        let then = AttributeValue::N((shared::clock::now() - 2 * 60 * 60).to_string());
        call.expression_attribute_values(":then", then).send().await.unwrap();
        id
    }

    /// Somebody who can be promoted and associated: where the address has to be proven, it is.
    pub(super) async fn eligible(&self) -> Person {
        if !self.requires_proof {
            return self.stranger().await;
        }
        let (person, link) = self.invited().await;
        let reset = json!({"Token": link, "Password": PASSWORD});
        self.anyone.post("/api/auth/reset-password", &reset).await.ok();
        person
    }

    /// Adds the price tiers and customers that requests are about.
    pub(super) async fn equip(&self) {
        for name in ["Gold", "To change", "To remove"] {
            let added = self.founder.post(TIERS, &json!({"Name": name, "CurrencyCode": "EUR"})).await;
            assert_eq!(added.status, 200, "{added:?}");
        }
        for number in ["C-1", "C-2", "C-3"] {
            let customer = json!({"CustomerNumber": number, "CompanyName": "Acme", "Pricing": "Gold"});
            self.founder.send(self.founder.request(Method::PUT, "/api/customers").json(&customer)).await.ok();
        }
    }

    /// Has the platform's operator put it on a plan.
    pub(super) async fn subscribe(&self, id: &str) {
        let request = self.anyone.request(Method::PUT, &subscription_path(&self.id, id)).bearer_auth(OPERATOR_KEY);
        self.anyone.send(request.json(&json!({"Plan": "growth", "Status": "active"}))).await.ok();
    }

    pub(super) async fn promote(&self, person: &Person) {
        self.founder.post(ADMINS, &json!({"Email": person.email})).await.ok();
    }

    pub(super) async fn demote(&self, person: &Person) {
        self.founder.delete(ADMINS, &json!({"UserId": person.id})).await.ok();
    }

    pub(super) async fn associate(&self, person: &Person) {
        let link = json!({"UserId": person.id, "CustomerNumber": "C-1"});
        self.founder.post("/api/organizations/users/associate-customer", &link).await.ok();
    }

    pub(super) async fn machine(&self) -> Machine {
        self.machine_with("full").await
    }

    /// Makes a credential with this access.
    pub(super) async fn machine_with(&self, access: &str) -> Machine {
        let body = json!({"Name": "Web shop", "Access": access});
        let created = self.founder.post(API_ACCESS, &body).await.ok();
        Machine {
            id: text(&created["ClientId"]),
            secret: text(&created["ClientSecret"]),
            key: text(&created["ApiKey"]),
        }
    }

    pub(super) async fn sign_out(&self, token: &str) {
        let request = self.anyone.request(Method::POST, "/api/auth/logout").bearer_auth(token);
        self.anyone.send(request).await.ok();
    }

    pub(super) async fn revoke(&self, machine: &Machine) {
        self.founder.delete(API_ACCESS, &json!({"ClientId": machine.id})).await.ok();
    }

    /// The token of a person's sign-in: for this organization, or one that names none.
    pub(super) async fn token_of(&self, person: &Person, code: Option<&str>) -> String {
        sign_in(&self.anyone, &json!({"Email": person.email, "Password": PASSWORD, "OrgCode": code})).await
    }

    pub(super) async fn token_of_machine(&self, machine: &Machine) -> String {
        let login = json!({"OrgCode": self.code, "ClientId": machine.id, "ClientSecret": machine.secret});
        sign_in(&self.anyone, &login).await
    }

    /// Gives the organization an end, as one has whose founder is not verified. Others are never gone, so functions
    /// remember for a minute that they exist.
    pub(super) async fn will_end(&self) {
        let server = if self.requires_proof { server_requiring_verified_email() } else { server() };
        let client = Client::from_conf(dynamo::Table::client_config(Some(&server.dynamodb_url)).build());
        let attribute = |text: &str| AttributeValue::S(text.to_owned());
        let call = client.update_item().table_name(&server.table);
        let call = call.key("pk", attribute(&format!("ORG#{}", self.id))).key("sk", attribute("#ORG"));
        let end = AttributeValue::N((shared::clock::now() + 3_600).to_string());
        call.update_expression("SET expires_at = :end").expression_attribute_values(":end", end).send().await.unwrap();
    }

    /// Deletes the organization, which only an operator can do.
    pub(super) async fn delete(&self) {
        delete_item(format!("ORG#{}", self.id), "#ORG").await;
    }

    /// What the founder sees of it.
    pub(super) async fn seen(&self) -> Vec<Value> {
        let mut seen = Vec::new();
        for path in [
            "/api/organization",
            ADMINS,
            API_ACCESS,
            TIERS,
            "/api/organizations/users/associations",
            "/api/customers/C-1",
            "/api/customers/C-2",
            "/api/customers/C-3",
        ] {
            seen.push(Answer::ok(self.founder.get(path).await));
        }
        // A machine that gets its token by its own secret is used, whoever sends the secret.
        for credential in seen.iter_mut().filter_map(Value::as_array_mut).flatten() {
            credential.as_object_mut().unwrap().remove("LastUsedAt");
        }
        seen
    }
}

async fn sign_in(anyone: &Elsewhere, login: &Value) -> String {
    text(&anyone.post("/api/auth/login", login).await.ok()["AccessToken"])
}
