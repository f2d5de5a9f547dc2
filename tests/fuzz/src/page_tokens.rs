//! Page tokens: one is accepted for the query, the organization and the key that it was made of, and for nothing else.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use shared::{
    ids::OrganizationId,
    table::{
        AssociationField, AssociationOrder, Associations, ListFilter, ListQuery, Operator, PageStart,
        page_token::{decode, encode},
    },
};

const LONGEST_KEY: usize = 64 * 4 + 1 + 27;

fn query(order: AssociationOrder, descending: bool, value: &str) -> ListQuery<Associations> {
    let filter = ListFilter { field: AssociationField::UserId, operator: Operator::Gte, value: value.to_owned() };
    let filters = if value.is_empty() { Vec::new() } else { vec![filter] };
    ListQuery { order, descending, filters, start: PageStart::Number(1), size: 25 }
}

/// A filter's value, what somebody sends for a token, and a key, a line each.
pub(crate) fn run(data: &[u8]) {
    let [value, sent, key] = crate::lines(data);
    let ours = OrganizationId::parse("5f2b9c0e7d1a4b6c8e0f1a2b").unwrap();
    let other = OrganizationId::parse("5f2b9c0e7d1a4b6c8e0f1a2c").unwrap();
    let asked = query(AssociationOrder::UserId, false, &value);
    if let Ok(key) = decode(&ours, &asked, &sent) {
        assert_eq!(encode(&ours, &asked, &key).unwrap(), sent, "a key has one token");
    }

    let token = encode(&ours, &asked, &key).unwrap();
    assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')), "{token}");
    let read = decode(&ours, &asked, &token).ok();
    assert_eq!(read, (key.len() <= LONGEST_KEY).then(|| key.clone()), "{token}");
    assert!(decode(&other, &asked, &token).is_err(), "it is another organization's");
    for elsewhere in [
        query(AssociationOrder::CustomerNumber, false, &value),
        query(AssociationOrder::UserId, true, &value),
        query(AssociationOrder::UserId, false, &format!("{value}x")),
    ] {
        assert!(decode(&ours, &elsewhere, &token).is_err(), "it is of another query: {elsewhere:?}");
    }
    // What was sent, laid over the token's bytes: another token is no token.
    let mut bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
    let before = bytes.clone();
    for (byte, sent) in bytes.iter_mut().zip(sent.bytes()) {
        *byte ^= sent;
    }
    if bytes != before {
        assert!(decode(&ours, &asked, &URL_SAFE_NO_PAD.encode(bytes)).is_err(), "an altered token is none");
    }
}
