//! The counted index against a sorted model, and against crashes: the real client on a real engine.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod crash;
mod fixture;
mod model;
mod rebuild;
mod slow_split;
