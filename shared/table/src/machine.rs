//! Machine credentials: an item whose existence is the machine's role, and one beside it for when it was last used.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use claims::{ClientSecret, SecretHash};
use domain::mutex::lock;
use domain::{
    clock::now,
    ids::{ClientId, OrganizationId},
    text::CredentialName,
};
use dynamo::{Expression, SortKeys, Transaction, from_item, number, rfc3339};
use serde::{Deserialize, Serialize};

use crate::{Error, OrganizationTable, Table, keys};

/// A credential's last use is written at most this often.
const WRITE_INTERVAL: Duration = Duration::from_mins(1);
/// Credentials whose last write this process remembers.
const MOST_REMEMBERED: usize = 1_000;

/// A machine credential as the list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineCredential {
    /// Its id.
    pub client_id: ClientId,
    /// What its admin calls it.
    pub name: CredentialName,
    /// When it was made, RFC 3339 UTC.
    pub created_at: String,
    /// When it was last used, to the minute, RFC 3339 UTC.
    pub last_used_at: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct MachineRecord {
    client_id: ClientId,
    name: CredentialName,
    secret_hash: SecretHash,
    created_at: String,
}

/// When a credential was last used.
#[derive(Serialize, Deserialize)]
struct UseRecord {
    client_id: ClientId,
    /// Seconds since the epoch; 0 before the first use.
    last_used_at: u64,
}

/// When this process last wrote a credential's use, by organization and credential.
#[derive(Clone, Debug, Default)]
pub(crate) struct LastUses(Arc<Mutex<HashMap<UsedCredential, Instant>>>);

type UsedCredential = (OrganizationId, ClientId);

impl LastUses {
    /// Whether a use is to be written now; it then counts as written.
    fn should_write(&self, credential: UsedCredential) -> bool {
        let mut uses = lock(&self.0);
        if uses.get(&credential).is_some_and(|at| at.elapsed() < WRITE_INTERVAL) {
            return false;
        }
        if uses.len() >= MOST_REMEMBERED {
            uses.retain(|_, at| at.elapsed() < WRITE_INTERVAL);
        }
        if uses.len() < MOST_REMEMBERED {
            uses.insert(credential, Instant::now());
        }
        true
    }
}

impl Table {
    /// Whether this is the secret of an organization's machine, which is then in use: one read.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn is_machine_secret(
        &self,
        organization: &OrganizationId,
        client: &ClientId,
        secret: &SecretHash,
    ) -> Result<bool, Error> {
        let machine: Option<MachineRecord> = self.get(keys::machine(organization, client)).await?;
        let is_right = machine.is_some_and(|machine| machine.secret_hash == *secret);
        if is_right {
            self.record_machine_use_afterwards(organization.clone(), client.clone());
        }
        Ok(is_right)
    }
}

impl Table {
    /// Leaves for after the request, where that succeeds, that a machine's credential was used now.
    pub(crate) fn record_machine_use_afterwards(&self, organization: OrganizationId, client: ClientId) {
        let table = self.clone();
        dynamo::afterwards(async move {
            if let Err(error) = table.record_machine_use(&organization, &client).await {
                tracing::warn!(%error, "the use of a machine credential could not be noted");
            }
        });
    }

    /// Records that a machine's credential is used now: at most once a minute, and never of one that was revoked.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn record_machine_use(&self, organization: &OrganizationId, client: &ClientId) -> Result<(), Error> {
        if !self.last_uses.should_write((organization.clone(), client.clone())) {
            return Ok(());
        }
        let expression = Expression::update("SET last_used_at = :now")
            .and_condition("last_used_at <= :due")
            .value(":now", number(now()))
            .value(":due", number(now().saturating_sub(WRITE_INTERVAL.as_secs())));
        self.update(keys::machine_use(organization, client), &expression).await?;
        Ok(())
    }
}

impl OrganizationTable<'_> {
    /// Makes a machine credential: one transaction.
    ///
    /// # Errors
    /// [`Error::OrganizationGone`], [`Error::NotAdmin`], or the table is out of reach.
    pub async fn create_machine(&self, name: &CredentialName, secret: &ClientSecret) -> Result<ClientId, Error> {
        let client_id = ClientId::random();
        let machine = MachineRecord {
            client_id: client_id.clone(),
            name: name.clone(),
            secret_hash: secret.hash(),
            created_at: rfc3339(now()),
        };
        let unused = UseRecord { client_id: client_id.clone(), last_used_at: 0 };
        let id_taken = || Error::Internal("a random client id was taken".into());
        let transaction =
            Transaction::new(&self.table.engine).check_exists(keys::organization(self.id), self.organization_gone())?;
        self.check_role(transaction, self.not_admin())?
            .put_new(keys::machine(self.id, &client_id), "machine", &machine, id_taken())?
            .put_new(keys::machine_use(self.id, &client_id), "machine use", &unused, id_taken())?
            .commit()
            .await?;
        Ok(client_id)
    }

    /// Every machine credential by its id: one round trip.
    ///
    /// # Errors
    /// [`Error::OrganizationGone`], [`Error::NotAdmin`], [`Error::InvalidKey`], or the table is out of reach.
    pub async fn machines(&self) -> Result<Vec<MachineCredential>, Error> {
        let partition = keys::organization_partition(self.id);
        // The credentials, then their uses.
        let items = self.table.query(&partition, SortKeys::Prefix(keys::MACHINES_PREFIX));
        let (items, ()) = tokio::try_join!(items, self.require_admin())?;
        let (mut machines, mut last_uses) = (Vec::new(), HashMap::new());
        for item in items {
            if item.contains_key("last_used_at") {
                let record: UseRecord = from_item(item)?;
                last_uses.insert(record.client_id, record.last_used_at);
            } else {
                machines.push(from_item::<MachineRecord>(item)?);
            }
        }
        let machines = machines.into_iter().map(|machine| MachineCredential {
            last_used_at: last_uses.get(&machine.client_id).filter(|at| **at > 0).map(|at| rfc3339(*at)),
            client_id: machine.client_id,
            name: machine.name,
            created_at: machine.created_at,
        });
        Ok(machines.collect())
    }

    /// Removes a machine credential: one transaction. Its key, and the tokens issued by it, are refused from then on.
    ///
    /// # Errors
    /// [`Error::OrganizationGone`], [`Error::NotAdmin`], [`Error::NoCredential`], or the table is out of reach.
    pub async fn revoke_machine(&self, client: &ClientId) -> Result<(), Error> {
        let transaction =
            Transaction::new(&self.table.engine).check_exists(keys::organization(self.id), self.organization_gone())?;
        self.check_role(transaction, self.not_admin())?
            .delete(keys::machine(self.id, client), &Expression::default(), Error::NoCredential)?
            .delete(keys::machine_use(self.id, client), &Expression::default(), Error::NoCredential)?
            .commit()
            .await?;
        Ok(())
    }
}
