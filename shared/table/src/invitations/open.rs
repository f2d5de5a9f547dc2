use domain::{
    ids::LinkId,
    text::{FoldedAddress, PersonName},
};

use crate::{
    LinkError, OpenLink, Table,
    records::{CredentialRecord, InvitationRecord, InvitationReference, LinkRecord, OrganizationRecord},
    scope::{Authority, keys},
};

/// A mailed link that was opened.
pub enum OpenedLink {
    /// The link belongs to an account, whose password it sets.
    Account(Box<OpenLink>),
    /// The link accepts an invitation.
    Invitation(Box<OpenInvitation>),
}

/// An invitation whose link was opened: who invites into what, and the account of the address, if it has one.
pub struct OpenInvitation {
    pub(super) link: LinkId,
    pub(super) organization: OrganizationRecord,
    pub(super) invitation: InvitationRecord,
    pub(super) account: Option<CredentialRecord>,
    requires_verified_email: bool,
}

impl OpenInvitation {
    /// The organization that invites.
    #[must_use]
    pub fn organization(&self) -> &OrganizationRecord {
        &self.organization
    }

    /// The invitation.
    #[must_use]
    pub fn invitation(&self) -> &InvitationRecord {
        &self.invitation
    }

    /// The address that the link verifies.
    #[must_use]
    pub fn email(&self) -> &str {
        self.account.as_ref().map_or(self.invitation.email.as_str(), |account| &account.email)
    }

    /// Whether the address has no account yet, so that the acceptance makes one.
    #[must_use]
    pub fn makes_account(&self) -> bool {
        self.account.is_none()
    }

    /// Whether the acceptance ends the account's password. Whoever set that one never verified the address, where
    /// addresses have to be verified.
    #[must_use]
    pub fn ends_password(&self) -> bool {
        let account = self.account.as_ref();
        self.requires_verified_email && account.is_some_and(|account| !account.email_verified)
    }

    /// The first and last name of the account's owner, or those that the inviter says.
    #[must_use]
    pub fn names(&self) -> (Option<&str>, Option<&str>) {
        if let Some(account) = &self.account {
            return (Some(&account.first_name), Some(&account.last_name));
        }
        let InvitationRecord { first_name, last_name, .. } = &self.invitation;
        (first_name.as_ref().map(PersonName::as_str), last_name.as_ref().map(PersonName::as_str))
    }
}

impl Table {
    /// Returns what the link of this id opens, if it can still be used. Two round trips.
    ///
    /// # Errors
    /// [`LinkError::Dead`], or the table is out of reach.
    pub async fn open_any_link(&self, id: &LinkId) -> Result<OpenedLink, LinkError> {
        let link = self.get(keys::link(id)).await?.ok_or(LinkError::Dead)?;
        match &link.invitation {
            None => Ok(OpenedLink::Account(Box::new(self.open_link_of_account(id, link).await?))),
            Some(reference) => Ok(OpenedLink::Invitation(Box::new(self.invitation_of(id, reference, &link).await?))),
        }
    }

    /// Returns the invitation that the link of this id accepts, if it still can. Two round trips.
    ///
    /// # Errors
    /// [`LinkError::Dead`], or the table is out of reach.
    pub async fn open_invitation(&self, id: &LinkId) -> Result<OpenInvitation, LinkError> {
        let link = self.get(keys::link(id)).await?.ok_or(LinkError::Dead)?;
        let reference = link.invitation.as_ref().ok_or(LinkError::Dead)?;
        self.invitation_of(id, reference, &link).await
    }

    async fn invitation_of(
        &self,
        id: &LinkId,
        reference: &InvitationReference,
        link: &LinkRecord,
    ) -> Result<OpenInvitation, LinkError> {
        let InvitationReference { organization_id, invitation_id } = reference;
        let address: &FoldedAddress = &link.address;
        let (organization, invitation, account) = tokio::try_join!(
            self.get(keys::organization(organization_id).by(Authority::Invited)),
            self.get(keys::invitation(organization_id, invitation_id).by(Authority::Invited)),
            self.get(keys::credential(address)),
        )?;
        let organization = organization.ok_or(LinkError::Dead)?;
        let invitation = invitation.filter(InvitationRecord::is_open).ok_or(LinkError::Dead)?;
        let requires_verified_email = self.requires_verified_email();
        Ok(OpenInvitation { link: id.clone(), organization, invitation, account, requires_verified_email })
    }
}
