use shared::{
    claims::{Identity, MachineAccess, MachineIdentity, Role, SecretHash},
    ids::{ClientId, OrganizationCode},
    problem::Problem,
};

use crate::{AuthApp, signing::Signed};

/// A machine that signs in.
pub(crate) struct MachineSignIn {
    pub(crate) org_code: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
}

/// A machine's token, and what it says of the machine.
pub(crate) struct MachineToken {
    pub(crate) signed: Signed,
    pub(crate) roles: Vec<Role>,
}

impl MachineSignIn {
    /// Signs the machine in, for its own organization. Whatever is wrong, the answer is the same.
    pub(crate) async fn token(self, state: &AuthApp) -> Result<MachineToken, Problem> {
        let code = OrganizationCode::parse(self.org_code.trim()).ok_or_else(Problem::wrong_credentials)?;
        let client = ClientId::parse(self.client_id.trim()).ok_or_else(Problem::wrong_credentials)?;
        let table = &state.app.table;
        let organization = table.organization_by_code(&code).await?.ok_or_else(Problem::wrong_credentials)?;
        let secret = SecretHash::of(&self.client_secret);
        let grant = table.machine_grant(&organization, &client, &secret).await?;
        let grant = grant.ok_or_else(Problem::wrong_credentials)?;
        // Other services see the roles alone: they must not take a restricted machine for an admin.
        let roles = if grant.access == MachineAccess::Full { vec![Role::Admin] } else { Vec::new() };
        let machine = MachineIdentity {
            sub: client.clone(),
            organization_id: organization,
            organization_code: code,
            roles: roles.clone(),
            access: grant.access,
        };
        let signed = state.sign_until(Identity::Machine(machine), Some(&client), grant.expires_at).await?;
        Ok(MachineToken { signed, roles })
    }
}
