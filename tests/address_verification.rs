//! Where a verified e-mail address is required.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Caller, Elsewhere, MAX_INVITATIONS, PASSWORD, link_token, mails_at, server_requiring_verified_email, unique,
};

const ADMINS: &str = "/api/organizations/users/admins";
const ASSOCIATE: &str = "/api/organizations/users/associate-customer";

struct World {
    anyone: Elsewhere,
}

/// An organization and its founder's token.
struct Founded {
    code: String,
    email: String,
    admin: Elsewhere,
}

impl World {
    fn new() -> Self {
        Self { anyone: Elsewhere { url: Some(server_requiring_verified_email().url.clone()), ..Elsewhere::default() } }
    }

    fn by(&self, token: &Value) -> Elsewhere {
        Elsewhere { token: Some(token.as_str().unwrap().to_owned()), ..self.anyone.clone() }
    }

    async fn sign_in(&self, email: &str, password: &str, code: Option<&str>) -> Elsewhere {
        let login = json!({"Email": email, "Password": password, "OrgCode": code});
        self.by(&self.anyone.post("/api/auth/login", &login).await.ok()["AccessToken"])
    }

    async fn found(&self) -> Founded {
        let email = format!("{}@founder.example", unique("ada"));
        let user = json!({"FirstName": "Ada", "LastName": "Lovelace", "Email": email, "Password": PASSWORD});
        let body = json!({"Organization": {"Name": unique("Org")}, "User": user});
        let created = self.anyone.post("/api/organizations", &body).await.ok();
        let code = created["Slug"].as_str().unwrap().to_owned();
        let admin = self.sign_in(&email, PASSWORD, Some(&code)).await;
        Founded { code, email, admin }
    }

    /// An organization whose founder has proven the address.
    async fn found_proven(&self) -> Founded {
        let founded = self.found().await;
        self.prove(&founded.email, PASSWORD).await;
        let admin = self.sign_in(&founded.email, PASSWORD, Some(&founded.code)).await;
        Founded { admin, ..founded }
    }

    async fn sign_up(&self) -> (String, String) {
        let email = format!("{}@person.example", unique("grace"));
        let body = json!({"FirstName": "Grace", "LastName": "Hopper", "Email": email, "Password": PASSWORD});
        let created = self.anyone.post("/api/users", &body).await.ok();
        (created["UserId"].as_str().unwrap().to_owned(), email)
    }

    /// Uses the link that proves an address.
    async fn prove(&self, email: &str, password: &str) {
        let mut mails = mails_at(&self.anyone, email, 1).await;
        if !mails.iter().any(|mail| mail["Subject"] == "Confirm your e-mail address") {
            mails = mails_at(&self.anyone, email, 2).await;
        }
        let mail = mails.iter().find(|mail| mail["Subject"] == "Confirm your e-mail address").unwrap();
        let body = json!({"Token": link_token(mail), "Password": password});
        self.anyone.post("/api/auth/reset-password", &body).await.ok();
    }
}

#[tokio::test]
async fn an_account_on_an_unproven_address_is_neither_promoted_nor_associated() {
    let world = World::new();
    let ada = world.found_proven().await;
    let (grace, email) = world.sign_up().await;
    let unproven = "is of an account whose e-mail address isn't proven yet";
    ada.admin.post(ADMINS, &json!({"Email": email})).await.fields(&json!({"Email": [unproven]}));
    let by_id = json!({"UserId": grace, "CustomerNumber": "C-1"});
    ada.admin.post(ASSOCIATE, &by_id).await.fields(&json!({"UserId": [unproven]}));
    let by_address = json!({"Email": email, "CustomerNumber": "C-1"});
    ada.admin.post(ASSOCIATE, &by_address).await.fields(&json!({"Email": [unproven]}));
    let rows = json!({"Rows": [by_id, by_address]});
    let rejected = ["UserId", "Email"].into_iter().zip(1..).map(
        |(field, row)| json!({"Row": row, "errors": {field: [unproven]}, "codes": {field: ["email_not_verified"]}}),
    );
    let rejected: Vec<_> = rejected.collect();
    let answer = ada.admin.post("/api/organizations/users/associations/import", &rows).await.ok();
    assert_eq!(answer, json!({"Rows": 2, "Written": 0, "Unchanged": 0, "Rejected": rejected}));

    world.prove(&email, "her own password").await;
    ada.admin.post(ADMINS, &json!({"Email": email})).await.ok();
    ada.admin.post(ASSOCIATE, &by_id).await.ok();
}

#[tokio::test]
async fn a_founder_on_an_unproven_address_stays_an_admin_and_is_welcome() {
    let world = World::new();
    let ada = world.found().await;
    let mails = mails_at(&world.anyone, &ada.email, 2).await;
    let mut subjects: Vec<_> = mails.iter().map(|mail| mail["Subject"].as_str().unwrap()).collect();
    subjects.sort_unstable();
    assert!(subjects[0] == "Confirm your e-mail address" && subjects[1].ends_with(" is ready"), "{subjects:?}");
    assert_eq!(ada.admin.post(ADMINS, &json!({"Email": ada.email})).await.ok(), json!({"Success": true}));
}

#[tokio::test]
async fn a_founder_on_an_unproven_address_invites_and_promotes_nobody_not_by_a_machine_either() {
    let world = World::new();
    let ada = world.found().await;
    let (_, proven) = world.sign_up().await;
    world.prove(&proven, PASSWORD).await;
    let made = ada.admin.post("/api/organizations/api-access", &json!({"Name": "Shop"})).await.ok();
    let login = json!({"OrgCode": ada.code, "ClientId": made["ClientId"], "ClientSecret": made["ClientSecret"]});
    let machine = world.by(&world.anyone.post("/api/auth/login", &login).await.ok()["AccessToken"]);

    let nobody = format!("{}@person.example", unique("worker"));
    let invitation = json!({"FirstName": "A", "LastName": "B", "Email": nobody});
    let refused = "Prove your e-mail address first, by the link that was mailed to it. Until then you invite and promote \
                   nobody.";
    ada.admin.post("/api/users", &invitation).await.problem(403, refused);
    machine.post("/api/users", &invitation).await.problem(403, refused);
    for email in [&proven, &nobody] {
        ada.admin.post(ADMINS, &json!({"Email": email})).await.problem(403, refused);
    }
    assert_eq!(ada.admin.get(ADMINS).await.ok().as_array().unwrap().len(), 1);

    world.prove(&ada.email, PASSWORD).await;
    machine.post("/api/users", &invitation).await.ok();
    let admin = world.sign_in(&ada.email, PASSWORD, Some(&ada.code)).await;
    admin.post(ADMINS, &json!({"Email": proven})).await.ok();
    assert_eq!(mails_at(&world.anyone, &nobody, 1).await.len(), 1, "nothing was mailed before");
}

#[tokio::test]
async fn who_registered_somebody_elses_address_is_out_once_its_owner_proves_it() {
    let world = World::new();
    // A squatter signs up, and founds an organization, with an address that isn't his.
    let squatted = world.found().await;
    let user = world.sign_in(&squatted.email, PASSWORD, None).await;
    squatted.admin.get("/api/organization").await.ok();

    // Its owner opens the mailed link.
    world.prove(&squatted.email, "the owner's password").await;

    let login = json!({"Email": squatted.email, "Password": PASSWORD});
    assert_eq!(world.anyone.post("/api/auth/login", &login).await.status, 401, "the password");
    let access = json!({"OrgCode": squatted.code});
    assert_eq!(user.post("/api/auth/access", &access).await.status, 401, "the user token");
    assert_eq!(user.get("/api/users/me").await.status, 401);
    let ended = "The sign-in that the access token came from has ended.";
    squatted.admin.get("/api/organization").await.problem(401, ended);
    assert_eq!(squatted.admin.get("/api/users/me").await.status, 401, "the organization token");
    let patch = squatted.admin.request(Method::PATCH, "/api/organization").json(&json!({"BillingCity": "Berlin"}));
    assert_eq!(squatted.admin.send(patch).await.status, 401);
    let tier = json!({"Name": "Gold", "CurrencyCode": "EUR"});
    assert_eq!(squatted.admin.post("/api/organizations/price-tiers", &tier).await.status, 401);

    let owner = world.sign_in(&squatted.email, "the owner's password", Some(&squatted.code)).await;
    assert_eq!(owner.get(ADMINS).await.ok().as_array().unwrap().len(), 1);
    owner.post("/api/organizations/price-tiers", &tier).await;
    owner.get("/api/organization").await.ok();
}

#[tokio::test]
async fn a_reset_that_a_stranger_asks_for_leaves_the_verification_link_good() {
    let world = World::new();
    let (_, email) = world.sign_up().await;
    mails_at(&world.anyone, &email, 1).await;
    world.anyone.post("/api/auth/forgot-password", &json!({"Email": email})).await;
    mails_at(&world.anyone, &email, 2).await;
    world.prove(&email, "her own password").await;
    world.sign_in(&email, "her own password", None).await;
}

#[tokio::test]
async fn sign_ups_with_a_mailboxs_tagged_addresses_mail_it_five_times_an_hour() {
    let world = World::new();
    let name = unique("victim");
    let sign_up = async |email: &str| {
        let body = json!({"FirstName": "A", "LastName": "B", "Email": email, "Password": PASSWORD});
        world.anyone.post("/api/users", &body).await.ok();
    };
    let tagged = |tag: u32| format!("{name}+{tag}@person.example");
    for tag in 1..=6 {
        sign_up(&tagged(tag)).await;
    }
    // Nobody uses up what the owner of the plain address needs.
    let plain = format!("{name}@person.example");
    sign_up(&plain).await;
    mails_at(&world.anyone, &plain, 1).await;
    for tag in 1..=5 {
        mails_at(&world.anyone, &tagged(tag), 1).await;
    }
    let mailbox = world.anyone.get("/_local/mailbox").await.ok();
    assert!(mailbox.as_array().unwrap().iter().all(|mail| mail["To"] != tagged(6).as_str()));
    // The owner of the sixth address verifies it by a reset.
    world.anyone.post("/api/auth/forgot-password", &json!({"Email": tagged(6)})).await;
    let mails = mails_at(&world.anyone, &tagged(6), 1).await;
    let body = json!({"Token": link_token(&mails[0]), "Password": "her own password"});
    world.anyone.post("/api/auth/reset-password", &body).await.ok();
    let user = world.sign_in(&tagged(6), "her own password", None).await;
    assert_eq!(user.get("/api/users/me").await.ok()["EmailVerified"], true);
}

#[tokio::test]
async fn an_invited_user_proves_the_address_by_setting_the_password() {
    let world = World::new();
    let ada = world.found_proven().await;
    let email = format!("{}@person.example", unique("grace"));
    let body = json!({"FirstName": "Grace", "LastName": "Hopper", "Email": email});
    ada.admin.post("/api/users", &body).await.ok();
    let mails = mails_at(&world.anyone, &email, 1).await;
    assert_eq!(mails.len(), 1, "the invitation is proof enough");
    let body = json!({"Token": link_token(&mails[0]), "Password": PASSWORD});
    world.anyone.post("/api/auth/reset-password", &body).await.ok();
    ada.admin.post(ADMINS, &json!({"Email": email})).await.ok();
    let grace = world.sign_in(&email, PASSWORD, Some(&ada.code)).await;
    grace.get("/api/organization").await.ok();
}

#[tokio::test]
async fn who_buys_for_a_customer_is_promoted_past_the_limit_on_strangers() {
    let world = World::new();
    let ada = world.found_proven().await;
    let (grace, email) = world.sign_up().await;
    world.prove(&email, "her own password").await;
    ada.admin.post(ASSOCIATE, &json!({"UserId": grace, "CustomerNumber": "C-1"})).await.ok();
    let invite = async || {
        let stranger = format!("{}@person.example", unique("ida"));
        ada.admin.post("/api/users", &json!({"FirstName": "Ida", "LastName": "Rhodes", "Email": stranger})).await
    };
    for _ in 0..MAX_INVITATIONS {
        invite().await.ok();
    }
    assert_eq!(invite().await.status, 429);
    ada.admin.post(ADMINS, &json!({"Email": email})).await.ok();
    world.sign_in(&email, "her own password", Some(&ada.code)).await.get("/api/organization").await.ok();
}

#[tokio::test]
async fn an_account_that_founds_an_organization_before_its_proof_is_its_admin() {
    let world = World::new();
    let (_, email) = world.sign_up().await;
    let user = json!({"FirstName": "Grace", "LastName": "Hopper", "Email": email, "Password": PASSWORD});
    let body = json!({"Organization": {"Name": unique("Org")}, "User": user});
    let code = world.anyone.post("/api/organizations", &body).await.ok()["Slug"].as_str().unwrap().to_owned();
    world.sign_in(&email, PASSWORD, Some(&code)).await.get("/api/organization").await.ok();
}
