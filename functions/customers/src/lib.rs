//! An organization's customers: `/api/customers`.

mod customer;
mod import;
mod list;
mod number;
mod patch;
mod put;
mod remove;
mod view;

pub use import::check_import;
pub use list::ListCustomersRequest;
use shared::App;

shared::routes!(
    App,
    put::put_customer,
    import::import_customers,
    patch::update_customer_by_query,
    list::list_customers,
    remove::delete_customer_by_query,
    view::get_customer,
    patch::update_customer,
    remove::delete_customer;
    list::CustomerFilter
);
