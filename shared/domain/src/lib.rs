//! Values and identifiers that are checked when they are parsed: a value of such a type meets the contract's rules.
//! Also the clock, the configuration, and other things that every layer needs.
//!
//! *Invariant:* this crate does no I/O except for reading the environment, and knows neither HTTP nor AWS.

pub mod clock;
pub mod conditional;
pub mod config;
pub mod digest;
pub mod entitlement;
pub mod error_chain;
pub mod expiry;
pub mod field_error;
pub mod ids;
pub mod language;
pub mod mail;
pub mod mutex;
pub mod organization;
pub mod patch;
pub mod source;
pub mod subscription;
pub mod text;
