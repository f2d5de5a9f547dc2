use claims::Role;
use domain::{
    clock::now,
    ids::{InvitationId, UserId, random_id},
    text::{CustomerNumber, FoldedAddress},
};
use dynamo::{Expression, rfc3339, text};
use serde::{Deserialize, Serialize};

/// A person who belongs to an organization, or is invited into it: the entry of two indexes. It has no names of a
/// member, since the account has them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberRecord {
    /// The account, or the account to come of a person who is invited.
    pub user_id: UserId,
    /// The address, as the account or the invitation writes it.
    pub email: String,
    /// The roles, sorted: what a member has, or an invitation promises.
    pub roles: Vec<Role>,
    /// The customer that the person buys for, or is to buy for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub customer_number: Option<CustomerNumber>,
    /// The pending invitation whose row this is. A member's row has none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub invitation_id: Option<InvitationId>,
    /// The first name that the invitation gives.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub first_name: Option<String>,
    /// The last name that the invitation gives.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_name: Option<String>,
    /// When the person joined or was invited, in seconds since the epoch.
    pub(crate) joined_at: u64,
    /// The revision, which each write replaces in both indexes.
    pub(crate) revision: String,
}

impl MemberRecord {
    /// A person without any role, who joins now.
    pub(crate) fn joining(user_id: &UserId, email: &str) -> Self {
        Self {
            user_id: user_id.clone(),
            email: email.to_owned(),
            roles: Vec::new(),
            customer_number: None,
            invitation_id: None,
            first_name: None,
            last_name: None,
            joined_at: now(),
            revision: String::new(),
        }
    }

    /// Returns the row with the admin role.
    #[must_use]
    pub(crate) fn with_admin(self) -> Self {
        self.with(Role::Admin)
    }

    /// Returns the row with this customer.
    #[must_use]
    pub(crate) fn with_customer(self, customer_number: &CustomerNumber) -> Self {
        Self { customer_number: Some(customer_number.clone()), ..self.with(Role::Customer) }
    }

    fn with(mut self, role: Role) -> Self {
        if let Err(place) = self.roles.binary_search_by_key(&role.as_str(), |role| role.as_str()) {
            self.roles.insert(place, role);
        }
        self
    }

    /// Returns the row without a role, or `None` if no role is left.
    #[must_use]
    pub(crate) fn without(mut self, role: Role) -> Option<Self> {
        self.roles.retain(|other| *other != role);
        if role == Role::Customer {
            self.customer_number = None;
        }
        (!self.roles.is_empty()).then_some(self)
    }

    /// Returns the row as the next write stores it.
    #[must_use]
    pub(crate) fn revised(self) -> Self {
        Self { revision: random_id(12), ..self }
    }

    /// Returns the condition that the row is as it was read.
    pub(crate) fn unchanged(&self) -> Expression {
        Expression::condition("revision = :seen").value(":seen", text(&self.revision))
    }

    /// Returns the address in the form in which addresses are compared.
    pub(crate) fn address(&self) -> FoldedAddress {
        FoldedAddress::of(&self.email)
    }

    /// Returns when the person joined or was invited, RFC 3339 UTC.
    #[must_use]
    pub fn joined_at(&self) -> String {
        rfc3339(self.joined_at)
    }

    /// Returns whether this is the row of a pending invitation, and of no member.
    #[must_use]
    pub fn is_invited(&self) -> bool {
        self.invitation_id.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_each_role_once_and_is_gone_with_the_last() {
        let number = CustomerNumber::parse("C-1".to_owned()).unwrap();
        let row = MemberRecord::joining(&UserId::random(), "ada@acme.example");
        let both = row.with_customer(&number).with_admin().with_admin();
        assert_eq!((both.roles.as_slice(), &both.customer_number), (&[Role::Admin, Role::Customer][..], &Some(number)));
        let admin = both.without(Role::Customer).unwrap();
        assert_eq!((admin.roles.as_slice(), &admin.customer_number), (&[Role::Admin][..], &None));
        assert_eq!(admin.without(Role::Admin), None);
    }
}
