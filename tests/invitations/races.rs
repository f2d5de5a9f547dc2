//! Callers that meet: whatever the order, there is one effect, and nothing is half made.

use futures_util::future::{join, join_all};

use super::*;

async fn count_of_admins(tenant: &Tenant) -> usize {
    tenant.admin_ids().await.len()
}

/// Asserts that the organization counts as many admins as it has: all but one can go.
async fn assert_counted(tenant: &Tenant) {
    for id in tenant.admin_ids().await.into_iter().filter(|id| *id != tenant.admin_id) {
        tenant.admin.delete(ADMINS, &json!({"UserId": id})).await.ok();
    }
    let last = tenant.admin.delete(ADMINS, &json!({"UserId": tenant.admin_id})).await;
    last.fields(&json!({"UserId": ["is the last admin of this organization"]}));
}

#[tokio::test]
async fn sixteen_invitations_of_one_address_at_once_are_one() {
    let tenant = tenant().await;
    let email = address("grace");
    let body = json!({"Email": email, "Roles": ["admin"]});
    let invitations = join_all((0..16).map(|_| invite(&tenant, &body))).await;
    assert!(invitations.iter().all(|invitation| invitation["InvitationId"] == invitations[0]["InvitationId"]));
    assert_eq!(listed(&tenant, "").await.len(), 1);
    assert_eq!(tokens(&email, 1).await.len(), 1);
}

#[tokio::test]
async fn sixteen_acceptances_at_once_make_one_account_and_one_admin() {
    let tenant = tenant().await;
    let (email, token, _) = invited(&tenant, &json!({"Roles": ["admin"], "CustomerNumber": "C-1"})).await;
    let passwords: Vec<_> = (0..16).map(|number| format!("good password {number}")).collect();
    let bodies: Vec<_> = passwords.iter().map(|word| json!({"Token": token, "Password": word})).collect();
    let answers = join_all(bodies.iter().map(accept)).await;
    let winners: Vec<_> = passwords.iter().zip(&answers).filter(|(_, answer)| answer.status == 200).collect();
    assert_eq!(winners.len(), 1, "{answers:?}");
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        answer.fields(&dead());
    }
    Anonymous.post(LOGIN, &json!({"Email": email, "Password": winners[0].0})).await.ok();
    assert_eq!(count_of_admins(&tenant).await, 2);
    assert_eq!(tenant.admin.get(ASSOCIATIONS).await.ok()["TotalCount"], 1);
    assert_counted(&tenant).await;
}

#[tokio::test]
async fn an_invitation_that_is_accepted_and_withdrawn_at_once_is_one_of_the_two() {
    let tenant = tenant().await;
    let mut admins = 1;
    for _ in 0..4 {
        let (_, token, invitation) = invited(&tenant, &json!({"Roles": ["admin"]})).await;
        let body = json!({"Token": token, "Password": PASSWORD});
        let (accepted, withdrawn) = join(accept(&body), withdraw(&tenant.admin, &invitation)).await;
        let status = if accepted.status == 200 {
            withdrawn.problem(409, "The invitation was accepted or withdrawn before.");
            admins += 1;
            "accepted"
        } else {
            accepted.fields(&dead());
            withdrawn.ok();
            "withdrawn"
        };
        assert_eq!(listed(&tenant, "").await[0], (invitation["InvitationId"].clone(), json!(status)));
        assert_eq!(count_of_admins(&tenant).await, admins);
    }
    assert_counted(&tenant).await;
}

#[tokio::test]
async fn who_accepts_and_signs_up_at_once_has_one_account() {
    let tenant = tenant().await;
    for _ in 0..4 {
        let (email, token, _) = invited(&tenant, &json!({"Roles": ["admin"]})).await;
        let sign_up = json!({"FirstName": "G", "LastName": "H", "Email": email, "Password": "her own good one"});
        let body = json!({"Token": token, "Password": PASSWORD});
        let (accepted, signed_up) = join(accept(&body), Anonymous.post(USERS, &sign_up)).await;
        let accepted = accepted.ok();
        let password = if signed_up.status == 200 {
            assert_eq!(signed_up.json()["UserId"], accepted["UserId"]);
            "her own good one"
        } else {
            signed_up.fields(&json!({"Email": ["has an account already"]}));
            PASSWORD
        };
        let login = json!({"Email": email, "Password": password, "OrgCode": tenant.code});
        assert_eq!(Anonymous.post(LOGIN, &login).await.ok()["UserId"], accepted["UserId"]);
    }
    assert_counted(&tenant).await;
}

#[tokio::test]
async fn links_of_two_organizations_used_at_once_make_one_account_that_belongs_to_both() {
    let (one, other) = (tenant().await, tenant().await);
    let email = address("grace");
    for tenant in [&one, &other] {
        invite(tenant, &json!({"Email": email, "FirstName": "G", "LastName": "H", "Roles": ["admin"]})).await;
    }
    let tokens = tokens(&email, 2).await;
    let bodies = [json!({"Token": tokens[0], "Password": PASSWORD}), json!({"Token": tokens[1], "Password": PASSWORD})];
    let (first, second) = join(accept(&bodies[0]), accept(&bodies[1])).await;
    let (first, second) = (first.ok(), second.ok());
    assert_eq!(first["UserId"], second["UserId"]);
    assert_ne!(first["AccountCreated"], second["AccountCreated"]);
    let signed_in = Anonymous.post(LOGIN, &json!({"Email": email, "Password": PASSWORD})).await.ok();
    assert_eq!(signed_in["Organizations"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn who_is_invited_accepts_and_is_withdrawn_by_sixteen_callers_at_once_is_counted_right() {
    let tenant = tenant().await;
    let (email, token, invitation) = invited(&tenant, &json!({"Roles": ["admin"], "CustomerNumber": "C-1"})).await;
    let again = json!({"Email": email, "Roles": ["admin"]});
    let accepting = json!({"Token": token, "Password": PASSWORD});
    let calls = (0..16).map(|number| {
        let (tenant, again, accepting, invitation) = (&tenant, &again, &accepting, &invitation);
        async move {
            match number % 3 {
                0 => tenant.admin.post(INVITATIONS, again).await,
                1 => accept(accepting).await,
                _ => withdraw(&tenant.admin, invitation).await,
            }
        }
    });
    for answer in join_all(calls).await {
        assert!([200, 201, 400, 409].contains(&answer.status), "{answer:?}");
    }
    let ended = listed(&tenant, "").await.into_iter().find(|(id, _)| *id == invitation["InvitationId"]).unwrap().1;
    let is_accepted = ended == "accepted";
    assert!(is_accepted || ended == "withdrawn", "{ended}");
    let customers = tenant.admin.get(ASSOCIATIONS).await.ok()["TotalCount"].clone();
    assert_eq!(
        (count_of_admins(&tenant).await, customers),
        (1 + usize::from(is_accepted), json!(u8::from(is_accepted)))
    );
    assert_counted(&tenant).await;
}
