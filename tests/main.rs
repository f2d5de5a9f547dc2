//! The black-box suite: every test speaks HTTP to the real routers over a real DynamoDB engine, with organizations of
//! its own, all in parallel.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod account_ends;
mod accounts;
mod address_verification;
mod addresses;
mod admins;
mod association_list;
mod association_model;
mod associations;
mod common_rules;
mod conditional_requests;
mod conflicts;
mod customers;
mod deadlines;
mod enrichment;
#[cfg(feature = "lambda")]
mod events;
mod faulty;
mod field_names;
mod gate;
mod guessable_passwords;
mod headers;
mod idempotency;
mod import_command;
mod imports;
mod isolation;
mod links;
mod lists_beside_writes;
mod local_ports;
mod login_attempts;
mod machine_access;
mod machines;
mod mails;
mod making_limits;
mod memberships;
#[cfg(feature = "lambda")]
mod memory;
mod names;
mod notices;
mod oauth;
mod one_machine;
mod openapi;
mod operators;
mod organizations;
mod outbox;
mod policy_matrix;
mod price_tiers;
mod problems;
mod profiles;
mod readme;
mod rotation;
mod round_trips;
mod sessions;
mod settings;
mod sign_in;
mod support;
mod template;
mod tenants;
mod tier_changes;
mod tier_migration;
mod tokens;
mod trusted_issuers;
mod unheard;
