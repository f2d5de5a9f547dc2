use axum::{http::header, response::IntoResponse};
use domain::conditional::FailedPrecondition;
use table::{
    AcceptError, AdminError, AssociationError, CustomerError, Error, ExternalIdentityError, InvitationError, Limited,
    LinkError, ListError, LoginAttemptsError, MachineError, OrganizationRecord, PriceTierError, ProfileError,
    RemovalError, SessionEnded, SettingsError, SignUpError,
};

use super::OnField;
use crate::{
    problem::Problem,
    request::{Fields, JsonObject},
};

#[test]
fn each_refusal_has_its_status_and_its_code() {
    let named = JsonObject::default().with("Name", "Acme".into());
    let organization = OrganizationRecord::new(Fields::read(named).unwrap());
    for (problem, status, code) in [
        (Error::OrganizationGone.into(), 400, "organization_gone"),
        (Error::NotAdmin.into(), 403, "role_lost"),
        (Error::CallerUnverified.into(), 403, "own_email_not_verified"),
        (Error::InvalidKey.into(), 401, "key_invalid"),
        (Error::KeyReused.into(), 422, "idempotency_key_reused"),
        (Error::LimitReached { limited: Limited::Creations, seconds: 7 }.into(), 429, "rate_limited"),
        (Error::Unavailable("throttled".to_owned()).into(), 503, "unavailable"),
        (Error::Internal("a broken item".into()).into(), 500, "internal_error"),
        (SessionEnded.into(), 401, "session_ended"),
        (SignUpError::AddressTaken.into(), 400, "email_taken"),
        (InvitationError::AlreadyMember.into(), 400, "already_member"),
        (InvitationError::NotFound.into(), 404, "invitation_not_found"),
        (InvitationError::Closed.into(), 409, "invitation_closed"),
        (InvitationError::MailedLately(7).into(), 429, "rate_limited"),
        (InvitationError::TooManyMails(7).into(), 429, "rate_limited"),
        (AcceptError::AccountNeeded.into(), 400, "validation_failed"),
        (AcceptError::Link(LinkError::Dead).into(), 400, "invalid_link"),
        (LoginAttemptsError::TooMany(7).into(), 429, "too_many_attempts"),
        (LoginAttemptsError::TooManyFromSource(7).into(), 429, "too_many_attempts"),
        (LoginAttemptsError::OnlyFromKnownSources.into(), 429, "unknown_source"),
        (LinkError::Dead.into(), 400, "invalid_link"),
        (ExternalIdentityError::NoAccount.into(), 403, "identity_without_account"),
        (ExternalIdentityError::BoundToAnother.into(), 403, "account_bound"),
        (ExternalIdentityError::BoundToAnotherIssuer.into(), 403, "account_bound"),
        (ExternalIdentityError::ForeignDomain.into(), 403, "domain_not_trusted"),
        (FailedPrecondition::Match.into(), 412, "precondition_failed"),
        (SettingsError::Precondition(FailedPrecondition::Match).into(), 412, "precondition_failed"),
        (SettingsError::NotAccepted(Box::new(organization)).into(), 400, "validation_failed"),
        (SettingsError::NameTaken.into(), 400, "name_taken"),
        (AdminError::NoAccount.into(), 400, "account_not_found"),
        (AdminError::EmailNotVerified.into(), 400, "email_not_verified"),
        (AdminError::NotAnAdmin.into(), 400, "not_an_admin"),
        (AdminError::LastAdmin.into(), 400, "last_admin"),
        (RemovalError::NotAUser.into(), 400, "user_not_found"),
        (RemovalError::LastAdmin.into(), 400, "last_admin"),
        (MachineError::NotFound.into(), 400, "credential_not_found"),
        (PriceTierError::NotFound.on_field("Name"), 400, "price_tier_not_found"),
        (PriceTierError::NameTaken.on_field("Name"), 400, "name_taken"),
        (PriceTierError::InUse(2).on_field("Name"), 400, "price_tier_in_use"),
        (PriceTierError::LimitReached.on_field("Name"), 400, "price_tier_limit"),
        (ProfileError::Precondition(FailedPrecondition::NoneMatch).into(), 412, "precondition_failed"),
        (CustomerError::Precondition(FailedPrecondition::NoneMatch).into(), 412, "precondition_failed"),
        (CustomerError::NotFound.into(), 404, "customer_not_found"),
        (CustomerError::NoPriceTier.into(), 400, "price_tier_not_found"),
        (AssociationError::NoUser.into(), 400, "account_not_found"),
        (AssociationError::NoAccount.into(), 400, "account_not_found"),
        (AssociationError::EmailNotVerified.into(), 400, "email_not_verified"),
        (AssociationError::NotAssociated.into(), 400, "not_associated"),
        (ListError::BadPageToken.into(), 400, "invalid_page_token"),
        (ListError::TooManyRows(1).into(), 400, "too_many_rows"),
    ] {
        let problem: Problem = problem;
        let shown = format!("{problem:?}");
        assert_eq!(problem.code.as_str(), code, "{shown}");
        assert_eq!(problem.into_response().status().as_u16(), status, "{shown}");
    }
}

#[test]
fn an_internal_error_says_nothing_of_its_cause() {
    let problem = Problem::from(Error::Internal("ORG#5f2b9c0e7d1a4b6c8e0f1a2b is broken".into()));
    let body = serde_json::to_value(&problem).unwrap();
    assert_eq!(
        body,
        serde_json::json!({
            "type": "about:blank", "title": "Something broke", "status": 500, "code": "internal_error",
        })
    );
}

#[test]
fn only_an_unavailable_table_asks_to_try_again() {
    let response = Problem::from(Error::Unavailable("throttled".to_owned())).into_response();
    assert_eq!(response.headers()[header::RETRY_AFTER], "1");
    assert!(!Problem::from(Error::NotAdmin).into_response().headers().contains_key(header::RETRY_AFTER));
}
