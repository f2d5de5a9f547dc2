//! The load: how many requests come, and from whom.

/// Who asks, and how often.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    /// Requests a second to the whole stack.
    pub(super) requests: f64,
    /// Organizations. The first has twice the load of the second and three times that of the third (Zipf).
    pub(super) organizations: u32,
    /// The share of an organization's requests that come by its busiest machine credential, from 0 to 1.
    pub(super) machine: f64,
    /// The share of an organization's requests that its busiest person sends, from 0 to 1.
    pub(super) person: f64,
}

/// The load that the guide is about.
pub(super) const TARGET: Load = Load { requests: 50_000.0, organizations: 10_000, machine: 0.5, person: 0.01 };

impl Load {
    /// The share of all requests that the largest organization sends, from 0 to 1.
    pub(super) fn largest(&self) -> f64 {
        1.0 / (1..=self.organizations).map(|rank| 1.0 / f64::from(rank)).sum::<f64>()
    }

    /// Returns the load at so many requests a second.
    pub(super) fn at(self, requests: f64) -> Self {
        Self { requests, ..self }
    }
}
