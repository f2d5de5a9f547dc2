//! What strangers send, made up by a fuzzer, against what must always hold of it.
//!
//! A target takes any bytes and panics where something doesn't hold. Inputs are texts, so that people can read the kept
//! corpus and write new ones. `cargo test` runs every target on its corpus; the feature `libfuzzer` makes a program that
//! goes on from there, led by what the code's branches make of each input.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a target fails by panicking")]

mod addresses;
mod credentials;
mod filters;
mod gateway;
mod names;
mod page_tokens;
mod ranges;
mod requests;
mod world;

/// A target.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name of its corpus.
    pub name: &'static str,
    /// Takes an input and panics where something doesn't hold.
    pub run: fn(&[u8]),
}

/// Every target.
pub const TARGETS: &[Target] = &[
    Target { name: "addresses", run: addresses::run },
    Target { name: "credentials", run: credentials::run },
    Target { name: "filters", run: filters::run },
    Target { name: "gateway", run: gateway::run },
    Target { name: "names", run: names::run },
    Target { name: "page-tokens", run: page_tokens::run },
    Target { name: "ranges", run: ranges::run },
    Target { name: "requests", run: requests::run },
];

/// The lines of an input, the last one with what is left; missing ones are empty.
fn lines<const N: usize>(data: &[u8]) -> [String; N] {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.splitn(N, '\n');
    std::array::from_fn(|_| lines.next().unwrap_or_default().to_owned())
}
