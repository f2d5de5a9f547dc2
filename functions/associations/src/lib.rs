//! Which customer account of the ERP a user buys for: `/api/organizations/users/associate-customer`, `…/associations`.

mod associate;
mod dissociate;
mod list;

pub use list::ListAssociationsRequest;
use shared::App;

shared::routes!(
    App,
    associate::associate_customer,
    list::list_associations,
    dissociate::dissociate_customer;
    list::AssociationFilter
);
