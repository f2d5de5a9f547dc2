//! Customers of tables from before they were in counted orders. Their key was the number, in a partition of their own.
//!
//! `migrate` moves them, while calls go on: a transaction takes a customer away from its earlier key and makes it an
//! entry of each order. It moves no customer back, and no call makes one in the earlier form. So three steps bring an
//! organization over:
//!
//! 1. Make the first bucket of each order, if no call has.
//! 2. Move what is left in the earlier partition, until a strongly consistent Query finds nothing.
//! 3. Note the time in the organization's item: `customers_indexed_at`.
//!
//! Until then a read that finds no customer in the present form looks in both at one moment, and a write takes the
//! customer from wherever it is. The list of customers waits. The third step ends that for good, and costs nothing
//! where the organization's item is read anyway. Three races have to be told apart:
//!
//! | Reader | Migration |
//! |---|---|
//! | reads the entry of `C-1`: none | |
//! | | moves `C-1`, and notes that all are moved |
//! | reads the organization: all are moved | |
//!
//! So the note counts only for calls that began a minute after it. A new organization has 0 there.
//!
//! | Reader | Migration |
//! |---|---|
//! | reads the entry of `C-1`: none | |
//! | | moves `C-1` |
//! | reads the earlier item of `C-1`: none | |
//!
//! So the two are read by one `TransactGetItems`.
//!
//! | Put of `C-1` | Migration |
//! |---|---|
//! | finds `C-1` in the earlier form | |
//! | | moves `C-1` |
//! | deletes the earlier item as it was read, and makes the entries | |
//!
//! The deletion is refused, and the put reads again. So is the move, if the put comes first.
//!
//! An earlier version that is still at work doesn't see entries, and may put a customer that is one. Then the entry
//! wins.

use counted_index::{IndexChanges, Outcome};
use domain::{clock::now, ids::OrganizationId};
use dynamo::{Backoff, Expression, SortKeys, number, text};
use futures_util::future::try_join_all;

use super::{
    CustomerOrder,
    entries::{CustomerBuckets, CustomerEntries},
    write::add_uses,
};
use crate::{
    Error, Table,
    records::{CustomerRecord, CustomersPlace, OrganizationRecord, use_counter},
    scope::{Authority, keys},
};

/// Longer than a call takes, and clocks differ.
const SETTLED_SECONDS: u64 = 60;
/// Customers that one transaction moves. Each takes three actions of a hundred, and two more for its buckets.
const MOVED_AT_ONCE: usize = 20;
/// The range of the sort keys of earlier customers: no number begins with a lower character than U+0020.
const ALL: SortKeys<'static> = SortKeys::Between(" ", "\u{10FFFF}");

/// What became of the customers that were in the form of earlier versions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BroughtOverCustomers {
    /// How many are in the present form now.
    pub moved: usize,
}

/// Whether customers in the earlier form may have been left when a call that began at `begun_at` read them.
pub(super) fn may_be_left(place: &CustomersPlace, begun_at: u64) -> bool {
    place.customers_indexed_at.is_none_or(|indexed_at| begun_at < indexed_at + SETTLED_SECONDS)
}

impl Table {
    /// Brings every customer that is in the form of earlier versions into the present one. Reads the whole table. It
    /// may be stopped and run again.
    ///
    /// # Errors
    /// The table is out of reach: run it again.
    pub async fn bring_over_customers(&self) -> Result<BroughtOverCustomers, Error> {
        let not_indexed = Expression::condition("sk = :organization AND attribute_not_exists(customers_indexed_at)")
            .value(":organization", text(keys::ORGANIZATION));
        let found = self.of_every_organization_by::<OrganizationRecord>(&not_indexed, Authority::Migration).await?;
        let mut done = BroughtOverCustomers::default();
        for (organization, _) in found {
            self.make_customer_orders(&organization).await?;
            done.moved += self.move_customers(&organization).await?;
            let note = Expression::update("SET customers_indexed_at = :now").value(":now", number(now()));
            self.update(keys::organization(&organization).by(Authority::Migration), &note).await?;
        }
        Ok(done)
    }

    /// Makes the first bucket of each order of an organization's customers, where there is none.
    pub(super) async fn make_customer_orders(&self, organization: &OrganizationId) -> Result<(), Error> {
        let orders = CustomerOrder::BOTH.map(|order| order.index(organization));
        let write = orders.iter().fold(self.write().unasked(), |write, order| write.with_index(order, ()));
        write.commit(()).await?;
        Ok(())
    }

    /// Moves every customer of an organization that is in the earlier form. Returns how many there were.
    async fn move_customers(&self, organization: &OrganizationId) -> Result<usize, Error> {
        let (mut moved, mut backoff) = (0, Backoff::default());
        loop {
            let reads = self.reads_by(Authority::Migration);
            let partition = keys::earlier_customers(organization);
            let left: Vec<CustomerRecord> = reads.query_up_to(partition, ALL, MOVED_AT_ONCE).await?;
            if left.is_empty() {
                return Ok(moved);
            }
            if self.move_at_once(organization, &left).await? == Outcome::Done {
                (moved, backoff) = (moved + left.len(), Backoff::default());
            } else {
                try_join_all(left.iter().map(|customer| self.drop_where_indexed(organization, customer))).await?;
                backoff.wait_or_give_up("customers are being changed by others").await?;
            }
        }
    }

    /// Moves some customers in one transaction, if they and their buckets are as they were read.
    async fn move_at_once(&self, organization: &OrganizationId, left: &[CustomerRecord]) -> Result<Outcome, Error> {
        let indexes = self.indexes_by(Authority::Migration);
        let [by_number, by_company] = &CustomerOrder::BOTH.map(|order| order.index(organization));
        let buckets = left.iter().map(async |customer| {
            let [number, company] = CustomerOrder::BOTH.map(|order| order.key(customer));
            let by_company = indexes.locate(by_company, &company);
            let (by_number, by_company) = tokio::try_join!(indexes.locate(by_number, &number), by_company)?;
            Ok::<_, Error>(CustomerBuckets { by_number, by_company })
        });
        let buckets = try_join_all(buckets).await?;
        let (entries, mut changes) = (CustomerEntries::of(organization), IndexChanges::default());
        let mut write = indexes.write();
        for (customer, buckets) in left.iter().zip(&buckets) {
            entries.insert(&mut changes, buckets, customer);
            let earlier = keys::earlier_customer(organization, &customer.customer_number);
            let earlier = earlier.by(Authority::Migration).into_raw();
            write = write.with(|transaction| transaction.delete(earlier, &customer.unchanged(), ()));
        }
        Ok(write.with_changes(changes).commit().await?)
    }

    /// Deletes an earlier item of a customer that is in the orders as well, and takes it off its tier.
    async fn drop_where_indexed(&self, organization: &OrganizationId, earlier: &CustomerRecord) -> Result<(), Error> {
        let (by, number) = (Authority::Migration, &earlier.customer_number);
        if self.get(keys::customer(organization, number).by(by)).await?.is_none() {
            return Ok(());
        }
        let tier_use = keys::tier_use(organization, &earlier.tier_id, use_counter(number));
        // Where either has changed meanwhile, the next round sees it.
        self.write()
            .unasked()
            .delete(keys::earlier_customer(organization, number).by(by), &earlier.unchanged(), ())
            .update(tier_use.by(by), &add_uses(-1), ())
            .commit(())
            .await?;
        Ok(())
    }
}
