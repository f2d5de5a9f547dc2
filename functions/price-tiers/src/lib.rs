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
    add::add_price_tier,
    change::change_price_tier,
    patch::patch_price_tier,
    remove::remove_price_tier
);
