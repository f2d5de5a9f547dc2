//! The rows of one user, and what comes of them.

use domain::{ids::UserId, text::CustomerNumber};

use super::accounts::AccountOfRow;
use crate::{AssociationError, RowOutcome, records::AssociationRecord};

/// Every row of one user. Of several, the last one is what is written.
pub(super) struct UserRows {
    pub(super) user_id: UserId,
    /// The address, as the account writes it.
    pub(super) email: String,
    /// The places of the rows among all, in order, and what each says.
    pub(super) rows: Vec<(usize, CustomerNumber)>,
    /// The user's customer as it was first read; nothing before that.
    #[expect(clippy::option_option, reason = "not read yet is not the same as read, and none there")]
    pub(super) before: Option<Option<CustomerNumber>>,
    pub(super) is_settled: bool,
    /// Whether the user is left to a write of its own.
    pub(super) is_single: bool,
    pub(super) is_refused: bool,
}

impl UserRows {
    pub(super) fn new(account: &AccountOfRow) -> Self {
        let (user_id, email) = (account.user_id.clone(), account.email.clone());
        Self { user_id, email, rows: Vec::new(), before: None, is_settled: false, is_single: false, is_refused: false }
    }

    /// What is to be stored, by the last of the user's rows.
    pub(super) fn target(&self) -> Option<AssociationRecord> {
        let (_, customer_number) = self.rows.last()?;
        Some(AssociationRecord { user_id: self.user_id.clone(), customer_number: customer_number.clone() })
    }

    /// What came of each row, as if they had been written one after the other.
    pub(super) fn outcomes(&self) -> impl Iterator<Item = (usize, RowOutcome<AssociationError>)> {
        let mut known = self.before.as_ref().and_then(Option::as_ref);
        self.rows.iter().map(move |(place, number)| {
            let is_known = known.replace(number) == Some(number);
            let outcome = match is_known {
                _ if self.is_refused => RowOutcome::Refused(AssociationError::NoUser),
                _ if !self.is_settled => RowOutcome::NotAttempted,
                true => RowOutcome::Unchanged,
                false => RowOutcome::Written,
            };
            (*place, outcome)
        })
    }
}
