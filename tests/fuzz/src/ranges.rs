//! The key ranges of filters against the predicate: a range holds exactly the keys of the rows that its filter keeps.

use shared::{
    ids::UserId,
    table::{
        AssociationField as Field, AssociationOrder, AssociationRecord, Associations, KeyRanges, ListFilter, Operator,
        filter_ranges,
    },
    text::CustomerNumber,
};

const OPERATORS: [Operator; 10] = [
    Operator::StartsWith,
    Operator::Equals,
    Operator::NotEquals,
    Operator::Gt,
    Operator::Gte,
    Operator::Lt,
    Operator::Lte,
    Operator::Contains,
    Operator::NotContains,
    Operator::EndsWith,
];

fn hold(ranges: &KeyRanges, key: &str) -> bool {
    ranges.into_iter().any(|range| key >= range.from.as_str() && range.to.as_ref().is_none_or(|to| key < to.as_str()))
}

/// A customer's number, 24 characters of a user's id, and two values to compare with, a line each.
pub(crate) fn run(data: &[u8]) {
    let [number, user, one, other] = crate::lines(data);
    let Ok(customer_number) = CustomerNumber::parse(number) else { return };
    let Some(user_id) = UserId::parse(&format!("kp_{user:0>24}")) else { return };
    let row = AssociationRecord { user_id, customer_number };
    for (field, order) in
        [(Field::UserId, AssociationOrder::UserId), (Field::CustomerNumber, AssociationOrder::CustomerNumber)]
    {
        let key = order.key(&row);
        let mut kept = Vec::new();
        for operator in OPERATORS {
            for value in [&one, &other] {
                let filter = ListFilter::<Associations> { field, operator, value: value.clone() };
                let Some(ranges) = filter_ranges(&filter) else { continue };
                assert_eq!(hold(&ranges, &key), filter.keeps_entry(&row).unwrap(), "{filter:?} on {row:?}");
                for range in &ranges {
                    // DynamoDB takes 1,024 bytes, with the prefix.
                    assert!(range.from.len() < 1_000 && range.to.as_ref().is_none_or(|to| to.len() < 1_000));
                    assert!(range.to.as_ref().is_none_or(|to| *to > range.from), "no empty range is read: {range:?}");
                }
                assert!(
                    ranges.iter().zip(ranges.iter().skip(1)).all(|(one, next)| one.to.as_ref() <= Some(&next.from))
                );
                kept.push((ranges, filter.keeps_entry(&row).unwrap()));
            }
        }
        for (one, keeps) in &kept {
            for (other, too) in &kept {
                assert_eq!(hold(&one.intersection(other), &key), *keeps && *too, "{one:?} and {other:?}");
            }
        }
    }
}
