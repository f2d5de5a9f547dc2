//! Values and ids, parsed at the door: holding one proves that it keeps the contract's rules. And the clock, the
//! configuration, and what else every layer needs.
//!
//! *Invariant:* this crate does no I/O but reading the environment, and knows neither HTTP nor AWS.

pub mod clock;
pub mod config;
pub mod digest;
pub mod error_chain;
pub mod ids;
pub mod mail;
pub mod mutex;
pub mod organization;
pub mod patch;
pub mod source;
pub mod text;
