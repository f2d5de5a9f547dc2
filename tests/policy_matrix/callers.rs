//! Every kind of caller.

use reqwest::RequestBuilder;
use shared::clock;

use super::company::Company;
use crate::support::{OPERATOR_KEY, Person, STRIPE_SECRET, stripe_signature};

/// A kind of caller: a column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Nobody,
    Malformed,
    User,
    Customer,
    Admin,
    Demoted,
    OtherAdmin,
    Orphan,
    Unproven,
    MachineKey,
    MachineToken,
    ReadKey,
    ExchangeKey,
    RevokedKey,
    MadeUpKey,
    SignedOut,
    Operator,
    Stripe,
}

/// What a caller shows.
pub(super) enum Credential {
    Nothing,
    Token(String),
    Key(String),
    /// A signature of what is sent.
    Signature,
}

impl Credential {
    /// Adds it to a request, which has this body.
    pub(super) fn sign(&self, request: RequestBuilder, body: &str) -> RequestBuilder {
        match self {
            Self::Nothing => request,
            Self::Token(token) => request.bearer_auth(token),
            Self::Key(key) => request.header("x-api-key", key),
            Self::Signature => request.header("stripe-signature", stripe_signature(STRIPE_SECRET, body, clock::now())),
        }
    }
}

impl Kind {
    pub(super) const ALL: [Self; 18] = [
        Self::Nobody,
        Self::Malformed,
        Self::User,
        Self::Customer,
        Self::Admin,
        Self::Demoted,
        Self::OtherAdmin,
        Self::Orphan,
        Self::Unproven,
        Self::MachineKey,
        Self::MachineToken,
        Self::ReadKey,
        Self::ExchangeKey,
        Self::RevokedKey,
        Self::MadeUpKey,
        Self::SignedOut,
        Self::Operator,
        Self::Stripe,
    ];

    /// The column's head, and what it stands for.
    pub(super) fn legend(self) -> (&'static str, &'static str) {
        match self {
            Self::Nobody => ("nobody", "shows neither a token nor a key"),
            Self::Malformed => ("malformed", "an admin's token with a signature that isn't its own"),
            Self::User => ("user token", "an admin's user token, which names no organization"),
            Self::Customer => (
                "buyer's organization token",
                "the organization token of a user who is associated with a customer and is no admin",
            ),
            Self::Admin => ("admin's organization token", "the organization token of a user who is an admin"),
            Self::Demoted => ("demoted", "the organization token of somebody who was an admin when it was made"),
            Self::OtherAdmin => (
                "other",
                "an admin of another organization, who names what is the first one's: a 200 is about his own organization",
            ),
            Self::Orphan => ("orphan", "an admin's organization token, of an organization that has been deleted since"),
            Self::Unproven => (
                "unproven",
                "an admin where addresses have to be proven: his own isn't, nor is that of whom he promotes or associates",
            ),
            Self::MachineKey => ("API key", "a machine's API key"),
            Self::MachineToken => ("machine token", "the token that a machine signed in for"),
            Self::ReadKey => ("read key", "the API key of a machine whose access is `read`"),
            Self::ExchangeKey => ("exchange key", "the API key of a machine whose access is `exchange`"),
            Self::RevokedKey => ("revoked", "the API key of a machine credential that was revoked"),
            Self::MadeUpKey => ("made-up", "a machine's API key with another secret"),
            Self::SignedOut => ("signed out", "an admin's organization token, whose sign-in the admin has ended"),
            Self::Operator => ("operator key", "the key of the platform's operator"),
            Self::Stripe => ("Stripe", "what Stripe signs"),
        }
    }

    /// Nothing that such a caller shows is good for anything.
    pub(super) fn is_unidentified(self) -> bool {
        matches!(self, Self::Nobody | Self::Malformed | Self::RevokedKey | Self::MadeUpKey | Self::SignedOut)
    }

    /// Such a caller is an admin, be it of the other organization.
    pub(super) fn is_admin(self) -> bool {
        matches!(self, Self::Admin | Self::OtherAdmin | Self::Unproven)
    }

    /// Such a caller's credential was neither made up nor ended, and is for the organization that the request is about.
    pub(super) fn has_a_good_credential(self) -> bool {
        !matches!(
            self,
            Self::Malformed
                | Self::Demoted
                | Self::OtherAdmin
                | Self::Orphan
                | Self::Unproven
                | Self::RevokedKey
                | Self::MadeUpKey
                | Self::SignedOut
        )
    }

    pub(super) fn is_machine(self) -> bool {
        matches!(self, Self::MachineKey | Self::MachineToken | Self::ReadKey | Self::ExchangeKey)
    }

    /// Such a caller can change nothing of the organization, which is still there.
    pub(super) fn is_an_outsider(self) -> bool {
        !matches!(self, Self::Admin | Self::Unproven | Self::Orphan | Self::Operator | Self::Stripe)
            && !self.is_machine()
    }

    /// Such a caller is one where addresses have to be proven.
    pub(super) fn requires_proof(self) -> bool {
        self == Self::Unproven
    }

    /// A new caller of this kind.
    pub(super) async fn caller(self, company: &Company) -> Credential {
        let here = Some(company.code.as_str());
        match self {
            Self::Nobody => Credential::Nothing,
            Self::Malformed => {
                let (signed, _) = company.founder.token.as_ref().unwrap().rsplit_once('.').unwrap();
                Credential::Token(format!("{signed}.{}", "A".repeat(86)))
            }
            Self::User => Credential::Token(company.token_of(&admin(company).await, None).await),
            Self::Customer => {
                let person = company.stranger().await;
                company.associate(&person).await;
                Credential::Token(company.token_of(&person, here).await)
            }
            Self::Admin | Self::Orphan => Credential::Token(company.token_of(&admin(company).await, here).await),
            Self::Demoted => {
                let person = admin(company).await;
                let token = company.token_of(&person, here).await;
                company.demote(&person).await;
                Credential::Token(token)
            }
            Self::SignedOut => {
                let token = company.token_of(&admin(company).await, here).await;
                company.sign_out(&token).await;
                Credential::Token(token)
            }
            Self::OtherAdmin => Credential::Token(Company::found(false).await.founder.token.unwrap()),
            Self::Unproven => Credential::Token(company.unproven.clone().unwrap()),
            Self::MachineKey => Credential::Key(company.machine().await.key),
            Self::MachineToken => Credential::Token(company.token_of_machine(&company.machine().await).await),
            Self::ReadKey => Credential::Key(company.machine_with("read").await.key),
            Self::ExchangeKey => Credential::Key(company.machine_with("exchange").await.key),
            Self::RevokedKey => {
                let machine = company.machine().await;
                company.revoke(&machine).await;
                Credential::Key(machine.key)
            }
            Self::MadeUpKey => {
                let key = company.machine().await.key;
                let last = if key.ends_with('0') { '1' } else { '0' };
                Credential::Key(format!("{}{last}", &key[..key.len() - 1]))
            }
            Self::Operator => Credential::Token(OPERATOR_KEY.to_owned()),
            Self::Stripe => Credential::Signature,
        }
    }
}

async fn admin(company: &Company) -> Person {
    let person = company.stranger().await;
    company.promote(&person).await;
    person
}
