//! Turns filters into ranges of keys.

use counted_index::{KeyRange, KeyRanges};

use super::{KeyForm, ListFilter, Listed, Operator};
use crate::scope::keys::KEY_END;

/// The bytes of a bound, so that no bound is longer than a key may be.
const MAX_BOUND_BYTES: usize = 1_000;

/// How a list is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Plan<O> {
    /// The filters are these ranges of the order that is asked for.
    Ranges(KeyRanges),
    /// Some filters have to be tested on each row of a range: either of the order that is asked for, or of another one,
    /// whichever is shorter.
    Test {
        /// A range of the order that is asked for.
        asked: KeyRanges,
        /// A range of another order, where a filter narrows it.
        other: Option<(O, KeyRanges)>,
    },
}

/// What a filter leaves of the keys of the order of its field.
struct Narrowed {
    ranges: KeyRanges,
    /// Whether every row in the ranges keeps the filter.
    exactly: bool,
}

impl<O: PartialEq + Copy> Plan<O> {
    pub(super) fn of<L: Listed<Order = O>>(order: O, filters: &[ListFilter<L>]) -> Self {
        let (mut asked, mut other, mut to_test) = (KeyRanges::all(), None, false);
        for filter in filters {
            match narrow(filter) {
                Some((sorted, Narrowed { ranges, exactly })) if sorted == order => {
                    asked = asked.intersection(&ranges);
                    to_test |= !exactly;
                }
                Some((sorted, Narrowed { ranges, .. })) => {
                    let (_, before) = other.unwrap_or_else(|| (sorted, KeyRanges::all()));
                    other = Some((sorted, before.intersection(&ranges)));
                    to_test = true;
                }
                None => to_test = true,
            }
        }
        if to_test { Self::Test { asked, other } } else { Self::Ranges(asked) }
    }
}

/// Returns the ranges of keys that hold exactly the rows that a filter keeps, in the order that is sorted by its field.
/// Returns `None` if there is no such order, or no such ranges.
#[must_use]
pub fn filter_ranges<L: Listed>(filter: &ListFilter<L>) -> Option<KeyRanges> {
    narrow(filter).filter(|(_, narrowed)| narrowed.exactly).map(|(_, narrowed)| narrowed.ranges)
}

/// Returns what a filter leaves of the order of its field, and which order that is.
fn narrow<L: Listed>(filter: &ListFilter<L>) -> Option<(L::Order, Narrowed)> {
    let (order, form) = L::sorted_by(filter.field)?;
    let (operator, value) = (filter.operator, filter.value.as_str());
    let narrowed = match form {
        KeyForm::Value { longest } => Narrowed { ranges: ranges(operator, value, longest, None)?, exactly: true },
        KeyForm::Prefix { longest } => {
            Narrowed { ranges: ranges(operator, value, longest, Some(KEY_END))?, exactly: true }
        }
        KeyForm::LowerCase { longest } => {
            Narrowed { ranges: ranges_in_lower_case(operator, value, longest)?, exactly: false }
        }
    };
    Some((order, narrowed))
}

/// A value in lower case begins with the lower case of what the value begins with, since each character is changed by
/// itself. Nothing like it holds of the other operators.
fn ranges_in_lower_case(operator: Operator, value: &str, longest: usize) -> Option<KeyRanges> {
    if !matches!(operator, Operator::StartsWith | Operator::Equals) {
        return None;
    }
    let lower_case: String = value.chars().flat_map(char::to_lowercase).collect();
    let Comparison { text, .. } = Comparison::new(&lower_case, longest);
    Some(KeyRanges::of([KeyRange::new(text.clone(), after_prefix(&text))]))
}

/// Returns the ranges of keys that an operator keeps, where a key is the field's value, or the value and then `end`.
/// Returns `None` if no ranges are equivalent to the operator.
fn ranges(operator: Operator, value: &str, longest: usize, end: Option<char>) -> Option<KeyRanges> {
    let value = Comparison::new(value, longest);
    // Where a field's value begins and ends among the keys: a key is the value, or begins with it and what ends it.
    let from = |text: &str| text.to_owned();
    let beyond = |text: &str| match end {
        None => format!("{text}\u{0}"),
        Some(end) => format!("{text}{}", char::from_u32(u32::from(end) + 1).unwrap_or(' ')),
    };
    let text = value.text.as_str();
    let at_least = |from: String| KeyRanges::of([KeyRange::new(from, None)]);
    let below = |to: String| KeyRanges::of([KeyRange::new(String::new(), Some(to))]);
    Some(match (operator, value.reachable) {
        (Operator::Contains | Operator::NotContains | Operator::EndsWith, _) => return None,
        (Operator::Equals | Operator::StartsWith, false) => KeyRanges::none(),
        (Operator::NotEquals, false) => KeyRanges::all(),
        (Operator::Equals, true) => KeyRanges::of([KeyRange::new(equal_from(text, end), Some(beyond(text)))]),
        (Operator::NotEquals, true) => KeyRanges::of([
            KeyRange::new(String::new(), Some(equal_from(text, end))),
            KeyRange::new(beyond(text), None),
        ]),
        (Operator::StartsWith, true) => KeyRanges::of([KeyRange::new(from(text), after_prefix(text))]),
        // No value of the field is an unreachable text; those below it are the ones up to its reachable part.
        (Operator::Gt, _) | (Operator::Gte, false) => at_least(beyond(text)),
        (Operator::Gte, true) => at_least(from(text)),
        (Operator::Lte, _) | (Operator::Lt, false) => below(beyond(text)),
        (Operator::Lt, true) => below(equal_from(text, end)),
    })
}

/// Returns the lowest key of a field's value.
fn equal_from(text: &str, end: Option<char>) -> String {
    match end {
        None => text.to_owned(),
        Some(end) => format!("{text}{end}"),
    }
}

/// A text that a field is compared with, cut to what the field can hold.
struct Comparison {
    text: String,
    /// Whether nothing was cut: the field can have this value.
    reachable: bool,
}

impl Comparison {
    /// Cuts `value` before the first character that no field holds in a key (U+001F and below), and where it is longer
    /// than any value of the field. A field's value is below the whole text exactly if it is not above what is left.
    fn new(value: &str, longest: usize) -> Self {
        let held = |character: &char| *character > KEY_END;
        let mut text: String = value.chars().take(longest).take_while(held).collect();
        text.truncate(text.floor_char_boundary(MAX_BOUND_BYTES));
        Self { reachable: text.len() == value.len(), text }
    }
}

/// Returns the lowest text above every text that begins with `prefix`, or `None` if there is none.
fn after_prefix(prefix: &str) -> Option<String> {
    let mut characters: Vec<char> = prefix.chars().collect();
    while let Some(last) = characters.pop() {
        // Surrogates are no characters; beyond the last character there is none.
        let next = match last {
            '\u{D7FF}' => Some('\u{E000}'),
            last => char::from_u32(u32::from(last) + 1),
        };
        if let Some(next) = next {
            characters.push(next);
            return Some(characters.into_iter().collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{ids::UserId, text::CustomerNumber};

    use crate::{
        associations::{AssociationField, AssociationOrder, Associations},
        records::AssociationRecord,
    };

    type Filter = ListFilter<Associations>;

    const OPERATORS: [Operator; 7] = [
        Operator::StartsWith,
        Operator::Equals,
        Operator::NotEquals,
        Operator::Gt,
        Operator::Gte,
        Operator::Lt,
        Operator::Lte,
    ];

    fn holds(ranges: &KeyRanges, key: &str) -> bool {
        ranges
            .into_iter()
            .any(|range| key >= range.from.as_str() && range.to.as_ref().is_none_or(|to| key < to.as_str()))
    }

    #[test]
    fn a_range_holds_exactly_the_keys_that_its_filter_keeps() {
        let longest = "x".repeat(64);
        let numbers = ["A", "A B", "AB", "A!", "B", "b", "Ünï", "\u{D7A3}", "\u{F900}", "A\u{1F600}", &longest];
        let users = ["kp_aaaaaaaaaaaaaaaaaaaaaaaa", "kp_bbbbbbbbbbbbbbbbbbbbbbbb"];
        let mut values: Vec<String> = numbers.iter().map(|number| (*number).to_owned()).collect();
        values.extend(users.map(str::to_owned));
        values
            .extend(["\u{D7FF}", "\u{E000}", "\u{10FFFF}", "A\u{10FFFF}", "A\u{10FFFF}\u{10FFFF}"].map(str::to_owned));
        values.extend(["", "kp_", "kp_a", "A\u{1f}", "A\u{1f}z", "\u{0}", "A ", "x", "~"].map(str::to_owned));
        values.extend([format!("{longest}x"), "y".repeat(5_000), format!("{}\u{1}", users[0])]);
        for number in numbers {
            for user in users {
                let row = AssociationRecord {
                    user_id: UserId::parse(user).unwrap(),
                    customer_number: CustomerNumber::parse(number.to_owned()).unwrap(),
                };
                for value in &values {
                    for operator in OPERATORS {
                        for (field, order) in [
                            (AssociationField::UserId, AssociationOrder::UserId),
                            (AssociationField::CustomerNumber, AssociationOrder::CustomerNumber),
                        ] {
                            let filter = Filter { field, operator, value: value.clone() };
                            let ranges = filter_ranges(&filter).unwrap();
                            assert_eq!(
                                holds(&ranges, &order.key(&row)),
                                filter.keeps_entry(&row).unwrap(),
                                "{filter:?} on {row:?}"
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn no_bound_is_longer_than_a_key_may_be() {
        for field in [AssociationField::UserId, AssociationField::CustomerNumber] {
            for operator in OPERATORS {
                let filter = Filter { field, operator, value: "\u{10FFFE}".repeat(5_000) };
                for range in &filter_ranges(&filter).unwrap() {
                    assert!(range.from.len() < 1_000 && range.to.as_ref().is_none_or(|to| to.len() < 1_000));
                }
            }
        }
    }

    #[test]
    fn only_what_no_range_keeps_is_tested() {
        let filter = |field, operator, value: &str| Filter { field, operator, value: value.to_owned() };
        let user = filter(AssociationField::UserId, Operator::StartsWith, "kp_");
        let number = filter(AssociationField::CustomerNumber, Operator::Equals, "C-1");
        let part = filter(AssociationField::CustomerNumber, Operator::Contains, "1");
        let ranges_of = |filter: &Filter| filter_ranges(filter).unwrap();
        assert_eq!(Plan::of::<Associations>(AssociationOrder::UserId, &[]), Plan::Ranges(KeyRanges::all()));
        assert_eq!(Plan::of(AssociationOrder::UserId, std::slice::from_ref(&user)), Plan::Ranges(ranges_of(&user)));
        assert_eq!(
            Plan::of(AssociationOrder::UserId, &[user.clone(), number.clone()]),
            Plan::Test { asked: ranges_of(&user), other: Some((AssociationOrder::CustomerNumber, ranges_of(&number))) }
        );
        assert_eq!(
            Plan::of(AssociationOrder::CustomerNumber, &[number.clone(), part]),
            Plan::Test { asked: ranges_of(&number), other: None }
        );
    }
}
