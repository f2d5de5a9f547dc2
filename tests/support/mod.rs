//! The suite's callers, a type each, and the bundle that they call.

mod answer;
pub(crate) mod answered_codes;
mod billing;
mod binaries;
mod callers;
mod examples;
mod gated;
mod issuer;
mod kms;
mod lambda;
mod mails;
mod second_engine;
mod server;
mod ses;
mod table;
mod world;

pub(crate) use answer::Answer;
pub(crate) use billing::{
    OPERATOR_KEY, Operator, STRIPE_SECRET, entitlements_claim, entitlements_of, operator_key_hashes, stripe_sends,
    stripe_signature, subscribe_at, subscription_path,
};
pub(crate) use binaries::{binary, operate};
pub(crate) use callers::{Anonymous, Caller, Elsewhere, Member, claims_of};
pub(crate) use examples::check_example;
pub(crate) use gated::{Gated, GatedTenant};
pub(crate) use issuer::{Idp, IdpAnswer, IdpKey};
pub(crate) use kms::{Kms, KmsMood};
#[cfg(feature = "lambda")]
pub(crate) use lambda::Deployment;
pub(crate) use mails::{link_token, mail_with_link, mails_at, mails_to};
pub(crate) use second_engine::start_bundle;
pub(crate) use server::{MAX_INVITATIONS, Server, server, server_requiring_verified_email};
pub(crate) use ses::{Mood, Ses};
pub(crate) use table::{account_items, account_items_at, delete_item, dynamodb, engine_call, put_item};
pub(crate) use world::{PASSWORD, Person, Tenant, person, tenant, tenant_named, unique};
