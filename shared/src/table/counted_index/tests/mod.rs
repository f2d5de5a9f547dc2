//! The index against a sorted model, and against crashes: the real client on a real engine.

mod crash;
mod fixture;
mod model;
