//! Random calls, a file for each object that they compete for.

mod admins;
mod associations;
mod invitations;
mod machines;
mod names;
mod subscriptions;
mod tiers;
mod walks;

use std::sync::Arc;

use rand::{RngExt, rngs::StdRng};
use shared::ids::random_id;

use crate::{
    api::{Api, Request},
    arena::Arena,
    mails::Mails,
};

/// One call of one client.
pub(crate) struct Caller<'a> {
    pub(crate) api: &'a Api,
    pub(crate) arena: &'a Arc<Arena>,
    pub(crate) mails: &'a Mails,
    pub(crate) client: usize,
    pub(crate) random: &'a mut StdRng,
}

impl Caller<'_> {
    /// Makes a random call.
    pub(crate) async fn call(&mut self) {
        match self.random.random_range(0..100) {
            0..24 => self.admins().await,
            24..54 => self.tiers().await,
            54..72 => self.associations().await,
            72..80 => self.walk().await,
            80..88 => self.names().await,
            88..94 => self.invitations().await,
            94..96 => self.subscriptions().await,
            _ => self.machines().await,
        }
    }

    /// Asks of each object how it is in the end.
    pub(crate) async fn read_all(&mut self) {
        self.read_admins().await;
        self.read_tiers().await;
        self.read_associations().await;
        self.read_names().await;
        self.read_machines().await;
    }

    fn one_of<'t, T>(&mut self, list: &'t [T]) -> &'t T {
        &list[self.random.random_range(0..list.len())]
    }

    /// The request with an idempotency key, or as it is.
    fn maybe_once(&mut self, request: Request) -> Request {
        if self.random.random_range(0..3) == 0 { request } else { request.once(random_id(20)) }
    }
}
