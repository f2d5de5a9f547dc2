//! An organization's price tiers: `/api/organizations/price-tiers`.

mod add;
mod change;
mod existing;
mod list;
mod patch;
mod remove;

use shared::App;

shared::routes!(
    App,
    list::list_price_tiers,
    add::create_price_tier,
    change::replace_price_tier,
    patch::update_price_tier,
    remove::delete_price_tier
);
