use counted_index::{IndexReader, KeyRanges, Page, Segments};

use super::{
    Joined, ListFilter, Listed,
    page_token::{decode, encode},
    plan::Plan,
};
use crate::{Error, ListError, OrganizationScope};

/// Which records to list.
#[derive(Clone, Debug)]
pub struct ListQuery<L: Listed> {
    /// What they are sorted by.
    pub order: L::Order,
    /// From the last to the first.
    pub descending: bool,
    /// What all of them keep.
    pub filters: Vec<ListFilter<L>>,
    /// Where the page begins.
    pub start: PageStart,
    /// The most records on a page.
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

/// A page of a list.
#[derive(Clone, Debug)]
pub struct ListPage<R> {
    /// The rows on the page.
    pub rows: Vec<R>,
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
struct Read<L: Joined> {
    page: Page<L::Entry>,
    total: u64,
    /// The rows of the page's entries, where the filters needed them; otherwise, what was read beside the entries.
    joined: Result<Vec<L::Row>, L::Beside>,
}

impl OrganizationScope<'_> {
    /// A page of the records that the filters keep, and how many there are on all pages. Sequential round trips, and
    /// those of [`Joined::join`] for the rows of the page:
    ///
    /// - one for the first page and by token, and where the filters are a range of the order that is asked for two;
    /// - two for any other page, and with such a range three;
    /// - where rows have to be tested, three; about as many rows as the table may test are read, and held, for it.
    ///
    /// The entries, the counts and the role are reads of their own, so that writes may commit between them. The total
    /// is never less than what the page shows.
    ///
    /// # Errors
    /// [`ListError::BadPageToken`], [`ListError::TooManyRows`], the scope's own, or the table is out of reach.
    pub(crate) async fn list<L: Joined>(&self, query: &ListQuery<L>) -> Result<ListPage<L::Row>, ListError> {
        let start = match &query.start {
            PageStart::Number(0 | 1) => Ok(Start::After(None)),
            PageStart::Number(number) => Ok(Start::Skip((number - 1).saturating_mul(query.size))),
            PageStart::Token(token) => decode(self.id(), query, token).map(|key| Start::After(Some(key))),
        };
        let start = self.lost_role_first(start).await?;
        let Read { page: Page { entries, more }, total, joined } = match Plan::of(query.order, &query.filters) {
            Plan::Ranges(ranges) => self.read_ranges(query, &ranges, start).await?,
            Plan::Test { asked, other } => self.read_tested(query, asked, other, start).await?,
        };
        let next = match entries.last() {
            Some(last) if more => Some(encode(self.id(), query, &L::key(query.order, last))?),
            _ => None,
        };
        let rows = match joined {
            Ok(rows) => rows,
            Err(beside) => L::join(self.table(), &beside, entries).await?,
        };
        Ok(ListPage { rows, total, next })
    }

    /// A page of ranges of the order that is asked for.
    async fn read_ranges<L: Joined>(
        &self,
        query: &ListQuery<L>,
        ranges: &KeyRanges,
        start: Start,
    ) -> Result<Read<L>, Error> {
        let order = &L::index(query.order, self.id());
        match start {
            Start::Skip(skip) => {
                // The buckets are read beside the role; what is placed by them is read once the role is known to hold.
                let ((buckets, beside), held) = self
                    .checked_to_write(|reads| async move {
                        let buckets = async { Ok(reads.indexes().buckets(order).await?) };
                        tokio::try_join!(buckets, L::read_beside(reads, self.id()))
                    })
                    .await?;
                let index = *held.indexes();
                let segments = index.segments(order, &buckets, ranges).await?;
                let page = index.page(order, &segments, query.descending, skip, query.size).await?;
                Ok(Read { total: segments.total().max(shown(&page, skip)), page, joined: Err(beside) })
            }
            Start::After(key) => {
                let key = key.as_deref();
                let ((buckets, page, beside), held) = self
                    .checked_to_write(|reads| async move {
                        let index = reads.indexes();
                        let buckets = async { Ok(index.buckets(order).await?) };
                        let page =
                            async { Ok(index.page_beyond(order, ranges, query.descending, key, query.size).await?) };
                        tokio::try_join!(buckets, page, L::read_beside(reads, self.id()))
                    })
                    .await?;
                let page: Page<L::Entry> = page;
                // The only page shows every row, and so it is the better count.
                let total = match key {
                    None if !page.more => shown(&page, 0),
                    _ => {
                        let segments = held.indexes().segments(order, &buckets, ranges).await?;
                        segments.total().max(shown(&page, 0))
                    }
                };
                Ok(Read { page, total, joined: Err(beside) })
            }
        }
    }

    /// A page of what the filters keep of the shorter range.
    async fn read_tested<L: Joined>(
        &self,
        query: &ListQuery<L>,
        asked: KeyRanges,
        other: Option<(L::Order, KeyRanges)>,
        start: Start,
    ) -> Result<Read<L>, ListError> {
        let segments = async |index: IndexReader<'_>, order: L::Order, ranges: &KeyRanges| {
            let order = L::index(order, self.id());
            let buckets = index.buckets(&order).await?;
            Ok::<_, Error>(index.segments(&order, &buckets, ranges).await?)
        };
        let ((asked, other, beside), held) = self
            .checked_to_write(|reads| async move {
                let index = reads.indexes();
                let other = async {
                    match &other {
                        Some((order, ranges)) => Ok(Some((*order, segments(index, *order, ranges).await?))),
                        None => Ok(None),
                    }
                };
                tokio::try_join!(segments(index, query.order, &asked), other, L::read_beside(reads, self.id()))
            })
            .await?;
        let (order, shorter): (_, Segments) = match other {
            Some((order, other)) if other.total() < asked.total() => (order, other),
            _ => (query.order, asked),
        };
        let max_tested = self.table().max_tested_rows();
        if shorter.total() > max_tested {
            return Err(ListError::TooManyRows(max_tested));
        }
        let keep = |entry: &L::Entry| query.filters.iter().all(|filter| filter.keeps_entry(entry).unwrap_or(true));
        let index = held.indexes();
        let entries = index.scan(&L::index(order, self.id()), &shorter, keep).await.map_err(Error::from)?;
        let entries = in_order::<L>(query, order, entries);
        let by_rows = query.filters.iter().filter(|filter| entries.first().is_some_and(|one| filter.needs_row(one)));
        let by_rows: Vec<_> = by_rows.collect();
        if by_rows.is_empty() {
            let (page, total) = page_of(query, &start, entries, |entry| entry);
            return Ok(Read { page, total, joined: Err(beside) });
        }
        let rows = L::join(self.table(), &beside, entries.clone()).await?;
        let kept = entries.into_iter().zip(rows).filter(|(_, row)| by_rows.iter().all(|filter| filter.keeps_row(row)));
        let (page, total) = page_of(query, &start, kept.collect(), |(entry, _)| entry);
        let (entries, rows) = page.entries.into_iter().unzip();
        Ok(Read { page: Page { entries, more: page.more }, total, joined: Ok(rows) })
    }
}

/// How many rows there are at least, by a page after the first `skip` rows.
fn shown<T>(page: &Page<T>, skip: u64) -> u64 {
    let entries = u64::try_from(page.entries.len()).unwrap_or(u64::MAX);
    // An empty page may begin anywhere beyond the last row.
    if entries == 0 { 0 } else { skip.saturating_add(entries).saturating_add(u64::from(page.more)) }
}

/// Entries that were read in `order`, in the order and the direction of the query.
fn in_order<L: Listed>(query: &ListQuery<L>, order: L::Order, mut entries: Vec<L::Entry>) -> Vec<L::Entry> {
    if order != query.order {
        entries.sort_by_cached_key(|entry| L::key(query.order, entry));
        // A row that moved in one order during the walk can be seen at both places, but has one place in the other.
        entries.dedup_by(|one, other| L::key(query.order, one) == L::key(query.order, other));
    }
    if query.descending {
        entries.reverse();
    }
    entries
}

/// The page of everything that the filters keep, in the query's order, and how much that is.
fn page_of<L: Listed, T>(
    query: &ListQuery<L>,
    start: &Start,
    mut kept: Vec<T>,
    entry: impl Fn(&T) -> &L::Entry,
) -> (Page<T>, u64) {
    let total = kept.len();
    let skip = match start {
        Start::Skip(skip) => usize::try_from(*skip).unwrap_or(usize::MAX).min(total),
        Start::After(None) => 0,
        Start::After(Some(after)) => kept.partition_point(|one| {
            let key = L::key(query.order, entry(one));
            if query.descending { key >= *after } else { key <= *after }
        }),
    };
    let size = usize::try_from(query.size).unwrap_or(usize::MAX);
    let mut entries = kept.split_off(skip);
    let more = entries.len() > size;
    entries.truncate(size);
    (Page { entries, more }, u64::try_from(total).unwrap_or(u64::MAX))
}
