//! Where a request comes from.

use std::net::{IpAddr, Ipv6Addr};

use axum::{extract::FromRequestParts, http::request::Parts};

/// The address that a request comes from, put into its extensions by whoever received it: the gateway's word, or the peer of
/// the connection. Never a header, which anybody could write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceAddress(pub IpAddr);

/// Who counts as one source of tries: an IPv4 address, or the /64 of an IPv6 address, which is one customer's of a provider
/// (RFC 6177).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source(String);

impl Source {
    /// The source as a key holds it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<IpAddr> for Source {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
        })
    }
}

impl<S: Sync> FromRequestParts<S> for Source {
    type Rejection = std::convert::Infallible;

    /// A request that nobody knows the source of shares one with all others of its kind.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let address = parts.extensions.get::<SourceAddress>();
        Ok(address.map_or_else(|| Self("unknown".to_owned()), |address| address.0.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_network_of_ipv6_is_one_source() {
        let source = |text: &str| Source::from(text.parse::<IpAddr>().unwrap());
        assert_eq!(source("192.0.2.1").as_str(), "192.0.2.1");
        assert_eq!(source("::ffff:192.0.2.1").as_str(), "192.0.2.1");
        assert_eq!(source("2001:db8:1:2:3:4:5:6").as_str(), "2001:db8:1:2::/64");
        assert_eq!(source("2001:db8:1:2:ffff::1"), source("2001:db8:1:2::9"));
        assert_ne!(source("2001:db8:1:3::1"), source("2001:db8:1:2::1"));
    }
}
