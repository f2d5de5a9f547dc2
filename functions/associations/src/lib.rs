//! Which customer account of the ERP a user buys for: `/api/organizations/users/associate-customer`, `…/associations`.

mod associate;
mod dissociate;
mod import;
mod list;

pub use import::check_import;
pub use list::ListAssociationsRequest;
use shared::App;

shared::routes!(
    App,
    associate::associate_customer,
    import::import_associations,
    list::list_associations,
    dissociate::dissociate_customer;
    list::AssociationFilter
);
