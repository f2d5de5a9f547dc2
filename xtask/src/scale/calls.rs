//! The mix of calls, what each takes, and what a mean request takes of it.

/// Seconds that Lambda waits for a round trip to the table, and is paid for. Source: `bench/src/price.rs`.
pub(super) const ROUND_TRIP_SECONDS: f64 = 0.004;
/// Memory in MB with which a Lambda has one CPU. Source: `bench/src/price.rs`.
pub(super) const FULL_CPU: f64 = 1_769.0;
/// Memory in MB of the functions that hash no passwords. Source: `Memory` in `template.yaml`.
pub(super) const MEMORY: f64 = 512.0;

/// Where units go: what lies in one partition of the table, or is one item, has a limit of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// `#ORG`, one item of `ORG#id`.
    OrganizationItem,
    /// The caller's own `ADMIN#user` or `CLIENT#client`, one item of `ORG#id`.
    Caller,
    /// `TIERUSE#tier#0…15` in `ORG#id`.
    TierUse,
    /// Other items of `ORG#id`.
    Organization,
    /// `ORG#id#CUSTOMERS#N`.
    Customers,
    /// `ORG#id#ASSOC#C`, the order that lists read here.
    Associations,
    /// The caller's `USER#id`.
    Account,
    /// `MAIL#day.00…31`.
    MailDay,
    /// `WAIT#0…15`.
    Queue,
    /// Partitions that many callers don't share, such as `EMAIL#address` and `MEMBER#user`.
    Others,
}

/// The places that lie in `ORG#id`.
pub(super) const ORGANIZATION: [Place; 4] =
    [Place::OrganizationItem, Place::Caller, Place::TierUse, Place::Organization];

/// What a kind of call takes where the process has read the organization and its code within the last minute, as it has
/// those of the largest organizations. Reads are strongly consistent; writes are of transactions, at two units each, but for the
/// claim of a mail.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    /// What the call does.
    pub(super) name: &'static str,
    /// Where its units are counted.
    pub(super) source: &'static str,
    /// Its share of all requests, from 0 to 1.
    pub(super) share: f64,
    /// Read units and write units by place, with those of `mailer` for the call's mail.
    units: &'static [(Place, u32, u32)],
    /// Mails that it makes.
    pub(super) mails: f64,
    /// Milliseconds of CPU. Source: *Starts and calls* in `docs/performance.md`; where the call isn't there, the next
    /// dearer one of its kind.
    cpu: f64,
    /// Memory of its function in MB. Source: `template.yaml`.
    pub(super) memory: f64,
    /// Sequential round trips. Source: `tests/round_trips.rs`.
    round_trips: f64,
}

/// The mix of calls.
pub(super) const CALLS: [Call; 9] = [
    Call {
        name: "view organization",
        source: "`bench/src/cases.rs`",
        share: 0.30,
        units: &[(Place::OrganizationItem, 1, 0), (Place::Caller, 1, 0), (Place::Account, 1, 0)],
        mails: 0.0,
        cpu: 0.33,
        memory: FULL_CPU,
        round_trips: 1.0,
    },
    Call {
        name: "view customer",
        source: "`bench/src/cases.rs`",
        share: 0.30,
        units: &[(Place::Organization, 1, 0), (Place::Caller, 1, 0), (Place::Customers, 1, 0), (Place::Account, 1, 0)],
        mails: 0.0,
        cpu: 0.42,
        memory: MEMORY,
        round_trips: 1.0,
    },
    Call {
        name: "exchange a token",
        source: "`bench/src/cases.rs`, and `#ORG`: `functions/auth/src/enrich.rs`",
        share: 0.20,
        units: &[
            (Place::Others, 1, 0),
            (Place::Account, 1, 0),
            (Place::OrganizationItem, 1, 0),
            (Place::Organization, 1, 0),
            (Place::Customers, 1, 0),
        ],
        mails: 0.0,
        cpu: 0.64,
        memory: FULL_CPU,
        round_trips: 2.0,
    },
    Call {
        name: "list associations by customer, of a million",
        source: "`docs/paging.md`, and the role check",
        share: 0.10,
        units: &[(Place::Associations, 5, 0), (Place::Caller, 1, 0), (Place::Account, 1, 0)],
        mails: 0.0,
        cpu: 0.58,
        memory: MEMORY,
        round_trips: 1.0,
    },
    Call {
        name: "sign in, from a known source",
        source: "`functions/auth/src/login.rs`",
        share: 0.04,
        units: &[(Place::Others, 7, 0), (Place::OrganizationItem, 1, 0)],
        mails: 0.0,
        cpu: 19.87,
        memory: FULL_CPU,
        round_trips: 3.0,
    },
    Call {
        name: "replace a customer",
        source: "`shared/table/src/customers/write.rs`",
        share: 0.02,
        units: &[
            (Place::Organization, 1, 0),
            (Place::Caller, 1, 0),
            (Place::Account, 1, 0),
            (Place::Customers, 2, 2),
            (Place::TierUse, 0, 2),
            (Place::Others, 1, 2),
        ],
        mails: 0.0,
        cpu: 0.61,
        memory: MEMORY,
        round_trips: 2.0,
    },
    Call {
        name: "associate a new user",
        source: "*Imports* in `docs/performance.md`, and four parents",
        share: 0.02,
        units: &[
            (Place::OrganizationItem, 1, 0),
            (Place::Caller, 1, 0),
            (Place::Account, 1, 0),
            (Place::Associations, 1, 6),
            (Place::Others, 7, 20),
        ],
        mails: 0.0,
        cpu: 0.61,
        memory: MEMORY,
        round_trips: 2.0,
    },
    Call {
        name: "promote a stranger",
        source: "*The walk of one request* in `ARCHITECTURE.md`, and two parents",
        share: 0.01,
        units: &[
            (Place::OrganizationItem, 1, 2),
            (Place::Caller, 1, 2),
            (Place::Organization, 2, 6),
            (Place::Account, 1, 2),
            (Place::Others, 6, 16),
            (Place::MailDay, 0, 5),
            (Place::Queue, 0, 4),
        ],
        mails: 1.0,
        cpu: 0.61,
        memory: MEMORY,
        round_trips: 2.0,
    },
    Call {
        name: "forget a password",
        source: "`shared/table/src/resets.rs`",
        share: 0.01,
        units: &[(Place::Queue, 1, 8), (Place::Others, 3, 6), (Place::MailDay, 0, 5)],
        mails: 1.0,
        cpu: 0.38,
        memory: FULL_CPU,
        round_trips: 1.0,
    },
];

impl Call {
    /// Seconds that Lambda bills: CPU time by the function's share of a CPU and the round trips, by the millisecond.
    pub(super) fn seconds(&self) -> f64 {
        let seconds = self.cpu / 1e3 / (self.memory / FULL_CPU) + self.round_trips * ROUND_TRIP_SECONDS;
        (seconds * 1e3).ceil() / 1e3
    }

    /// Read units and write units of one call.
    pub(super) fn units(&self) -> (f64, f64) {
        self.units.iter().fold((0.0, 0.0), |(reads, writes), (_, more_reads, more_writes)| {
            (reads + f64::from(*more_reads), writes + f64::from(*more_writes))
        })
    }

    /// Read units and write units of one call at these places.
    fn units_at(&self, places: &[Place]) -> (f64, f64) {
        let here = self.units.iter().filter(|(place, _, _)| places.contains(place));
        here.fold((0.0, 0.0), |(reads, writes), (_, more_reads, more_writes)| {
            (reads + f64::from(*more_reads), writes + f64::from(*more_writes))
        })
    }
}

/// The mean of something over all requests.
pub(super) fn mean(of: impl Fn(&Call) -> f64) -> f64 {
    CALLS.iter().map(|call| call.share * of(call)).sum()
}

/// The mean read units of a request at these places.
pub(super) fn reads_at(places: &[Place]) -> f64 {
    mean(|call| call.units_at(places).0)
}

/// The mean write units of a request at these places.
pub(super) fn writes_at(places: &[Place]) -> f64 {
    mean(|call| call.units_at(places).1)
}

/// The share of requests that are calls of this name, from 0 to 1.
pub(super) fn share_of(name: &str) -> f64 {
    CALLS.iter().filter(|call| call.name.starts_with(name)).map(|call| call.share).sum()
}

#[cfg(test)]
mod tests;
