//! Where addresses have to be proven, an acceptance is a proof.

use crate::support::{Elsewhere, mails_at, server_requiring_verified_email};

use super::*;

struct World {
    anyone: Elsewhere,
    admin: Elsewhere,
    code: String,
}

impl World {
    /// An organization whose founder has proven the address.
    async fn new() -> Self {
        let anyone = Elsewhere { url: Some(server_requiring_verified_email().url.clone()), ..Elsewhere::default() };
        let email = format!("{}@founder.example", unique("ada"));
        let user = json!({"FirstName": "Ada", "LastName": "Lovelace", "Email": email, "Password": PASSWORD});
        let body = json!({"Organization": {"Name": unique("Org")}, "User": user});
        let code = anyone.post("/api/organizations", &body).await.ok()["Slug"].as_str().unwrap().to_owned();
        let world = Self { admin: anyone.clone(), anyone, code };
        let reset = json!({"Token": world.link(&email).await, "Password": PASSWORD});
        world.anyone.post("/api/auth/reset-password", &reset).await.ok();
        let admin = world.sign_in(&email, Some(&world.code)).await;
        Self { admin, ..world }
    }

    /// The token of the first mail to the address that has one.
    async fn link(&self, email: &str) -> String {
        for count in 1.. {
            let mails = mails_at(&self.anyone, email, count).await;
            if let Some(mail) = mails.iter().find(|mail| mail["Text"].as_str().unwrap().contains("?token=")) {
                return link_token(mail);
            }
        }
        unreachable!("there are mails without end")
    }

    async fn sign_in(&self, email: &str, code: Option<&str>) -> Elsewhere {
        let login = json!({"Email": email, "Password": PASSWORD, "OrgCode": code});
        let token = self.anyone.post(LOGIN, &login).await.ok()["AccessToken"].as_str().unwrap().to_owned();
        Elsewhere { token: Some(token), ..self.anyone.clone() }
    }

    async fn invite(&self, email: &str) -> String {
        let body = json!({"Email": email, "FirstName": "G", "LastName": "H", "Roles": ["admin"]});
        let before = self.tokens(email).await;
        assert_eq!(self.admin.post(INVITATIONS, &body).await.status, 201);
        loop {
            if let Some(new) = self.tokens(email).await.into_iter().find(|token| !before.contains(token)) {
                return new;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    async fn tokens(&self, email: &str) -> Vec<String> {
        let mails = mails_at(&self.anyone, email, 0).await;
        let with_link = mails.iter().filter(|mail| mail["Text"].as_str().unwrap().contains("?token="));
        with_link.map(link_token).collect()
    }
}

#[tokio::test]
async fn an_account_that_an_acceptance_makes_is_proven_and_has_no_end() {
    let world = World::new().await;
    let email = address("grace");
    let token = world.invite(&email).await;
    world.anyone.post(ACCEPT, &json!({"Token": token, "Password": PASSWORD})).await.ok();
    let grace = world.sign_in(&email, Some(&world.code)).await;
    assert_eq!(grace.get("/api/users/me").await.ok()["EmailVerified"], true);
    // Who has proven the address invites.
    assert_eq!(grace.post(INVITATIONS, &json!({"Email": address("ida")})).await.status, 201);
}

#[tokio::test]
async fn whoever_squatted_an_address_is_out_once_its_owner_accepts() {
    let world = World::new().await;
    for chooses in [false, true] {
        let email = address("grace");
        let sign_up = json!({"FirstName": "G", "LastName": "H", "Email": email, "Password": PASSWORD});
        let account = world.anyone.post(USERS, &sign_up).await.ok();
        world.link(&email).await;
        let squatter = world.sign_in(&email, None).await;
        let token = world.invite(&email).await;
        let view = world.anyone.post(VIEW, &json!({"Token": token})).await.ok();
        assert_eq!((&view["MakesAccount"], &view["EndsPassword"]), (&json!(false), &json!(true)));
        let mut body = json!({"Token": token});
        if chooses {
            body["Password"] = json!("12345678");
            let common = json!({"Password": ["is one of the passwords that everybody tries first"]});
            world.anyone.post(ACCEPT, &body).await.fields(&common);
            body["Password"] = json!("the owner's own one");
        }
        let accepted = world.anyone.post(ACCEPT, &body).await.ok();
        assert_eq!((&accepted["UserId"], &accepted["AccountCreated"]), (&account["UserId"], &json!(false)));
        assert_eq!(squatter.get("/api/users/me").await.status, 401, "the session");
        let login = |password: &str| json!({"Email": email, "Password": password});
        assert_eq!(world.anyone.post(LOGIN, &login(PASSWORD)).await.status, 401, "the password");
        let own = world.anyone.post(LOGIN, &login("the owner's own one")).await;
        assert_eq!(own.status, if chooses { 200 } else { 401 });
    }
}

#[tokio::test]
async fn an_account_that_was_proven_before_keeps_password_and_sessions() {
    let world = World::new().await;
    let email = address("grace");
    let sign_up = json!({"FirstName": "G", "LastName": "H", "Email": email, "Password": PASSWORD});
    world.anyone.post(USERS, &sign_up).await.ok();
    let reset = json!({"Token": world.link(&email).await, "Password": PASSWORD});
    world.anyone.post("/api/auth/reset-password", &reset).await.ok();
    let grace = world.sign_in(&email, None).await;
    let token = world.invite(&email).await;
    world.anyone.post(ACCEPT, &json!({"Token": token, "Password": "another good one"})).await.ok();
    assert_eq!(grace.get("/api/users/me").await.status, 200);
    world.sign_in(&email, Some(&world.code)).await.get("/api/organization").await.ok();
}

#[tokio::test]
async fn a_founder_who_has_not_proven_the_address_invites_nobody() {
    let world = World::new().await;
    let email = format!("{}@founder.example", unique("ada"));
    let user = json!({"FirstName": "Ada", "LastName": "Lovelace", "Email": email, "Password": PASSWORD});
    let body = json!({"Organization": {"Name": unique("Org")}, "User": user});
    let code = world.anyone.post("/api/organizations", &body).await.ok()["Slug"].as_str().unwrap().to_owned();
    let founder = world.sign_in(&email, Some(&code)).await;
    let refused = "Prove your e-mail address first, by the link that was mailed to it. Until then you invite and promote \
                   nobody.";
    founder.post(INVITATIONS, &json!({"Email": address("grace")})).await.problem(403, refused);
}
