//! The suite's callers, a type each, and the bundle that they call.

mod answer;
mod callers;
mod issuer;
mod mails;
mod server;
mod ses;
mod table;
mod world;

pub(crate) use answer::Answer;
pub(crate) use callers::{Anonymous, Caller, Elsewhere, Member, claims_of};
pub(crate) use issuer::{Idp, IdpAnswer, IdpKey};
pub(crate) use mails::{link_token, mails_at, mails_to};
pub(crate) use server::{in_memory, server};
pub(crate) use ses::{Mood, Ses};
pub(crate) use table::{account_items, delete_item, dynamodb, put_item};
pub(crate) use world::{PASSWORD, Person, Tenant, person, tenant, tenant_named, unique};
