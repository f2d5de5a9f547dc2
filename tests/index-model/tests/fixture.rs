use std::{
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use aws_sdk_dynamodb::{
    Client,
    config::Builder,
    types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType},
};
use counted_index::{CountedIndex, KeyRange, KeyRanges, Order, Outcome, Page, Row, entry_key};
use domain::ids;
use dynamo::{Error, Expression, Key, SortKeys, Table, Transaction, number};
use dynoxide::Database;
use faults::{FaultKind, Faults, Plan};
use serde::{Deserialize, Serialize};
use tokio::{net::TcpListener, runtime::Runtime};

const TABLE: &str = "index";

/// Entries that a bucket may hold: few, so that a handful of rows splits one.
const MAX_ENTRIES: u64 = 4;
/// Buckets that a parent may have: few, so that small collections have parents.
const MAX_BUCKETS: usize = 3;
/// Longer than a split takes, shorter than writers wait.
const FENCE_LIFETIME: Duration = Duration::from_millis(300);

/// Serves the engine and runs every test. A runtime for each test would end the engine with the first of them.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

static ENGINE: LazyLock<String> = LazyLock::new(|| {
    RUNTIME.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(dynoxide::server::serve_on(listener, Database::memory().unwrap()));
        let client = Client::from_conf(Table::client_config(Some(&url)).build());
        let key = |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap();
        let attribute = |name: &str| AttributeDefinition::builder().attribute_name(name);
        let attribute = |name| attribute(name).attribute_type(ScalarAttributeType::S).build().unwrap();
        let create = client.create_table().table_name(TABLE).billing_mode(BillingMode::PayPerRequest);
        let create = create.key_schema(key("pk", KeyType::Hash)).key_schema(key("sk", KeyType::Range));
        create.attribute_definitions(attribute("pk")).attribute_definitions(attribute("sk")).send().await.unwrap();
        url
    })
});

static CONFLICTS: LazyLock<String> = LazyLock::new(|| RUNTIME.block_on(faults::conflicts::proxy(ENGINE.clone())));

static HALF_SEEN: LazyLock<String> = LazyLock::new(|| {
    let half_seen = Plan::always(FaultKind::HalfSeen, 1);
    RUNTIME.block_on(async { Faults::start(ENGINE.clone(), half_seen).await.url() })
});

/// Runs a test.
pub(crate) fn run<T>(test: impl Future<Output = T>) -> T {
    // The engine and the proxies must start before `block_on`, because a runtime can't be entered twice.
    LazyLock::force(&CONFLICTS);
    LazyLock::force(&HALF_SEEN);
    RUNTIME.block_on(test)
}

/// The connection of a test to the engine.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way {
    Direct,
    ThroughConflicts,
    /// Every Query may see a part of each commit later than the rest.
    HalfSeen,
}

/// A thing that is indexed by its id, and by its group and then its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Thing {
    pub(crate) id: u32,
    pub(crate) group_number: u32,
}

impl Thing {
    /// Returns its key in the order by id, and its key in the order by group.
    pub(crate) fn keys(&self) -> [String; 2] {
        [format!("{:03}", self.id), format!("{:02}-{:03}", self.group_number, self.id)]
    }
}

/// A collection of things, in partitions that no other test uses.
#[derive(Clone, Debug)]
pub(crate) struct Things {
    table: Table,
    pub(crate) orders: [Order; 2],
    fence_lifetime: Duration,
}

impl Things {
    pub(crate) async fn new(way: Way) -> Self {
        let endpoint = match way {
            Way::Direct => &*ENGINE,
            Way::ThroughConflicts => &*CONFLICTS,
            Way::HalfSeen => &*HALF_SEEN,
        };
        let things = Self::reached_by(Table::client_config(Some(endpoint)), &ids::random_id(12));
        things.create().await;
        things
    }

    /// The engine's address.
    pub(crate) fn engine() -> String {
        ENGINE.clone()
    }

    async fn create(&self) {
        let transaction = Transaction::new(&self.table);
        let transaction = self.orders.iter().fold(transaction, |transaction, order| order.create(transaction, ()));
        assert!(transaction.commit().await.is_ok());
    }

    fn reached_by(client: Builder, name: &str) -> Self {
        let order = |kind: &str| Order { partition: format!("{name}#{kind}"), entity: "thing" };
        Self {
            table: Table::new(Client::from_conf(client.build()), TABLE),
            orders: [order("id"), order("group")],
            fence_lifetime: FENCE_LIFETIME,
        }
    }

    /// Returns this collection with fences that expire as soon as they are raised, so that every writer takes them
    /// over.
    pub(crate) fn without_fences(self) -> Self {
        Self { fence_lifetime: Duration::ZERO, ..self }
    }

    /// Returns this collection, reached directly by a client that `change` configures.
    pub(crate) fn by(&self, change: impl FnOnce(Builder) -> Builder) -> Self {
        let name = self.orders[0].partition.split_once('#').unwrap().0.to_owned();
        Self::reached_by(change(Table::client_config(Some(&*ENGINE))), &name)
    }

    pub(crate) fn index(&self) -> CountedIndex<'_> {
        CountedIndex::new(&self.table).with_limits(MAX_ENTRIES, MAX_BUCKETS, self.fence_lifetime)
    }

    pub(crate) async fn get(&self, id: u32) -> Result<Option<Thing>, Error> {
        self.table.get(entry_key(&self.orders[0].partition, &format!("{id:03}"))).await
    }

    /// Inserts a thing. Returns false if its id already exists.
    pub(crate) async fn insert(&self, thing: &Thing) -> Result<bool, Error> {
        loop {
            if self.get(thing.id).await?.is_some() {
                return Ok(false);
            }
            let mut write = self.index().write();
            for (order, key) in self.orders.iter().zip(thing.keys()) {
                write = write.insert(order, &self.index().locate(order, &key).await?, &key, thing);
            }
            if self.done(write.commit().await?).await {
                return Ok(true);
            }
        }
    }

    /// Removes a thing. Returns false if there is none.
    pub(crate) async fn remove(&self, id: u32) -> Result<bool, Error> {
        loop {
            let Some(known) = self.get(id).await? else { return Ok(false) };
            let mut write = self.index().write();
            for (order, key) in self.orders.iter().zip(known.keys()) {
                let bucket = self.index().locate(order, &key).await?;
                let expression =
                    Expression::condition("group_number = :group").value(":group", number(known.group_number));
                write = write.remove(order, &bucket, &key, &expression);
            }
            if self.done(write.commit().await?).await {
                return Ok(true);
            }
        }
    }

    /// Moves a thing to another group. Returns false if there is none.
    pub(crate) async fn move_to(&self, thing: &Thing) -> Result<bool, Error> {
        let [by_id, by_group] = &self.orders;
        loop {
            let Some(known) = self.get(thing.id).await? else { return Ok(false) };
            if known == *thing {
                return Ok(true);
            }
            let ([id_key, old_key], [_, new_key]) = (known.keys(), thing.keys());
            let change = Expression::update("SET group_number = :new").and_condition("group_number = :old");
            let change = change.value(":new", number(thing.group_number)).value(":old", number(known.group_number));
            let (old, new) =
                (self.index().locate(by_group, &old_key).await?, self.index().locate(by_group, &new_key).await?);
            let write = self.index().write().remove(by_group, &old, &old_key, &Expression::default());
            let write = write.insert(by_group, &new, &new_key, thing);
            let entry = entry_key(&by_id.partition, &id_key);
            let write = write.with(|transaction| transaction.update(entry, &change, ()));
            if self.done(write.commit().await?).await {
                return Ok(true);
            }
        }
    }

    pub(crate) async fn insert_many(&self, things: &[Thing]) -> Result<(), Error> {
        let rows = things.iter().map(|thing| Row { keys: thing.keys().into(), record: thing.clone(), with_item: None });
        self.index().insert_many(&self.orders, rows.collect()).await
    }

    pub(crate) async fn page(&self, order: usize, descending: bool, skip: u64, size: u64) -> (Vec<Thing>, u64) {
        self.page_of(order, descending, &KeyRange::all(), skip, size).await
    }

    pub(crate) async fn page_of(
        &self,
        order: usize,
        descending: bool,
        range: &KeyRange,
        skip: u64,
        size: u64,
    ) -> (Vec<Thing>, u64) {
        let (page, total) = self.read_page(order, descending, range, skip, size).await;
        (page.entries, total)
    }

    async fn read_page(
        &self,
        order: usize,
        descending: bool,
        range: &KeyRange,
        skip: u64,
        size: u64,
    ) -> (Page<Thing>, u64) {
        let (index, order) = (self.index(), &self.orders[order]);
        let buckets = index.buckets(order).await.unwrap();
        let segments = index.segments(order, &buckets, &KeyRanges::of([range.clone()])).await.unwrap();
        (index.page(order, &segments, descending, skip, size).await.unwrap(), segments.total())
    }

    /// Walks over a range: the page after the first `skip` entries, then each beyond the last entry of the one before.
    /// Returns what the pages show.
    pub(crate) async fn walk(
        &self,
        order: usize,
        descending: bool,
        range: &KeyRange,
        skip: u64,
        size: u64,
    ) -> Vec<Thing> {
        let (index, ranges, partition) = (self.index(), KeyRanges::of([range.clone()]), &self.orders[order]);
        let mut page: Page<Thing> = if skip == 0 {
            index.page_beyond(partition, &ranges, descending, None, size).await.unwrap()
        } else {
            self.read_page(order, descending, range, skip, size).await.0
        };
        let mut things = page.entries;
        while page.more {
            let key = things.last().map(|thing| thing.keys()[order].clone());
            page = index.page_beyond(partition, &ranges, descending, key.as_deref(), size).await.unwrap();
            things.extend(page.entries);
        }
        things
    }

    /// Asserts that every bucket counts as many entries as are in its range, and each parent as many as its buckets.
    pub(crate) async fn assert_counted(&self) {
        for order in &self.orders {
            let report = self.index().verify(order).await.unwrap();
            assert_eq!(report.faults, [], "{order:?}");
        }
    }

    /// Asserts that no bucket is too big, and that none is empty but those that the index or a parent begins with.
    pub(crate) async fn assert_balanced(&self) {
        for order in &self.orders {
            let buckets = self.index().all_buckets(order).await.unwrap();
            for bucket in &buckets {
                assert!(bucket.entries <= MAX_ENTRIES, "{bucket:?} of {buckets:?}");
                assert!(bucket.entries > 0 || bucket.is_kept(), "{bucket:?} of {buckets:?}");
            }
        }
    }

    /// Changes an item of an order past the index.
    pub(crate) async fn sabotage(&self, order: usize, sort_key: &str, change: Option<&Expression>) {
        let key = Key::new(&self.orders[order].partition, sort_key);
        match change {
            Some(change) => assert!(self.table.update(key, change).await.unwrap().is_some()),
            None => self.table.delete(key, &Expression::default()).await.unwrap(),
        }
    }

    /// Returns the sort keys of an order's parents or buckets, by their prefix.
    pub(crate) async fn sort_keys(&self, order: usize, prefix: &str) -> Vec<String> {
        let items = self.table.query(&self.orders[order].partition, SortKeys::Prefix(prefix)).await.unwrap();
        items.iter().map(|item| item["sk"].as_s().unwrap().clone()).collect()
    }

    /// Ends every change of the parents that is under way, or was left.
    pub(crate) async fn settle(&self) {
        for order in &self.orders {
            self.index().settle(order).await.unwrap();
        }
    }

    /// Asserts that the counts are read from parents exactly if there are many buckets, and that no parent has too
    /// many.
    pub(crate) async fn assert_settled(&self) {
        for order in &self.orders {
            let buckets = self.index().all_buckets(order).await.unwrap();
            let report = self.index().verify(order).await.unwrap();
            let parents = usize::try_from(report.parents).unwrap();
            assert!(parents > 0 || buckets.len() <= MAX_BUCKETS, "{report:?}");
            assert!(buckets.len() <= parents.max(1) * MAX_BUCKETS.max(parents), "{report:?}");
        }
    }

    async fn done(&self, outcome: Outcome) -> bool {
        static TURN: AtomicU64 = AtomicU64::new(0);
        if outcome == Outcome::Conflict {
            // Each writer waits for another time, so that those in conflict don't meet again.
            tokio::time::sleep(Duration::from_millis(1 + TURN.fetch_add(1, Ordering::Relaxed) % 11)).await;
        }
        outcome == Outcome::Done
    }
}
