//! Machine credentials: an item whose existence is the machine's role, and one beside it for when it was last used.

use std::{collections::HashMap, time::Duration};

use claims::{ClientSecret, MachineAccess, SecretHash};
use domain::{
    clock::now,
    expiry::Expiry,
    ids::{ClientId, OrganizationId, UserId},
    mail::MailKind,
    text::CredentialName,
};
use dynamo::{Backoff, Expression, SortKeys, from_item, number, rfc3339};
use plans::{ActivePlans, PlanLimit};

use crate::{
    Error, IdempotencyKey, MachineError, OrganizationScope, PlanLimitReached, Replayable, Table,
    admins::sort_key,
    records::{AdminRecord, MachineRecord, MachineUseRecord, MailRecord, OrganizationRecord},
    remembered::{self, Remembered},
    scope::{Authority, Committed, keys},
};

/// A credential's last use is written at most this often.
const WRITE_INTERVAL: Duration = remembered::LIFE;
/// Mails that one transaction puts beside a credential. It has room for 100 actions, and a mail takes two.
const NOTICES_PER_TRANSACTION: usize = 40;

/// A machine credential as the list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineCredential {
    /// The credential's id.
    pub client_id: ClientId,
    /// The name that an admin gave it.
    pub name: CredentialName,
    /// What the credential is good for.
    pub access: MachineAccess,
    /// The time of creation, RFC 3339 UTC.
    pub created_at: String,
    /// The admin who made it, if that is known.
    pub created_by: Option<UserId>,
    /// The time from which the credential counts as gone, RFC 3339 UTC.
    pub expires_at: Option<String>,
    /// The time of the last use, to the minute, RFC 3339 UTC.
    pub last_used_at: Option<String>,
}

/// A machine credential to be made.
pub struct NewMachine {
    /// The name that an admin gives it.
    pub name: CredentialName,
    /// What the credential is good for.
    pub access: MachineAccess,
    /// When it ends, if ever.
    pub expires_at: Option<Expiry>,
}

/// What the credential that a machine signed in with is good for.
#[derive(Clone, Copy, Debug)]
pub struct MachineGrant {
    /// What the credential is good for.
    pub access: MachineAccess,
    /// The time at which the credential ends, in seconds since the epoch.
    pub expires_at: Option<u64>,
}

/// The credentials whose use this process has written of late.
pub(crate) type WrittenUses = Remembered<(OrganizationId, ClientId), ()>;

/// The condition of a new machine credential that failed.
enum CreationRefusal {
    /// Another credential was made, or a subscription has changed, since they were read.
    Changed,
    Failed(Error),
}

/// What a new machine credential depends on, as it was read.
struct BeforeCreation {
    organization: OrganizationRecord,
    admins: Vec<AdminRecord>,
    /// The number of machine credentials that haven't expired.
    machines: u64,
}

/// Records the use of a machine's credential after the request, if that succeeds.
pub(crate) fn record_use_after_request(table: &Table, organization: &OrganizationId, client: &ClientId) {
    let (table, organization, client) = (table.clone(), organization.clone(), client.clone());
    dynamo::after_request(async move {
        if let Err(error) = table.record_machine_use(&organization, &client).await {
            tracing::warn!(%error, "the use of a machine credential could not be noted");
        }
    });
}

impl Table {
    /// Returns what the machine of this secret may do, with one read, or `None` if the secret is not the machine's. The
    /// use is recorded after the request.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn machine_grant(
        &self,
        organization: &OrganizationId,
        client: &ClientId,
        secret: &SecretHash,
    ) -> Result<Option<MachineGrant>, Error> {
        let machine = self.get(keys::machine(organization, client).by(Authority::Machine)).await?;
        let machine = machine.filter(|machine| machine.secret_hash == *secret);
        if machine.is_some() {
            record_use_after_request(self, organization, client);
        }
        Ok(machine.map(|MachineRecord { access, expires_at, .. }| MachineGrant { access, expires_at }))
    }

    /// Records that a machine's credential is used now: at most once a minute, and never of one that was revoked.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn record_machine_use(&self, organization: &OrganizationId, client: &ClientId) -> Result<(), Error> {
        if !self.written_uses().insert((organization.clone(), client.clone()), ()) {
            return Ok(());
        }
        let used = Expression::update("SET last_used_at = :now")
            .and_condition("last_used_at <= :due")
            .value(":now", number(now()))
            .value(":due", number(now().saturating_sub(WRITE_INTERVAL.as_secs())));
        self.update(keys::machine_use(organization, client).by(Authority::Machine), &used).await?;
        Ok(())
    }
}

impl OrganizationScope<'_> {
    /// Makes a machine credential and tells every admin by mail: a read and one transaction. A replay made none: its
    /// secret was shown by the first answer.
    ///
    /// # Errors
    /// [`MachineError::PlanLimit`], the scope's own, [`Error::KeyReused`], or the table is out of reach.
    pub async fn create_machine(
        &self,
        new: &NewMachine,
        secret: &ClientSecret,
        key: Option<&IdempotencyKey>,
    ) -> Result<Replayable<ClientId>, MachineError> {
        let mut backoff = Backoff::default();
        loop {
            let before = self.before_creation().await?;
            if let Some(reached) = before.limit_reached() {
                let replay = self.table().replay_of(key).await?;
                return replay.ok_or(MachineError::PlanLimit(reached));
            }
            if let Some(created) = self.create_machine_after(&before, new, secret, key).await? {
                return Ok(created);
            }
            backoff.wait_or_give_up("machine credentials are being made by others").await.map_err(Error::from)?;
        }
    }

    /// Reads the organization, its admins and its machine credentials, which are neighbors, with one Query.
    async fn before_creation(&self) -> Result<BeforeCreation, Error> {
        let machine = format!("{}#", keys::MACHINES_PREFIX);
        let (organization, items) = self.organization_until(&format!("{machine}~")).await?;
        let machines = items.iter().filter(|item| sort_key(item).starts_with(&machine)).count();
        let admins = items.into_iter().filter(|item| sort_key(item).starts_with(keys::ADMIN_PREFIX));
        let admins = admins.map(from_item).collect::<Result<_, _>>()?;
        Ok(BeforeCreation { organization, admins, machines: u64::try_from(machines).unwrap_or(u64::MAX) })
    }

    /// Returns `None` if something isn't as it was read.
    async fn create_machine_after(
        &self,
        before: &BeforeCreation,
        new: &NewMachine,
        secret: &ClientSecret,
        key: Option<&IdempotencyKey>,
    ) -> Result<Option<Replayable<ClientId>>, Error> {
        let id_taken = || CreationRefusal::Failed(Error::id_taken());
        let actor = before.admins.iter().find(|admin| self.is_caller(&admin.user_id)).map(AdminRecord::full_name);
        let mut notices = before.admins.iter().map(|admin| {
            MailRecord::to_admin(MailKind::ApiKeyCreated, admin, &before.organization).by(actor.as_deref())
        });
        let client_id = ClientId::random();
        let expires_at = new.expires_at.map(Expiry::seconds);
        let machine = MachineRecord {
            client_id: client_id.clone(),
            name: new.name.clone(),
            secret_hash: secret.hash(),
            created_at: rfc3339(now()),
            created_by: self.caller_id().cloned(),
            access: new.access,
            expires_at,
        };
        let unused = MachineUseRecord { client_id: client_id.clone(), last_used_at: 0, expires_at };
        let write = self
            .write_changing_organization(&before.one_more(), CreationRefusal::Changed)
            .idempotent(key, &client_id)
            .put_new(keys::machine(self.id(), &client_id), &machine, id_taken())
            .put_new(keys::machine_use(self.id(), &client_id), &unused, id_taken());
        let write =
            notices.by_ref().take(NOTICES_PER_TRANSACTION).fold(write, |write, notice| notice.put(write, id_taken));
        let created = match write.commit(client_id).await? {
            Committed::Done(created) => created,
            Committed::Refused(refusals) => match refusals.into_iter().next() {
                Some((CreationRefusal::Failed(error), _)) => return Err(error),
                Some((CreationRefusal::Changed, _)) | None => return Ok(None),
            },
        };
        // The admins for whom the transaction has no room are told next.
        let rest: Vec<_> = notices.filter(|_| !created.replayed).collect();
        for some in rest.chunks(NOTICES_PER_TRANSACTION) {
            let write = some.iter().fold(self.table().write(), |write, notice| notice.put(write, Error::id_taken));
            if let Err(error) = write.commit_or((), Err).await {
                // The secret is shown by this answer alone, so that a mail is no reason to lose it.
                tracing::error!(%error, "not every admin is told of a new API key");
            }
        }
        Ok(Some(created))
    }

    /// Every machine credential by its id: one round trip.
    ///
    /// # Errors
    /// The scope's own, or the table is out of reach.
    pub async fn machines(&self) -> Result<Vec<MachineCredential>, Error> {
        // The credentials, then their uses.
        let items = self
            .checked(|reads| async move {
                reads.items(keys::organization_partition(self.id()), SortKeys::Prefix(keys::MACHINES_PREFIX)).await
            })
            .await?;
        let (mut machines, mut last_uses) = (Vec::new(), HashMap::new());
        for item in items {
            if item.contains_key("last_used_at") {
                let record: MachineUseRecord = from_item(item)?;
                last_uses.insert(record.client_id, record.last_used_at);
            } else {
                machines.push(from_item::<MachineRecord>(item)?);
            }
        }
        let machines = machines.into_iter().map(|machine| MachineCredential {
            last_used_at: last_uses.get(&machine.client_id).filter(|at| **at > 0).map(|at| rfc3339(*at)),
            client_id: machine.client_id,
            name: machine.name,
            access: machine.access,
            created_at: machine.created_at,
            created_by: machine.created_by,
            expires_at: machine.expires_at.map(rfc3339),
        });
        Ok(machines.collect())
    }

    /// Removes a machine credential: one transaction. Its key, and the tokens issued by it, are refused from then on.
    ///
    /// # Errors
    /// [`MachineError::NotFound`], the scope's own, or the table is out of reach.
    pub async fn revoke_machine(&self, client: &ClientId) -> Result<(), MachineError> {
        let existing = Expression::default();
        self.write()
            .delete(keys::machine(self.id(), client), &existing, MachineError::NotFound)
            .delete(keys::machine_use(self.id(), client), &existing, MachineError::NotFound)
            .commit_or((), Err)
            .await?;
        Ok(())
    }
}

impl BeforeCreation {
    fn limit_reached(&self) -> Option<PlanLimitReached> {
        let plans = ActivePlans::of_keys(self.organization.plans.iter().map(String::as_str));
        let allowed = plans.limit(PlanLimit::ApiKeys)?;
        (self.machines >= u64::from(allowed)).then_some(PlanLimitReached { limit: PlanLimit::ApiKeys, allowed })
    }

    /// Returns the update that counts one more new credential, on condition that there was no other one, and that the
    /// plans are as they were read. Credentials that ended meanwhile leave more room, not less.
    fn one_more(&self) -> Expression {
        let seen = [
            ("credentials_version", self.organization.credentials_version),
            ("subscriptions_version", self.organization.subscriptions_version),
        ];
        let next = seen[0].1.unwrap_or_default() + 1;
        let update = Expression::update("SET credentials_version = :next").value(":next", number(next));
        seen.into_iter().fold(update, |update, (name, version)| {
            let unchanged = match version {
                Some(version) => {
                    Expression::condition(format!("{name} = :{name}")).value(format!(":{name}"), number(version))
                }
                None => Expression::condition(format!("attribute_not_exists({name})")),
            };
            update.and(unchanged)
        })
    }
}
