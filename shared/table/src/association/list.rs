use counted_index::{CountedIndex, KeyRanges, Segments};
use futures_util::TryFutureExt;

use super::{
    Association, AssociationFilter, AssociationOrder,
    plan::Plan,
    token::{decode, encode},
};
use crate::{Error, OrganizationTable};

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
    pub rows: Vec<Association>,
    /// How many there are on all pages.
    pub total: u64,
    /// Continues beyond the page, where there is more.
    pub next: Option<String>,
}

/// Where a page begins, once its token is read.
enum Start {
    After(u64),
    Beyond(String),
}

impl OrganizationTable<'_> {
    /// A page of the associations that the filters keep, and how many there are on all pages. Sequential round trips:
    ///
    /// - two for any page without filters, and where the filters are a range of the order that is asked for three;
    /// - by token one, and with such a range two;
    /// - where rows have to be tested, three; at most `most_tested` rows are read, and held, for it.
    ///
    /// # Errors
    /// [`Error::OrganizationGone`], [`Error::NotAdmin`], [`Error::BadPageToken`], [`Error::TooManyRows`], or the table is
    /// out of reach.
    pub async fn associations(&self, query: &ListQuery, most_tested: u64) -> Result<AssociationPage, Error> {
        let start = match &query.start {
            PageStart::Number(number) => Ok(Start::After(number.saturating_sub(1).saturating_mul(query.size))),
            PageStart::Token(token) => decode(self.id, query, token).map(Start::Beyond),
        };
        let start = match start {
            Ok(start) => start,
            Err(error) => {
                self.require_admin().await?;
                return Err(error);
            }
        };
        let (mut rows, total, more) = match Plan::of(query.order, &query.filters) {
            Plan::Ranges(ranges) => self.in_ranges(query, &ranges, start).await?,
            Plan::Test { asked, other } => self.tested(query, asked, other, start, most_tested).await?,
        };
        rows.truncate(usize::try_from(query.size).unwrap_or(usize::MAX));
        let next = match rows.last() {
            Some(last) if more => Some(encode(self.id, query, &query.order.key(last))?),
            _ => None,
        };
        Ok(AssociationPage { rows, total, next })
    }

    /// A page of ranges of the order that is asked for, their total, and whether more follows.
    async fn in_ranges(
        &self,
        query: &ListQuery,
        ranges: &KeyRanges,
        start: Start,
    ) -> Result<(Vec<Association>, u64, bool), Error> {
        let index = CountedIndex::new(&self.table.engine);
        let order = query.order.of(self.id);
        match start {
            Start::After(skip) => {
                let (buckets, ()) = tokio::try_join!(index.buckets(&order).map_err(Error::from), self.require_admin())?;
                let segments = index.segments(&order, &buckets, ranges).await?;
                let rows = index.page(&order, &segments, query.descending, skip, query.size).await?;
                let total = segments.total();
                Ok((rows, total, skip.saturating_add(query.size) < total))
            }
            Start::Beyond(key) => {
                let rows = index.page_beyond(&order, ranges, query.descending, &key, query.size + 1);
                let (buckets, rows, ()) = tokio::try_join!(
                    index.buckets(&order).map_err(Error::from),
                    rows.map_err(Error::from),
                    self.require_admin()
                )?;
                let total = index.segments(&order, &buckets, ranges).await?.total();
                let more = u64::try_from(rows.len()).is_ok_and(|rows| rows > query.size);
                Ok((rows, total, more))
            }
        }
    }

    /// A page of what the filters keep of the shorter range, its total, and whether more follows.
    async fn tested(
        &self,
        query: &ListQuery,
        asked: KeyRanges,
        other: Option<KeyRanges>,
        start: Start,
        most_tested: u64,
    ) -> Result<(Vec<Association>, u64, bool), Error> {
        let index = CountedIndex::new(&self.table.engine);
        let segments = async |order: AssociationOrder, ranges: KeyRanges| {
            let order = order.of(self.id);
            let buckets = index.buckets(&order).await?;
            Ok::<_, Error>(index.segments(&order, &buckets, &ranges).await?)
        };
        let other = async {
            match other {
                Some(ranges) => segments(query.order.other(), ranges).await.map(Some),
                None => Ok(None),
            }
        };
        let (asked, other, ()) = tokio::try_join!(segments(query.order, asked), other, self.require_admin())?;
        let (order, shorter): (_, Segments) = match other {
            Some(other) if other.total() < asked.total() => (query.order.other(), other),
            _ => (query.order, asked),
        };
        if shorter.total() > most_tested {
            return Err(Error::TooManyRows(most_tested));
        }
        let keep = |row: &Association| query.filters.iter().all(|filter| filter.keeps(row));
        let mut rows: Vec<Association> = index.scan(&order.of(self.id), &shorter, keep).await?;
        if order != query.order {
            rows.sort_by_cached_key(|row| query.order.key(row));
        }
        if query.descending {
            rows.reverse();
        }
        let total = rows.len();
        let skip = match start {
            Start::After(skip) => usize::try_from(skip).unwrap_or(usize::MAX).min(total),
            Start::Beyond(key) => rows.partition_point(|row| {
                let row = query.order.key(row);
                if query.descending { row >= key } else { row <= key }
            }),
        };
        let more = u64::try_from(total - skip).is_ok_and(|left| left > query.size);
        Ok((rows.split_off(skip), u64::try_from(total).unwrap_or(u64::MAX), more))
    }
}
