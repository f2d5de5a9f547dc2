//! Identities of other issuers: bound to an account by a verified address once, and by issuer and subject from then on.

use domain::{
    digest::sha256_hex,
    ids::{UserId, random_id},
    text::EmailAddress,
};
use dynamo::{Backoff, Expression, Refused, Transaction, bool_value, text};
use serde::{Deserialize, Serialize};

use crate::{
    Error, Table,
    account::{Account, Credential},
    keys,
};

/// Who somebody is at another issuer, by a token that was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalIdentity {
    /// The issuer.
    pub issuer: String,
    /// Who it is there, for ever.
    pub subject: String,
    /// The address that the issuer has verified.
    pub address: EmailAddress,
}

#[derive(Serialize, Deserialize)]
struct Binding {
    user_id: UserId,
    issuer: String,
    subject: String,
}

/// Which condition of a binding failed.
enum BindingRefusal {
    /// The account is bound to another identity of the issuer.
    Account,
    /// Somebody was quicker, or the account was changed.
    Changed,
}

impl Table {
    /// The account that an identity is bound to: two reads. One that isn't bound yet is bound to the account with its address,
    /// whose first proof that is where the address wasn't proven: every password and token from before ends.
    ///
    /// # Errors
    /// [`Error::NoAccountHere`], [`Error::BoundToAnother`], or the table is out of reach.
    pub async fn account_of(&self, identity: &ExternalIdentity) -> Result<Account, Error> {
        let key = keys::external_identity(&sha256_hex(&[&identity.issuer, &identity.subject]));
        let mut backoff = Backoff::default();
        loop {
            if let Some(binding) = self.get::<Binding>(key.clone()).await? {
                return self.account(&binding.user_id).await?.ok_or(Error::NoAccountHere);
            }
            let credential = self.credential_of_mailbox(&identity.address).await?.ok_or(Error::NoAccountHere)?;
            match self.bind(identity, &credential).await {
                Ok(()) => {}
                Err(Refused::Failed(error)) => return Err(error.into()),
                Err(Refused::Conditions(failed)) => match failed.into_iter().next() {
                    Some((BindingRefusal::Account, _)) => return Err(Error::BoundToAnother),
                    _ => backoff.wait_or_give_up("an account is being changed by others").await?,
                },
            }
        }
    }

    async fn bind(&self, identity: &ExternalIdentity, credential: &Credential) -> Result<(), Refused<BindingRefusal>> {
        use BindingRefusal::{Account, Changed};

        let user = &credential.user_id;
        let binding =
            Binding { user_id: user.clone(), issuer: identity.issuer.clone(), subject: identity.subject.clone() };
        let of_identity = keys::external_identity(&sha256_hex(&[&identity.issuer, &identity.subject]));
        let of_account = keys::account_issuer(user, &sha256_hex(&[&identity.issuer]));
        let transaction = Transaction::new(&self.engine)
            .put_new(of_identity, "external identity", &binding, Changed)?
            .put_new(of_account, "account's issuer", &binding, Account)?;
        let key = keys::credential(&identity.address.folded());
        if credential.proven {
            return transaction.check(key, &credential.as_read(), Changed)?.commit().await;
        }
        self.mark_roles_proven(user).await?;
        let session_id = random_id(16);
        let proven = Expression::update(
            "SET proven = :true, session_id = :session, revision = :revision REMOVE password_hash, link_id",
        )
        .and_condition("revision = :seen")
        .value(":true", bool_value(true))
        .value(":session", text(&session_id))
        .value(":revision", text(&random_id(16)))
        .value(":seen", text(&credential.revision));
        let ended = Expression::update("SET proven = :true, session_id = :session")
            .value(":true", bool_value(true))
            .value(":session", text(&session_id));
        transaction.update(key, &proven, Changed)?.update(keys::account(user), &ended, Changed)?.commit().await?;
        Ok(self.mark_roles_proven(user).await?)
    }
}
