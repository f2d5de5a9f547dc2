use std::collections::BTreeSet;

use shared::text::EmailAddress;

/// Stands for every domain.
const EVERY: &str = "*";
/// The longest domain, in characters (RFC 1035, section 2.3.4).
const MAX_DOMAIN_LENGTH: usize = 253;

/// The domains of the addresses that an identity provider may speak for. A subdomain is another domain.
#[derive(Debug)]
pub(super) enum Domains {
    Every,
    Listed(BTreeSet<String>),
}

impl Domains {
    /// Reads a list of domains, or of `*` alone. There is no default: an operator who trusts a customer's provider and
    /// forgets the list would trust it with every account.
    ///
    /// # Errors
    /// What is wrong with the list.
    pub(super) fn parse(domains: &[String]) -> Result<Self, String> {
        if domains.is_empty() {
            let fault = "must say each issuer's Domains, the domains of the addresses that it may speak for, as \
                         [\"acme.example\"]; [\"*\"] is every domain";
            return Err(fault.to_owned());
        }
        if domains == [EVERY] {
            return Ok(Self::Every);
        }
        domains.iter().map(|domain| parse_domain(domain)).collect::<Result<_, _>>().map(Self::Listed)
    }

    /// Returns whether they include the domain of an address.
    pub(super) fn include(&self, address: &EmailAddress) -> bool {
        match self {
            Self::Every => true,
            Self::Listed(domains) => {
                let folded = address.folded();
                // A quoted local part may hold an `@`; a domain holds none.
                folded.as_str().rsplit_once('@').is_some_and(|(_, domain)| domains.contains(domain))
            }
        }
    }
}

fn parse_domain(domain: &str) -> Result<String, String> {
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    if domain.len() > MAX_DOMAIN_LENGTH || !domain.split('.').all(is_label) {
        return Err(format!(
            "must name each of an issuer's Domains in its ASCII form, as \"acme.example\" or \"xn--mller-kva.example\", \
             and not \"{domain}\""
        ));
    }
    Ok(domain.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domains(listed: &[&str]) -> Result<Domains, String> {
        Domains::parse(&listed.iter().map(|domain| (*domain).to_owned()).collect::<Vec<_>>())
    }

    fn include(listed: &[&str], address: &str) -> bool {
        domains(listed).unwrap().include(&EmailAddress::parse(address.to_owned()).unwrap())
    }

    #[test]
    fn a_domain_is_compared_as_a_whole_and_without_case() {
        for address in ["ada@acme.example", "ADA@ACME.EXAMPLE", "ada@Shop.Example", "ada@b\u{fc}cher.example"] {
            assert!(include(&["Acme.example", "shop.example", "xn--bcher-kva.example"], address), "{address}");
        }
        for address in
            ["ada@sub.acme.example", "ada@acme.example.evil.example", "ada@notacme.example", "ada@example.com"]
        {
            assert!(!include(&["acme.example", "shop.example"], address), "{address}");
            assert!(include(&["*"], address), "{address}");
        }
    }

    #[test]
    fn what_is_no_domain_is_refused() {
        for bad in [
            &[][..],
            &[""],
            &["*", "acme.example"],
            &["@acme.example"],
            &["*.acme.example"],
            &["acme..example"],
            &["m\u{fc}ller.example"],
        ] {
            assert!(domains(bad).is_err(), "{bad:?}");
        }
    }
}
