//! What the bundle needs at a load, what breaks at which rate, and what a month costs: the generated part of
//! `docs/scale.md`.
//!
//! All of it is arithmetic on three inputs: the load ([`load::Load`]), what a call takes ([`calls::CALLS`]), and what
//! AWS and the template allow ([`quotas::Quotas`]). Nothing was measured at these rates, and no AWS account confirmed them.

mod bundle;
mod calls;
mod cost;
mod limit;
mod limits;
mod load;
mod needs;
mod numbers;
mod page;
mod quotas;

pub(crate) use page::report;

#[cfg(test)]
mod tests;
