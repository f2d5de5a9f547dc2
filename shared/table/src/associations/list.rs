use counted_index::{IndexReader, KeyRanges, Page, Segments};

use super::{
    AssociationFilter, AssociationOrder,
    page_token::{decode, encode},
    plan::Plan,
};
use crate::{AssociationError, Error, OrganizationScope, records::AssociationRecord};

/// Which associations to list.
#[derive(Clone, Debug)]
pub struct ListQuery {
    /// What they are sorted by.
    pub order: AssociationOrder,
    /// From the last to the first.
    pub descending: bool,
    /// What all of them keep.
    pub filters: Vec<AssociationFilter>,
    /// Where the page begins.
    pub start: PageStart,
    /// The most associations on a page.
    pub size: u64,
}

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageStart {
    /// The page of this number, from 1.
    Number(u64),
    /// Beyond the last row of the page that gave this token.
    Token(String),
}

/// A page of associations.
#[derive(Clone, Debug)]
pub struct AssociationPage {
    /// Those on the page.
    pub rows: Vec<AssociationRecord>,
    /// How many there are on all pages.
    pub total: u64,
    /// Continues beyond the page, where there is more.
    pub next: Option<String>,
}

/// Where a page begins, once its token is read.
enum Start {
    /// Beyond this key, or at the first row.
    After(Option<String>),
    /// After so many rows, of which there is one at least.
    Skip(u64),
}

/// What was read for a page.
struct Read {
    page: Page<AssociationRecord>,
    total: u64,
}

impl OrganizationScope<'_> {
    /// A page of the associations that the filters keep, and how many there are on all pages. Sequential round trips:
    ///
    /// - one for the first page and by token, and where the filters are a range of the order that is asked for two;
    /// - two for any other page, and with such a range three;
    /// - where rows have to be tested, three; about `max_tested` rows at most are read, and held, for it.
    ///
    /// The entries, the counts and the role are reads of their own, so that writes may commit between them. The total is
    /// never less than what the page shows.
    ///
    /// # Errors
    /// [`AssociationError::BadPageToken`], [`AssociationError::TooManyRows`], the scope's own, or the table is out of
    /// reach.
    pub async fn associations(&self, query: &ListQuery, max_tested: u64) -> Result<AssociationPage, AssociationError> {
        let start = match &query.start {
            PageStart::Number(0 | 1) => Ok(Start::After(None)),
            PageStart::Number(number) => Ok(Start::Skip((number - 1).saturating_mul(query.size))),
            PageStart::Token(token) => decode(self.id(), query, token).map(|key| Start::After(Some(key))),
        };
        let start = self.lost_role_first(start).await?;
        let Read { page: Page { entries: rows, more }, total } = match Plan::of(query.order, &query.filters) {
            Plan::Ranges(ranges) => self.read_ranges(query, &ranges, start).await?,
            Plan::Test { asked, other } => self.read_tested(query, asked, other, start, max_tested).await?,
        };
        let next = match rows.last() {
            Some(last) if more => Some(encode(self.id(), query, &query.order.key(last))?),
            _ => None,
        };
        Ok(AssociationPage { rows, total, next })
    }

    /// A page of ranges of the order that is asked for.
    async fn read_ranges(&self, query: &ListQuery, ranges: &KeyRanges, start: Start) -> Result<Read, Error> {
        let order = &query.order.index(self.id());
        match start {
            Start::Skip(skip) => {
                // The buckets are read beside the role; what is placed by them is read once the role is known to hold.
                let (buckets, held) =
                    self.checked_to_write(|reads| async move { Ok(reads.indexes().buckets(order).await?) }).await?;
                let index = *held.indexes();
                let segments = index.segments(order, &buckets, ranges).await?;
                let page = index.page(order, &segments, query.descending, skip, query.size).await?;
                Ok(Read { total: segments.total().max(shown(&page, skip)), page })
            }
            Start::After(key) => {
                let key = key.as_deref();
                let ((buckets, page), held) = self
                    .checked_to_write(|reads| async move {
                        let index = reads.indexes();
                        let page = index.page_beyond(order, ranges, query.descending, key, query.size);
                        let (buckets, page) = tokio::try_join!(index.buckets(order), page)?;
                        Ok((buckets, page))
                    })
                    .await?;
                let page: Page<AssociationRecord> = page;
                // The only page shows every row, and so it is the better count.
                let total = match key {
                    None if !page.more => shown(&page, 0),
                    _ => {
                        let segments = held.indexes().segments(order, &buckets, ranges).await?;
                        segments.total().max(shown(&page, 0))
                    }
                };
                Ok(Read { page, total })
            }
        }
    }

    /// A page of what the filters keep of the shorter range.
    async fn read_tested(
        &self,
        query: &ListQuery,
        asked: KeyRanges,
        other: Option<KeyRanges>,
        start: Start,
        max_tested: u64,
    ) -> Result<Read, AssociationError> {
        let segments = async |index: IndexReader<'_>, order: AssociationOrder, ranges: &KeyRanges| {
            let order = order.index(self.id());
            let buckets = index.buckets(&order).await?;
            index.segments(&order, &buckets, ranges).await
        };
        let ((asked, other), held) = self
            .checked_to_write(|reads| async move {
                let index = reads.indexes();
                let other = async {
                    match &other {
                        Some(ranges) => segments(index, query.order.other(), ranges).await.map(Some),
                        None => Ok(None),
                    }
                };
                Ok(tokio::try_join!(segments(index, query.order, &asked), other)?)
            })
            .await?;
        let (order, shorter): (_, Segments) = match other {
            Some(other) if other.total() < asked.total() => (query.order.other(), other),
            _ => (query.order, asked),
        };
        if shorter.total() > max_tested {
            return Err(AssociationError::TooManyRows(max_tested));
        }
        let keep = |row: &AssociationRecord| query.filters.iter().all(|filter| filter.keeps(row));
        let rows = held.indexes().scan(&order.index(self.id()), &shorter, keep).await.map_err(Error::from)?;
        Ok(page_of(query, start, order, rows))
    }
}

/// How many rows there are at least, by a page after the first `skip` rows.
fn shown(page: &Page<AssociationRecord>, skip: u64) -> u64 {
    let entries = u64::try_from(page.entries.len()).unwrap_or(u64::MAX);
    // An empty page may begin anywhere beyond the last row.
    if entries == 0 { 0 } else { skip.saturating_add(entries).saturating_add(u64::from(page.more)) }
}

/// The page of all rows that the filters keep, which were read in `order`.
fn page_of(query: &ListQuery, start: Start, order: AssociationOrder, mut rows: Vec<AssociationRecord>) -> Read {
    if order != query.order {
        rows.sort_by_cached_key(|row| query.order.key(row));
        // A user who moved to another customer during the walk can be seen at both, but has one place in this order.
        rows.dedup_by(|one, other| query.order.key(one) == query.order.key(other));
    }
    if query.descending {
        rows.reverse();
    }
    let total = rows.len();
    let skip = match start {
        Start::Skip(skip) => usize::try_from(skip).unwrap_or(usize::MAX).min(total),
        Start::After(None) => 0,
        Start::After(Some(key)) => rows.partition_point(|row| {
            let row = query.order.key(row);
            if query.descending { row >= key } else { row <= key }
        }),
    };
    let size = usize::try_from(query.size).unwrap_or(usize::MAX);
    let mut entries = rows.split_off(skip);
    let more = entries.len() > size;
    entries.truncate(size);
    Read { page: Page { entries, more }, total: u64::try_from(total).unwrap_or(u64::MAX) }
}
