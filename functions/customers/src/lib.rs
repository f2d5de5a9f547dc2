//! An organization's customers: `/api/customers`.

mod customer;
mod number;
mod patch;
mod put;
mod remove;
mod view;

use shared::App;

shared::routes!(
    App,
    put::put_customer,
    patch::patch_customer_by_query,
    view::view_customer_by_query,
    remove::remove_customer_by_query,
    view::view_customer,
    patch::patch_customer,
    remove::remove_customer
);
