//! What an acceptance gives, and to whom.

use super::*;

/// The organization's associations.
async fn associations(tenant: &Tenant) -> Value {
    tenant.admin.get(ASSOCIATIONS).await.ok()
}

async fn sign_in(email: &str, password: &str, code: Option<&str>) -> Answer {
    Anonymous.post(LOGIN, &json!({"Email": email, "Password": password, "OrgCode": code})).await
}

#[tokio::test]
async fn without_an_account_the_acceptance_makes_one_with_everything_that_was_promised() {
    let tenant = tenant().await;
    let (email, token, invitation) = invited(&tenant, &json!({"Roles": ["admin"], "CustomerNumber": "C-1"})).await;
    let view = Anonymous.post(VIEW, &json!({"Token": token})).await.ok();
    let expected = json!({
        "OrganizationName": tenant.name, "InviterName": "Ada Lovelace", "Email": email, "Roles": ["admin", "customer"],
        "CustomerNumber": "C-1", "FirstName": "Grace", "LastName": "Hopper", "MakesAccount": true, "EndsPassword": false,
    });
    assert_eq!(view, expected);
    accept(&json!({"Token": token})).await.fields(&json!({"Password": ["is required"]}));
    let accepted = accept(&json!({"Token": token, "Password": PASSWORD})).await.ok();
    let expected = json!({
        "Success": true, "UserId": accepted["UserId"], "AccountCreated": true, "IdentityOrganizationId": tenant.code,
        "Name": tenant.name, "Roles": ["admin", "customer"],
    });
    assert_eq!(accepted, expected);

    let signed_in = sign_in(&email, PASSWORD, Some(&tenant.code)).await.ok();
    assert_eq!(signed_in["UserId"], accepted["UserId"]);
    let grace = Member { token: signed_in["AccessToken"].as_str().unwrap().to_owned() };
    let admin = json!({
        "Id": accepted["UserId"], "Email": email, "FirstName": "Grace", "LastName": "Hopper", "Roles": ["admin"],
    });
    assert!(grace.get(ADMINS).await.ok().as_array().unwrap().contains(&admin));
    let account = grace.get("/api/users/me").await.ok();
    assert_eq!(account["EmailVerified"], true);
    let association = json!({"UserId": accepted["UserId"], "CustomerNumber": "C-1", "OrganizationId": tenant.id});
    assert_eq!(associations(&tenant).await["Data"], json!([association]));
    assert_eq!(listed(&tenant, "").await, [(invitation["InvitationId"].clone(), json!("accepted"))]);

    accept(&json!({"Token": token, "Password": PASSWORD})).await.fields(&dead());
    Anonymous.post(VIEW, &json!({"Token": token})).await.fields(&dead());
    let closed = "The invitation was accepted or withdrawn before.";
    withdraw(&tenant.admin, &invitation).await.problem(409, closed);
    // The two admins are counted: one can go, and the other stays.
    tenant.admin.delete(ADMINS, &json!({"UserId": tenant.admin_id})).await.ok();
    let last = grace.delete(ADMINS, &json!({"UserId": accepted["UserId"]})).await;
    last.fields(&json!({"UserId": ["is the last admin of this organization"]}));
}

#[tokio::test]
async fn a_person_whose_names_the_inviter_does_not_say_says_them() {
    let tenant = tenant().await;
    let email = address("grace");
    invite(&tenant, &json!({"Email": email, "LastName": "Hopper", "Roles": ["admin"]})).await;
    let token = tokens(&email, 1).await.remove(0);
    let missing = json!({"Password": ["is required"], "FirstName": ["is required"]});
    accept(&json!({"Token": token})).await.fields(&missing);
    let reset = json!({"Token": token, "Password": PASSWORD});
    let unknown = json!({"FirstName": ["isn't known yet: accept the invitation on its own page"]});
    Anonymous.post("/api/auth/reset-password", &reset).await.fields(&unknown);
    accept(&json!({"Token": token, "FirstName": "Amazing", "Password": PASSWORD})).await.ok();
    let admins = tenant.admin.get(ADMINS).await.ok();
    let names = |admin: &Value| (admin["FirstName"].clone(), admin["LastName"].clone());
    let expected = (json!("Amazing"), json!("Hopper"));
    assert!(admins.as_array().unwrap().iter().any(|admin| names(admin) == expected), "{admins}");
}

#[tokio::test]
async fn a_password_that_a_stranger_would_guess_is_refused_and_the_link_stays_good() {
    let tenant = tenant_named(&unique("Initrode")).await;
    let (email, token, _) = invited(&tenant, &json!({})).await;
    let public = json!(["must not be a name or a part of the e-mail address, also with digits after it"]);
    for (password, fault) in [
        ("initrode1", public.clone()),
        ("hopper1234", public),
        ("12345678", json!(["is one of the passwords that everybody tries first"])),
        (&email, json!(["must not be the e-mail address"])),
        ("short", json!(["must have 8 to 128 characters"])),
    ] {
        accept(&json!({"Token": token, "Password": password})).await.fields(&json!({"Password": fault}));
    }
    accept(&json!({"Token": token, "Password": PASSWORD})).await.ok();
}

#[tokio::test]
async fn who_is_signed_in_at_the_acceptance_makes_no_difference() {
    let tenant = tenant().await;
    let (eve, grace) = (person().await, person().await);
    let body = json!({"Email": grace.email, "Roles": ["admin"]});
    invite(&tenant, &body).await;
    let token = tokens(&grace.email, 1).await.remove(0);
    let accepted = eve.signed_in().await.post(ACCEPT, &json!({"Token": token})).await.ok();
    assert_eq!(accepted["UserId"], grace.id.as_str());
    let ids = tenant.admin_ids().await;
    assert!(ids.contains(&grace.id) && !ids.contains(&eve.id), "{ids:?}");
}

#[tokio::test]
async fn two_organizations_that_invite_one_person_get_one_account() {
    let (one, other) = (tenant().await, tenant().await);
    let email = address("grace");
    for tenant in [&one, &other] {
        invite(tenant, &json!({"Email": email, "FirstName": "A", "LastName": "B", "Roles": ["admin"]})).await;
    }
    let tokens = tokens(&email, 2).await;
    let first = accept(&json!({"Token": tokens[0], "Password": PASSWORD})).await.ok();
    let second = accept(&json!({"Token": tokens[1], "Password": "another good one"})).await.ok();
    assert_eq!(first["UserId"], second["UserId"]);
    assert_eq!((&first["AccountCreated"], &second["AccountCreated"]), (&json!(true), &json!(false)));
    let signed_in = sign_in(&email, PASSWORD, None).await.ok();
    assert_eq!(signed_in["Organizations"].as_array().unwrap().len(), 2);
    assert_eq!(sign_in(&email, "another good one", None).await.status, 401, "an account's password stays");
}

#[tokio::test]
async fn who_signs_up_meanwhile_accepts_by_that_account() {
    let tenant = tenant().await;
    let (email, token, _) = invited(&tenant, &json!({"CustomerNumber": "C-1"})).await;
    let sign_up = json!({"FirstName": "G", "LastName": "H", "Email": email, "Password": "her own good one"});
    let account = Anonymous.post(USERS, &sign_up).await.ok();
    let view = Anonymous.post(VIEW, &json!({"Token": token})).await.ok();
    assert_eq!(view["MakesAccount"], false);
    let accepted = accept(&json!({"Token": token, "Password": PASSWORD})).await.ok();
    assert_eq!((&accepted["UserId"], &accepted["AccountCreated"]), (&account["UserId"], &json!(false)));
    assert_eq!(sign_in(&email, "her own good one", Some(&tenant.code)).await.status, 200);
    assert_eq!(sign_in(&email, PASSWORD, None).await.status, 401);
}

#[tokio::test]
async fn what_was_promised_holds_when_the_inviter_is_gone_and_what_was_given_since_stays() {
    let tenant = tenant().await;
    let (inviter, second) = tenant.second_admin().await;
    let grace = person().await;
    let body = json!({"Email": grace.email, "Roles": ["admin"], "CustomerNumber": "C-1"});
    assert_eq!(inviter.post(INVITATIONS, &body).await.status, 201);
    tenant.admin.delete(ADMINS, &json!({"UserId": second.id})).await.ok();
    tenant.promote(&grace.email).await;
    let link = json!({"UserId": grace.id, "CustomerNumber": "C-2"});
    tenant.admin.post("/api/organizations/users/associate-customer", &link).await.ok();
    let mails = mails_to(&grace.email, 2).await;
    let mail = mails.iter().find(|mail| mail["Text"].as_str().unwrap().contains("?token=")).unwrap();
    accept(&json!({"Token": link_token(mail)})).await.ok();
    assert_eq!(tenant.admin_ids().await.len(), 2);
    assert_eq!(associations(&tenant).await["Data"][0]["CustomerNumber"], "C-2");
    tenant.admin.delete(ADMINS, &json!({"UserId": grace.id})).await.ok();
    let last = tenant.admin.delete(ADMINS, &json!({"UserId": tenant.admin_id})).await;
    last.fields(&json!({"UserId": ["is the last admin of this organization"]}));
}

#[tokio::test]
async fn an_acceptance_that_is_sent_again_with_its_key_is_answered_as_the_first() {
    let tenant = tenant().await;
    let (_, token, _) = invited(&tenant, &json!({"Roles": ["admin"]})).await;
    let once = async |password: &str| {
        let request = Anonymous.request(Method::POST, ACCEPT).header("idempotency-key", "once");
        Anonymous.send(request.json(&json!({"Token": token, "Password": password}))).await
    };
    let (first, second) = (once(PASSWORD).await, once("another good one").await);
    assert_eq!((second.status, second.header("idempotency-replayed"), &second.text), (200, "true", &first.text));
}

#[tokio::test]
async fn an_altered_token_or_that_of_another_kind_of_link_accepts_nothing() {
    let tenant = tenant().await;
    let (_, token, _) = invited(&tenant, &json!({})).await;
    let grace = person().await;
    Anonymous.post("/api/auth/forgot-password", &json!({"Email": grace.email})).await;
    let reset = tokens(&grace.email, 1).await.remove(0);
    for other in [reset, format!("{token}A"), "0.0".to_owned(), String::new()] {
        accept(&json!({"Token": other, "Password": PASSWORD})).await.fields(&dead());
        Anonymous.post(VIEW, &json!({"Token": other})).await.fields(&dead());
    }
    accept(&json!({})).await.fields(&json!({"Token": ["is required"]}));
    Anonymous.post(VIEW, &json!({})).await.fields(&json!({"Token": ["is required"]}));
    accept(&json!({"Token": token, "Password": PASSWORD})).await.ok();
}
