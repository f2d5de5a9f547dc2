//! Keys, typed by the record that is stored under them.

use std::{fmt, marker::PhantomData};

use serde::{Serialize, de::DeserializeOwned};

/// A type that is stored as an item of its own.
pub(crate) trait Record: Serialize + DeserializeOwned {
    /// The item's entity, which tells operators what the item is.
    const ENTITY: &'static str;
}

/// A part of a record's attributes, for reads that need no more.
pub(crate) trait PartOf<R>: DeserializeOwned {}

impl<R: Record> PartOf<R> for R {}

/// The key of a record that belongs to no single organization.
pub(crate) struct Key<R> {
    raw: dynamo::Key,
    record: PhantomData<fn() -> R>,
}

impl<R> Key<R> {
    pub(super) fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self { raw: dynamo::Key::new(pk, sk), record: PhantomData }
    }

    /// Returns the untyped key, as the engine takes it.
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

/// The key of one of an organization's records. Only the organization's scope can use it.
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

/// A partition that holds records of one type, which belong to no single organization.
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

/// One of an organization's partitions. Only the organization's scope can use it.
pub(crate) struct OrganizationPartition(String);

impl OrganizationPartition {
    pub(super) fn new(name: String) -> Self {
        Self(name)
    }

    pub(super) fn into_name(self) -> String {
        self.0
    }
}
