//! Limits by plan, as conditions of the transactions that they bound: never a count that is read before.
//!
//! A transaction doesn't know which plans the organization is on, so its condition names every plan of the catalogue.
//! That saves a read, and a change of the plan that commits first decides.

use dynamo::{Expression, Item, from_item, number, text};
use plans::{ActivePlans, Plan, PlanLimit};

use crate::records::PlansOf;

/// The organization has as many of something as its plans allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanLimitReached {
    /// What is limited.
    pub limit: PlanLimit,
    /// How many the plans allow.
    pub allowed: u32,
}

/// Returns the condition that the organization's item counts fewer in `counter` than its plans allow.
///
/// The limit of several plans is the largest, so that one plan which has room is enough. A plan without the limit sets
/// none, unless another one does.
pub(crate) fn below_limit(limit: PlanLimit, counter: &str) -> Expression {
    let plans = Plan::all();
    let is_on = |index: usize| format!("contains(plans, :plan{index:02})");
    let on_none_of = |indexes: &[usize]| {
        let conditions: Vec<_> = indexes.iter().map(|index| format!("NOT {}", is_on(*index))).collect();
        conditions.join(" AND ")
    };
    let has_room = |value: &str| format!("(attribute_not_exists({counter}) OR {counter} < {value})");
    let all: Vec<_> = (0..plans.len()).collect();
    let limited: Vec<_> = all.iter().copied().filter(|index| plans[*index].limit(limit).is_some()).collect();
    let mut ways = Vec::new();
    for (index, plan) in plans.iter().enumerate() {
        match plan.limit(limit) {
            Some(0) => {}
            Some(_) => ways.push(format!("{} AND {}", is_on(index), has_room(&format!(":limit{index:02}")))),
            None if limited.is_empty() => ways.push(is_on(index)),
            None => ways.push(format!("{} AND {}", is_on(index), on_none_of(&limited))),
        }
    }
    match Plan::default_plan().map(|plan| plan.limit(limit)) {
        Some(Some(0)) => {}
        Some(Some(_)) => ways.push(format!("{} AND {}", on_none_of(&all), has_room(":default"))),
        Some(None) | None if limited.is_empty() => return Expression::default(),
        Some(None) | None => ways.push(on_none_of(&all)),
    }
    let condition = ways.join(" OR ");
    let mut values = Vec::new();
    for (index, plan) in plans.iter().enumerate() {
        values.push((format!(":plan{index:02}"), text(plan.key)));
        values.extend(plan.limit(limit).map(|allowed| (format!(":limit{index:02}"), number(allowed))));
    }
    let default = Plan::default_plan().and_then(|plan| plan.limit(limit));
    values.extend(default.map(|allowed| (":default".to_owned(), number(allowed))));
    // DynamoDB refuses values that the expression doesn't use.
    values.retain(|(placeholder, _)| condition.contains(placeholder));
    let condition = Expression::condition(condition);
    values.into_iter().fold(condition, |condition, (placeholder, value)| condition.value(placeholder, value))
}

/// Returns the limit, if the organization's item, on which a condition failed, counts as many in `counter` as its plans
/// allow.
pub(crate) fn limit_reached(limit: PlanLimit, counter: &str, item: Option<&Item>) -> Option<PlanLimitReached> {
    let item = item?;
    let PlansOf { plans } = from_item(item.clone()).ok()?;
    let allowed = ActivePlans::of_keys(plans.iter().map(String::as_str)).limit(limit)?;
    let present = item.get(counter).and_then(|count| count.as_n().ok()?.parse::<u64>().ok()).unwrap_or_default();
    (present >= u64::from(allowed)).then_some(PlanLimitReached { limit, allowed })
}
