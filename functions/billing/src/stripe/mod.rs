//! Stripe's events, signed by Stripe.

mod event;
mod signature;
pub(crate) mod webhook;
