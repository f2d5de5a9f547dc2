use domain::{
    conditional::EntityTag,
    patch::Patch,
    text::{CompanyName, CurrencyCode, CustomerNumber, TierName},
};
use dynamo::{Expression, text};

use crate::records::{CustomerRecord, PriceTierRecord};

/// A customer to be put.
#[derive(Clone, Debug)]
pub struct CustomerChange {
    /// The customer's number.
    pub number: CustomerNumber,
    /// The company's name.
    pub company_name: CompanyName,
    /// The name of the customer's price tier.
    pub pricing: TierName,
    /// The customer's own currency. Without one, the customer has its tier's.
    pub currency_code: Option<CurrencyCode>,
    /// Whether the customer's claims go into its users' tokens. If absent, it stays as it is, and is `true` for a new
    /// customer.
    pub active: Option<bool>,
}

/// A change of a customer. What is absent stays as it is.
#[derive(Clone, Debug)]
pub struct CustomerPatch {
    /// The company's new name.
    pub company_name: Option<CompanyName>,
    /// The name of the customer's new price tier.
    pub pricing: Option<TierName>,
    /// The change of the customer's own currency.
    pub currency_code: Patch<CurrencyCode>,
    /// Whether the customer's claims go into its users' tokens.
    pub active: Option<bool>,
}

/// A stored customer, with the current name and currency of its tier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// The customer's number.
    pub number: CustomerNumber,
    /// The company's name.
    pub company_name: CompanyName,
    /// The name of the customer's price tier.
    pub pricing: TierName,
    /// The customer's currency, or its tier's.
    pub currency_code: CurrencyCode,
    /// Whether the customer's claims go into its users' tokens.
    pub active: bool,
    /// The version of all of it, which each write of the customer and each change of its tier replaces.
    pub tag: EntityTag,
}

/// The customer of a user's token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberCustomer {
    /// The organization has no record of the customer, which the ERP owns.
    Unknown,
    /// The customer is inactive.
    Inactive,
    /// The customer's price tier is gone, which no call of the API can bring about.
    WithoutTier,
    /// The customer is active.
    Active(Customer),
}

impl CustomerRecord {
    pub(super) fn with_tier(self, tier: PriceTierRecord) -> Customer {
        Customer {
            tag: self.tag(&tier),
            number: self.customer_number,
            company_name: self.company_name,
            pricing: tier.name,
            currency_code: self.currency_code.unwrap_or(tier.currency_code),
            active: self.active,
        }
    }

    /// The tag of the customer with the tier that it is on. The customer's own revision stands for which tier that is.
    pub(super) fn tag(&self, tier: &PriceTierRecord) -> EntityTag {
        EntityTag::strong(format!("{}-{}", self.revision, tier.revision()))
    }

    /// Returns the condition that the customer is unchanged since it was read.
    pub(super) fn unchanged(&self) -> Expression {
        Expression::condition("revision = :revision").value(":revision", text(&self.revision))
    }
}
