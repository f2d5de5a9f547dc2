//! Identities of identity providers: bound to an account by a verified address once, and by issuer and subject from
//! then on.

use domain::{digest::sha256_hex, ids::random_id, text::EmailAddress};
use dynamo::{Backoff, Expression, bool_value, text};

use crate::{
    Error, ExternalIdentityError, Table,
    records::{AccountIdentityRecord, AccountRecord, Binding, CredentialRecord, ExternalIdentityRecord},
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
}

/// Which condition of a binding failed.
enum BindingRefusal {
    /// The account is bound to another identity of the identity provider.
    BoundToAnother,
    /// Another request bound the identity first, or the account was changed.
    Changed,
}

impl Table {
    /// The account that an identity is bound to: two reads. One that isn't bound yet is bound to the account with its
    /// address. Where that is the first verification of the address, every password and token from before ends.
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
            let credential = self.credential_of_mailbox(&identity.address).await?;
            let credential = credential.ok_or(ExternalIdentityError::NoAccount)?;
            match self.bind(identity, &credential).await? {
                Committed::Done(_) => {}
                Committed::Refused(refusals) => match refusals.into_iter().next() {
                    Some((BindingRefusal::BoundToAnother, _)) => return Err(ExternalIdentityError::BoundToAnother),
                    _ => backoff.wait_or_give_up("an account is being changed by others").await.map_err(Error::from)?,
                },
            }
        }
    }

    async fn bind(
        &self,
        identity: &ExternalIdentity,
        credential: &CredentialRecord,
    ) -> Result<Committed<(), BindingRefusal>, Error> {
        let user = &credential.user_id;
        let binding =
            Binding { user_id: user.clone(), issuer: identity.issuer.clone(), subject: identity.subject.clone() };
        let identity_key = keys::external_identity(&sha256_hex(&[&identity.issuer, &identity.subject]));
        let account_key = keys::account_identity(user, &sha256_hex(&[&identity.issuer]));
        let credential_key = keys::credential(&identity.address.folded());
        let write = self
            .write()
            .put_new(identity_key, &ExternalIdentityRecord(binding.clone()), BindingRefusal::Changed)
            .put_new(account_key, &AccountIdentityRecord(binding), BindingRefusal::BoundToAnother);
        if credential.email_verified {
            return write.check(credential_key, &credential.unchanged(), BindingRefusal::Changed).commit(()).await;
        }
        self.mark_roles_verified(user).await?;
        let session_id = random_id(16);
        let verified = Expression::update(
            "SET proven = :true, session_id = :session, revision = :revision, \
             password_generation = :new_generation REMOVE password_hash, link_id",
        )
        .value(":new_generation", text(&random_id(16)))
        .value(":true", bool_value(true))
        .value(":session", text(&session_id))
        .value(":revision", text(&random_id(16)))
        .and(credential.unchanged());
        let ended = Expression::update("SET proven = :true, session_id = :session")
            .value(":true", bool_value(true))
            .value(":session", text(&session_id));
        let committed = write
            .update(credential_key, &verified, BindingRefusal::Changed)
            .update(keys::account(user), &ended, BindingRefusal::Changed)
            .commit(())
            .await?;
        if let Committed::Done(_) = committed {
            // The account may have founded organizations since its roles were marked above.
            self.mark_roles_verified(user).await?;
        }
        Ok(committed)
    }
}
