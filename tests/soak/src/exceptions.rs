//! What the checkers let pass, each with the reason.

/// An intended exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exception {
    /// A list is a Query, which no transaction isolates: each row was there at a moment of the call, and not all rows at
    /// one. So each row is checked by itself, and what isn't in a list is checked only where nobody touched it. Example:
    /// a list has read where tier 1 is, called Gold. Tier 1 becomes Iron and then tier 2, which isn't read yet, becomes
    /// Gold: the list has Gold twice.
    ListIsNoSnapshot,
    /// The association of a user is two items for two readers: the entry of a list, and the membership of a token. Each
    /// is checked by itself, since a token may have the new customer while a list still has the old one.
    TokenAndListAreTwoItems,
    /// An admin's association or customer that is under way while the admin is demoted may still be made: bulk writes
    /// read the role beside their other reads, and share no item. So no such call is in the history of the admins.
    BulkWritesReadTheRole,
    /// A mail may be sent twice where the mailer was killed or its answers were lost between sending and noting it.
    MailSentTwice,
}

impl Exception {
    /// Each of them.
    pub(crate) const ALL: [Self; 4] =
        [Self::ListIsNoSnapshot, Self::TokenAndListAreTwoItems, Self::BulkWritesReadTheRole, Self::MailSentTwice];
}
