//! Keys, typed by the record that is kept there.

use std::{fmt, marker::PhantomData};

use serde::{Serialize, de::DeserializeOwned};

/// What an item holds.
pub(crate) trait Record: Serialize + DeserializeOwned {
    /// What the item is called, for whoever looks into the table.
    const ENTITY: &'static str;
}

/// Some of a record's attributes, for reads that need no more of it.
pub(crate) trait PartOf<R>: DeserializeOwned {}

impl<R: Record> PartOf<R> for R {}

/// The address of a record that belongs to no single organization.
pub(crate) struct Key<R> {
    raw: dynamo::Key,
    record: PhantomData<fn() -> R>,
}

impl<R> Key<R> {
    pub(super) fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self { raw: dynamo::Key::new(pk, sk), record: PhantomData }
    }

    /// The address as the engine takes it.
    pub(crate) fn into_raw(self) -> dynamo::Key {
        self.raw
    }
}

impl<R> Clone for Key<R> {
    fn clone(&self) -> Self {
        Self { raw: self.raw.clone(), record: PhantomData }
    }
}

impl<R> fmt::Debug for Key<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.raw.fmt(f)
    }
}

/// The address of one of an organization's records. It is of use to the organization's scope alone.
pub(crate) struct OrganizationKey<R>(Key<R>);

impl<R> OrganizationKey<R> {
    pub(super) fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self(Key::new(pk, sk))
    }

    pub(super) fn into_key(self) -> Key<R> {
        self.0
    }
}

impl<R> Clone for OrganizationKey<R> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// A partition whose records are of one kind, and belong to no single organization.
pub(crate) struct Partition<R> {
    name: String,
    record: PhantomData<fn() -> R>,
}

impl<R> Partition<R> {
    pub(super) fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), record: PhantomData }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

/// One of an organization's partitions. It is of use to the organization's scope alone.
pub(crate) struct OrganizationPartition(String);

impl OrganizationPartition {
    pub(super) fn new(name: String) -> Self {
        Self(name)
    }

    pub(super) fn into_name(self) -> String {
        self.0
    }
}
