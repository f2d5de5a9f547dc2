//! Identities of identity providers: bound to an account by a verified address once, and by issuer and subject from
//! then on.
//!
//! An account is bound to one identity at most. Example: Acme's provider has bound ada@acme.example. Without that limit,
//! whoever runs another provider that may speak for acme.example says there that they are ada@acme.example, and acts as
//! her.

use domain::{
    digest::sha256_hex,
    ids::{UserId, random_id},
    mail::MailKind,
    text::EmailAddress,
};
use dynamo::{Backoff, Expression, SortKeys, bool_value, from_item, text};

use crate::{
    Error, ExternalIdentityError, Table,
    records::{AccountIdentityRecord, AccountRecord, Binding, CredentialRecord, ExternalIdentityRecord, MailRecord},
    scope::{Committed, keys},
};

/// An identity at an identity provider, by a token that was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalIdentity {
    /// The identity provider.
    pub issuer: String,
    /// The subject: the identity provider's permanent id of the person.
    pub subject: String,
    /// The address that the identity provider has verified.
    pub address: EmailAddress,
    /// Whether the identity provider may speak for the address's domain. One that may not binds no account by it.
    pub speaks_for_address: bool,
}

/// Which condition of a binding failed.
enum BindingRefusal {
    /// The account is bound to another identity.
    Bound,
    /// Another request bound the identity first, or the account was changed.
    Changed,
}

impl Table {
    /// The account that an identity is bound to: two reads. One that isn't bound yet is bound to the account with its
    /// address: two reads and a transaction more. Where that is the first verification of the address, every password
    /// and token from before ends.
    ///
    /// # Errors
    /// [`ExternalIdentityError`].
    pub async fn account_of(&self, identity: &ExternalIdentity) -> Result<AccountRecord, ExternalIdentityError> {
        let key = keys::external_identity(&sha256_hex(&[&identity.issuer, &identity.subject]));
        let mut backoff = Backoff::default();
        loop {
            if let Some(ExternalIdentityRecord(binding)) = self.get(key.clone()).await? {
                return self.account(&binding.user_id).await?.ok_or(ExternalIdentityError::NoAccount);
            }
            if !identity.speaks_for_address {
                return Err(ExternalIdentityError::ForeignDomain);
            }
            let credential = self.credential(&identity.address).await?;
            let credential = credential.ok_or(ExternalIdentityError::NoAccount)?;
            let bindings = self.bindings_of(&credential.user_id).await?;
            if let Some(refusal) = refusal_of(&bindings, identity) {
                return Err(refusal);
            }
            if !credential.email_verified {
                self.keep_organizations(&credential.user_id).await?;
            }
            match self.bind(identity, &credential).await? {
                Committed::Done(_) => {}
                Committed::Refused(refusals) => match refusals.into_iter().next() {
                    Some((BindingRefusal::Bound, Some(item))) => {
                        let AccountIdentityRecord(other) = from_item(item).map_err(Error::from)?;
                        return Err(bound_to(&other, identity));
                    }
                    _ => backoff.wait_or_give_up("an account is being changed by others").await.map_err(Error::from)?,
                },
            }
        }
    }

    /// The bindings of an account: one Query. An account from before may have one at each of several issuers, and nothing
    /// makes another such item. So a binding that is read before the transaction is there during it, too.
    async fn bindings_of(&self, user: &UserId) -> Result<Vec<Binding>, Error> {
        let sort_keys = SortKeys::Prefix(keys::ACCOUNT_IDENTITY_PREFIX);
        let bindings = self.query(&keys::account_identities(user), sort_keys).await?;
        Ok(bindings.into_iter().map(|AccountIdentityRecord(binding)| binding).collect())
    }

    /// Binds an identity to an account: every new binding commits here.
    async fn bind(
        &self,
        identity: &ExternalIdentity,
        credential: &CredentialRecord,
    ) -> Result<Committed<(), BindingRefusal>, Error> {
        let user = &credential.user_id;
        let binding =
            Binding { user_id: user.clone(), issuer: identity.issuer.clone(), subject: identity.subject.clone() };
        let identity_key = keys::external_identity(&sha256_hex(&[&identity.issuer, &identity.subject]));
        let credential_key = keys::credential(&identity.address.folded());
        // What a new binding always does is in this transaction, whether or not the address was verified before.
        let write = self
            .write()
            .put_new(identity_key, &ExternalIdentityRecord(binding.clone()), BindingRefusal::Changed)
            .put_new(keys::account_identity(user), &AccountIdentityRecord(binding), BindingRefusal::Bound);
        let notice = MailRecord::new(MailKind::IdentityBound, credential);
        let write = notice.put(write, || BindingRefusal::Changed);
        if credential.email_verified {
            return write.check(credential_key, &credential.unchanged(), BindingRefusal::Changed).commit(()).await;
        }
        let session_id = random_id(16);
        let verified = Expression::update(
            "SET proven = :true, session_id = :session, revision = :revision, \
             password_generation = :new_generation REMOVE password_hash, link_id, expires_at",
        )
        .value(":new_generation", text(&random_id(16)))
        .value(":true", bool_value(true))
        .value(":session", text(&session_id))
        .value(":revision", text(&random_id(16)))
        .and(credential.unchanged());
        let ended = Expression::update("SET proven = :true, session_id = :session REMOVE expires_at")
            .value(":true", bool_value(true))
            .value(":session", text(&session_id));
        write
            .update(credential_key, &verified, BindingRefusal::Changed)
            .update(keys::account(user), &ended, BindingRefusal::Changed)
            .commit(())
            .await
    }
}

/// Why an identity can't be bound to an account that has these bindings. One to the identity itself is no reason: another
/// request made it since the identity was looked for.
fn refusal_of(bindings: &[Binding], identity: &ExternalIdentity) -> Option<ExternalIdentityError> {
    let of_issuer = bindings.iter().find(|binding| binding.issuer == identity.issuer);
    let other = of_issuer.or(bindings.first())?;
    (other.issuer != identity.issuer || other.subject != identity.subject).then(|| bound_to(other, identity))
}

fn bound_to(other: &Binding, identity: &ExternalIdentity) -> ExternalIdentityError {
    if other.issuer == identity.issuer {
        ExternalIdentityError::BoundToAnother
    } else {
        ExternalIdentityError::BoundToAnotherIssuer
    }
}
