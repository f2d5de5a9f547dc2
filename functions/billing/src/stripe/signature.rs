//! Stripe's signatures of webhook events: <https://docs.stripe.com/webhooks/signature>.

use ring::hmac;

/// How old a signature may be, in seconds, so that a recorded request can't be sent again for long. The same holds for
/// one that is of the future, by a clock that is wrong.
const TOLERANCE_SECONDS: u64 = 300;

/// Verifies the `Stripe-Signature` header of an event: `t=` and the time at which it was signed, then one `v1=` or more,
/// each an HMAC-SHA256 of the time, a dot and the body, in hex. One that is by one of the secrets is enough: Stripe signs
/// by both while a secret is rotated.
///
/// The comparison takes the same time whichever byte differs.
pub(super) fn is_signed(header: &str, body: &[u8], secrets: &[String], now: u64) -> bool {
    let of = |scheme: &'static str| {
        header.split(',').filter_map(move |part| part.trim().split_once('=').filter(|(name, _)| *name == scheme))
    };
    let Some((_, time)) = of("t").next() else { return false };
    if time.parse::<u64>().ok().is_none_or(|time| time.abs_diff(now) > TOLERANCE_SECONDS) {
        return false;
    }
    let message = [time.as_bytes(), b".", body].concat();
    let signatures: Vec<_> = of("v1").filter_map(|(_, hex)| bytes(hex)).collect();
    secrets.iter().any(|secret| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        signatures.iter().any(|signature| hmac::verify(&key, &message, signature).is_ok())
    })
}

/// Returns the bytes that hex digits stand for.
fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits = hex.bytes().map(|digit| char::from(digit).to_digit(16)).collect::<Option<Vec<_>>>()?;
    digits.chunks(2).map(|pair| u8::try_from(pair.first()? * 16 + pair.get(1)?).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by Stripe's own library (`stripe` 16.1.0 for Python, `WebhookSignature`) of the body and the time below.
    const SIGNATURE: &str = "2764174dfa1bb50488e16a6498075b45a53b94b964ef670018678a7417d3ea4b";
    const BODY: &[u8] = br#"{"id":"evt_1","object":"event"}"#;
    const SIGNED_AT: u64 = 1_492_774_577;
    const SECRET: &str = "whsec_test_secret_0001";

    fn is_signed_at(header: &str, now: u64) -> bool {
        is_signed(header, BODY, &["whsec_another_secret".to_owned(), SECRET.to_owned()], now)
    }

    #[test]
    fn a_signature_of_stripes_own_library_is_good_for_five_minutes() {
        let other = "0".repeat(64);
        for header in [
            format!("t={SIGNED_AT},v1={SIGNATURE}"),
            format!("t={SIGNED_AT}, v1={other}, v1={SIGNATURE}"),
            format!("v0={other},v1={SIGNATURE},t={SIGNED_AT}"),
        ] {
            for now in [SIGNED_AT, SIGNED_AT + 300, SIGNED_AT - 300] {
                assert!(is_signed_at(&header, now), "{header} at {now}");
            }
            for now in [SIGNED_AT + 301, SIGNED_AT - 301, 0] {
                assert!(!is_signed_at(&header, now), "{header} at {now}");
            }
        }
    }

    #[test]
    fn any_other_signature_is_none() {
        let cut = &SIGNATURE[..62];
        for header in [
            String::new(),
            format!("v1={SIGNATURE}"),
            format!("t=,v1={SIGNATURE}"),
            format!("t=+{SIGNED_AT},v1={SIGNATURE}"),
            format!("t={SIGNED_AT}"),
            format!("t={SIGNED_AT},v1="),
            format!("t={SIGNED_AT},v0={SIGNATURE}"),
            format!("t={SIGNED_AT},v1={cut}"),
            format!("t={SIGNED_AT},v1={SIGNATURE}0"),
            format!("t={SIGNED_AT},v1={cut}zz"),
            format!("t={},v1={SIGNATURE}", SIGNED_AT + 1),
        ] {
            assert!(!is_signed_at(&header, SIGNED_AT), "{header}");
        }
        let header = format!("t={SIGNED_AT},v1={SIGNATURE}");
        assert!(!is_signed(&header, b"{}", &[SECRET.to_owned()], SIGNED_AT));
        assert!(!is_signed(&header, BODY, &["whsec_another_secret".to_owned()], SIGNED_AT));
        assert!(!is_signed(&header, BODY, &[], SIGNED_AT));
    }
}
