//! The catalogue of refusals: what each code means and what to do about it.

use axum::http::StatusCode;
use domain::field_error::FieldCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::FieldErrors;

/// Whether a request that was refused may succeed if it is sent again as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Sending the request again is in vain, unless something else changes.
    No,
    /// The request may succeed after the seconds that `Retry-After` says.
    AfterAWhile,
    /// The request may have succeeded already. With the same `Idempotency-Key` it takes effect once.
    WithTheSameKey,
}

impl Retry {
    /// Returns the sentence that the catalogue says.
    #[must_use]
    pub fn advice(self) -> &'static str {
        match self {
            Self::No => "No.",
            Self::AfterAWhile => "Yes, after the seconds that Retry-After says.",
            Self::WithTheSameKey => "Yes, with the same Idempotency-Key, after the seconds that Retry-After says.",
        }
    }
}

/// What the catalogue says of a code.
struct Entry {
    word: &'static str,
    title: &'static str,
    meaning: &'static str,
    remedy: &'static str,
    retry: Retry,
    status: StatusCode,
}

/// Declares the codes: the word that stands for each, its title, what it means, what to do, and whether to send again.
macro_rules! problem_codes {
    ($($status:ident $retry:ident {
        $($code:ident = $word:literal, $title:literal: $meaning:literal, $remedy:literal;)+
    })+) => {
        /// Why a request is refused, as a word that never changes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum ProblemCode {
            $($(#[doc = $meaning] $code,)+)+
        }

        impl ProblemCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$($(Self::$code),+),+];

            fn entry(self) -> &'static Entry {
                match self {
                    $($(Self::$code => &Entry {
                        word: $word,
                        title: $title,
                        meaning: $meaning,
                        remedy: $remedy,
                        retry: Retry::$retry,
                        status: StatusCode::$status,
                    },)+)+
                }
            }
        }
    };
}

problem_codes! {
    BAD_REQUEST No {
        ValidationFailed = "validation_failed", "Some fields can't be used":
            "Fields are missing or break a rule. Nothing was changed.",
            "Correct each field that `errors` names. `codes` has the rule that each breaks.";
        InvalidBody = "invalid_body", "The body can't be read":
            "The body is missing, breaks off, or is no JSON object.",
            "Send a JSON object in UTF-8.";
        OrganizationGone = "organization_gone", "The organization no longer exists":
            "The organization that the token was made for is gone.",
            "Sign in again, and exchange the token for one of another organization.";
        NameTaken = "name_taken", "The name is taken":
            "Another organization, or another price tier of this organization, has the name. Names are compared \
             without case.",
            "Choose another name.";
        EmailTaken = "email_taken", "The e-mail address has an account":
            "An account has the e-mail address already.",
            "Sign in with its password, or set a new one by a mailed link.";
        AlreadyMember = "already_member", "The person belongs to the organization already":
            "Whoever has the e-mail address has a role in the organization already.",
            "List the users, and promote the person or associate the person with a customer.";
        AccountNotFound = "account_not_found", "There is no such account":
            "No account has the e-mail address or the user id.",
            "Invite the person first, or correct the address.";
        EmailNotVerified = "email_not_verified", "The account's e-mail address isn't proven":
            "The account's owner hasn't opened a mailed link yet.",
            "Ask the person to open the link, or invite the address again.";
        NotAnAdmin = "not_an_admin", "The user is no admin":
            "The user is not an admin of this organization.",
            "List the admins, and name one of them.";
        LastAdmin = "last_admin", "The user is the last admin":
            "The organization would have no admin left.",
            "Promote somebody else first.";
        UserNotFound = "user_not_found", "There is no such user":
            "The user has no role in this organization, and no open invitation into it.",
            "List the users, and name one of them.";
        NotAssociated = "not_associated", "The user has no customer":
            "The user is associated with no customer of this organization.",
            "List the associations, and name a user who has one.";
        CredentialNotFound = "credential_not_found", "There is no such machine credential":
            "The organization has no machine credential of this id.",
            "List the machine credentials, and name one of them.";
        PriceTierNotFound = "price_tier_not_found", "There is no such price tier":
            "The organization has no price tier of this name.",
            "List the price tiers, or add one.";
        PriceTierInUse = "price_tier_in_use", "Customers are on the price tier":
            "A price tier can't be removed while customers are on it.",
            "Put its customers on another tier first.";
        PriceTierLimit = "price_tier_limit", "There are as many price tiers as there may be":
            "An organization has at most 100 price tiers.",
            "Remove one that no customer is on.";
        OrganizationNotFound = "organization_not_found", "There is no such organization":
            "No organization has this code.",
            "Use an `IdentityOrganizationId` that a sign-in answered.";
        InvalidPageToken = "invalid_page_token", "The page token can't be used":
            "The page token is altered, or of another query or organization.",
            "Begin again with `PageNumber`, and send each `NextPageToken` with the query that it came from.";
        TooManyRows = "too_many_rows", "Too many rows would have to be tested":
            "The filters would have to be tested row by row on more rows than one call tests.",
            "Add a filter that narrows: `startswith`, `equals`, `gt`, `gte`, `lt` or `lte` on the field that is sorted \
             on.";
        InvalidLink = "invalid_link", "The mailed link can't be used":
            "The link's token is used, void, expired or altered.",
            "Ask for another link.";
        PasswordTooCommon = "password_too_common", "The password would be guessed first":
            "Everybody tries the password first, or it is made of the person's or organization's name or address.",
            "Choose another password, such as a few words that have nothing to do with each other.";
        WrongPassword = "wrong_password", "The present password is wrong":
            "The old password is not the account's.",
            "Send the account's password, or set a new one by a mailed link.";
        SignatureInvalid = "signature_invalid", "The signature can't be used":
            "The event's signature is missing, by another secret, of another body, or older than five minutes.",
            "Send the body as it was signed, with its `Stripe-Signature`, soon after it was signed.";
    }
    UNAUTHORIZED No {
        TokenMissing = "token_missing", "An access token is needed":
            "The request has neither a Bearer token nor an API key.",
            "Sign in, and send the token as `Authorization: Bearer`.";
        TokenInvalid = "token_invalid", "The access token can't be used":
            "The token is malformed, wrongly signed, or of another issuer or audience.",
            "Sign in again.";
        TokenExpired = "token_expired", "The access token has expired":
            "The token's time is over.",
            "Exchange the user token again, or sign in again where that has expired.";
        KeyInvalid = "key_invalid", "The API key can't be used":
            "The key is unknown, removed or expired, or its secret is wrong.",
            "Ask an admin for another machine credential, or the platform's operator for another operator key.";
        SessionEnded = "session_ended", "The sign-in has ended":
            "The owner of the account has signed out, or has set another password.",
            "Sign in again.";
        WrongCredentials = "wrong_credentials", "The credentials are wrong":
            "The e-mail address or the password is wrong, or the client id or the secret.",
            "Correct them. Wrong passwords are counted, and too many are refused for a while.";
    }
    FORBIDDEN No {
        AdminRequired = "admin_required", "This needs the admin role":
            "The token has no admin role of an organization.",
            "Exchange the user token for one of an organization in which the user is an admin.";
        RoleLost = "role_lost", "The admin role has ended":
            "The token says admin, and its holder is no longer one.",
            "Ask an admin to promote the user again.";
        UserTokenRequired = "user_token_required", "This needs a user token":
            "An organization token can't be exchanged for another one.",
            "Send the user token of a sign-in without `OrgCode`, or a machine's token.";
        PersonRequired = "person_required", "This needs a person's own token":
            "The token was not asked for by the account's owner: it is a machine's, or one that a machine asked for.",
            "Sign in as the person.";
        MachineRefused = "machine_refused", "A machine may not do this":
            "Only a person may make or remove admins and machine credentials.",
            "Sign in as an admin.";
        OwnEmailNotVerified = "own_email_not_verified", "Your e-mail address isn't proven":
            "Until its address is proven, an account invites and promotes nobody.",
            "Open the link that was mailed to the address.";
        IssuerEmailNotVerified = "issuer_email_not_verified", "The issuer hasn't verified the e-mail address":
            "The token of the trusted issuer doesn't say that its e-mail address is verified.",
            "Verify the address at the issuer.";
        PlanLimitReached = "plan_limit_reached", "A limit of the organization's plan is reached":
            "The organization has as many of these as its plans allow: `entitlement` says of what, and `limit` how many.",
            "Remove one, or move the organization to a plan that allows more.";
        AccessNotCovered = "access_not_covered", "The machine credential's access doesn't cover this":
            "The credential was made for reading, or for exchanging tokens, alone.",
            "Use a credential whose `Access` covers the call.";
        NoRole = "no_role", "The user has no role in the organization":
            "The user is neither an admin of the organization nor associated with a customer of it.",
            "Ask an admin of the organization for a role.";
        CustomerInactive = "customer_inactive", "The customer is inactive":
            "The user's only role is that of a customer, and the customer is inactive.",
            "Ask an admin to activate the customer.";
        ForeignOrganization = "foreign_organization", "A machine serves its own organization alone":
            "The machine asked for a token of another organization than its own.",
            "Send the code of the machine's own organization.";
        ActingRefused = "acting_refused", "Only a machine may name another user":
            "A person asked for a token of another user.",
            "Leave `UserId` out.";
        IdentityWithoutAccount = "identity_without_account", "The identity has no account":
            "No account here has the e-mail address of the trusted issuer's token.",
            "Invite the address first.";
        AccountBound = "account_bound", "The account is bound to another identity":
            "The account belongs to another identity of this issuer, or to another issuer.",
            "Sign in with the identity that the account is bound to.";
        DomainNotTrusted = "domain_not_trusted", "The issuer may not speak for this domain":
            "The trusted issuer's token has an e-mail address of a domain that the issuer may not speak for.",
            "Add the domain to the issuer's `Domains`, or sign in by password.";
        WebPageRefused = "web_page_refused", "Web pages may not use this port":
            "On one machine, the ports of the table and of the mails refuse what a web page sends.",
            "Use a tool in the place of a page.";
    }
    NOT_FOUND No {
        NotFound = "not_found", "There is nothing here":
            "The API has no such path.",
            "Compare the path with the document, `/openapi.json`. Case and trailing slashes count.";
        CustomerNotFound = "customer_not_found", "There is no such customer":
            "The organization has no customer of this number.",
            "Put the customer first, or correct the number, whose case counts.";
        InvitationNotFound = "invitation_not_found", "There is no such invitation":
            "The organization has no invitation of this id, or has forgotten it: 30 days after its last mail.",
            "List the invitations, and name one of them.";
        UnknownOrganization = "unknown_organization", "There is no such organization":
            "No organization has the id in the path.",
            "Use the `OrganizationId` that the organization's own calls answer.";
        SubscriptionNotFound = "subscription_not_found", "There is no such subscription":
            "The organization has no subscription of the id in the path.",
            "Compare the id with the organization's `Subscriptions`, or put the subscription first.";
        NotAMember = "not_a_member", "You have no role in the organization":
            "The caller is neither an admin of the organization nor associated with a customer of it.",
            "List your organizations, and name one of them.";
    }
    METHOD_NOT_ALLOWED No {
        MethodNotAllowed = "method_not_allowed", "The path has no such method":
            "The API has the path, and answers other methods there.",
            "Use one of the methods that `Allow` lists.";
    }
    CONFLICT No {
        SecretShownOnce = "secret_shown_once", "The secret was shown already":
            "An earlier request with this `Idempotency-Key` made the credential, and its answer showed the secret.",
            "If the secret is lost, remove the credential and make another one with another key.";
        InvitationClosed = "invitation_closed", "The invitation is no longer open":
            "The invitation was accepted or withdrawn before.",
            "List the invitations. Who isn't a user by now can be invited again.";
    }
    PRECONDITION_FAILED No {
        PreconditionFailed = "precondition_failed", "The record was changed meanwhile":
            "The record has not the version that `If-Match` names, or is there although `If-None-Match` says it isn't.",
            "Read the record again, and decide by what it is now.";
    }
    PAYLOAD_TOO_LARGE No {
        BodyTooLarge = "body_too_large", "The body is too large":
            "The body is longer than 64 KiB.",
            "Send less in one request.";
    }
    UNSUPPORTED_MEDIA_TYPE No {
        UnsupportedMediaType = "unsupported_media_type", "The body's type is not supported":
            "The body's `Content-Type` is missing or not JSON, or the body has a `Content-Encoding`.",
            "Send `Content-Type: application/json`, and the body as it is.";
    }
    MISDIRECTED_REQUEST No {
        MisdirectedRequest = "misdirected_request", "This host is not served here":
            "The request did not come through the API's own address; on one machine, it names a host that the \
             server doesn't answer for.",
            "Use the API's own address, the `iss` of its tokens. On one machine, use the address that the server \
             prints, or add the host by `--allow-host`.";
    }
    UNPROCESSABLE_ENTITY No {
        IdempotencyKeyReused = "idempotency_key_reused", "The Idempotency-Key was used with another body":
            "Within 24 hours, a key stands for one request.",
            "Send another key with another request.";
    }
    TOO_MANY_REQUESTS AfterAWhile {
        RateLimited = "rate_limited", "There are too many requests":
            "One network, organization or address has made as many of these as it may for now.",
            "Wait.";
        TooManyAttempts = "too_many_attempts", "There were too many wrong passwords":
            "Too many wrong passwords were sent for the address, or from the network.",
            "Wait, or set a new password by a mailed link.";
        UnknownSource = "unknown_source", "The account lets known sources in alone":
            "After 100 wrong passwords in a row, an address lets only sources try that it has signed in from before.",
            "Sign in from where you did before, or set a new password by a mailed link.";
    }
    INTERNAL_SERVER_ERROR No {
        InternalError = "internal_error", "Something broke":
            "An error of the service. Nothing that was acknowledged is lost.",
            "Tell the support the `traceId`.";
    }
    SERVICE_UNAVAILABLE AfterAWhile {
        Unavailable = "unavailable", "The service is busy":
            "The table is throttled or out of reach. Nothing was changed.",
            "Send the same request again.";
    }
    SERVICE_UNAVAILABLE WithTheSameKey {
        OutcomeUnknown = "outcome_unknown", "The service is busy, and the change may have been made":
            "The answer was due before the service knew whether the change was made.",
            "Look before you try again where you sent no `Idempotency-Key`.";
    }
}

impl ProblemCode {
    /// Returns the code of a request that is refused for these fields: that of the one rule that is broken, where that
    /// rule has one.
    pub(super) fn of_fields(errors: &FieldErrors) -> Self {
        let mut all = errors.iter().flat_map(|(name, errors)| errors.iter().map(move |error| (name, error.code)));
        let (Some((name, code)), None) = (all.next(), all.next()) else { return Self::ValidationFailed };
        match code {
            FieldCode::Taken if name.ends_with("Email") => Self::EmailTaken,
            FieldCode::Taken => Self::NameTaken,
            FieldCode::AlreadyMember => Self::AlreadyMember,
            FieldCode::AccountNotFound => Self::AccountNotFound,
            FieldCode::NotAnAdmin => Self::NotAnAdmin,
            FieldCode::UserNotFound => Self::UserNotFound,
            FieldCode::NotAssociated => Self::NotAssociated,
            FieldCode::CredentialNotFound => Self::CredentialNotFound,
            FieldCode::PriceTierNotFound => Self::PriceTierNotFound,
            FieldCode::OrganizationNotFound => Self::OrganizationNotFound,
            FieldCode::EmailNotVerified => Self::EmailNotVerified,
            FieldCode::LastAdmin => Self::LastAdmin,
            FieldCode::PriceTierInUse => Self::PriceTierInUse,
            FieldCode::PriceTierLimit => Self::PriceTierLimit,
            FieldCode::PasswordTooCommon => Self::PasswordTooCommon,
            FieldCode::WrongPassword => Self::WrongPassword,
            FieldCode::InvalidLink => Self::InvalidLink,
            FieldCode::InvalidPageToken => Self::InvalidPageToken,
            FieldCode::TooManyRows => Self::TooManyRows,
            _ => Self::ValidationFailed,
        }
    }

    /// Returns the word that stands for the code.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.entry().word
    }

    /// Returns the title of every answer with the code.
    #[must_use]
    pub fn title(self) -> &'static str {
        self.entry().title
    }

    /// Returns the status of every answer with the code.
    #[must_use]
    pub fn status(self) -> StatusCode {
        self.entry().status
    }

    /// Returns what the code means.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        self.entry().meaning
    }

    /// Returns what to do about it.
    #[must_use]
    pub fn remedy(self) -> &'static str {
        self.entry().remedy
    }

    /// Returns whether the request may succeed if it is sent again as it is.
    #[must_use]
    pub fn retry(self) -> Retry {
        self.entry().retry
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::ProblemCode;

    #[test]
    fn each_code_has_a_word_of_its_own_and_whole_sentences() {
        let words: HashSet<_> = ProblemCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(words.len(), ProblemCode::ALL.len());
        for code in ProblemCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
            assert!(code.as_str().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{code:?}");
            assert!(code.meaning().ends_with('.') && code.remedy().ends_with('.'), "{code:?}");
            assert!(!code.title().ends_with('.') && code.title().len() <= 60, "{code:?}");
        }
    }
}
