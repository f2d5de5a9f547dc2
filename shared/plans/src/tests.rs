use std::borrow::Cow;

use domain::entitlement::EntitlementValue;

use crate::{
    ActivePlans, Plan, PlanLimit,
    source::{Source, Value},
};

fn fault(catalogue: &str) -> String {
    Source::parse(catalogue).expect_err("a rule is broken")
}

fn plan(key: &str, entitlements: &str) -> String {
    format!("[[plans]]\nkey = \"{key}\"\nname = \"Plan\"\nentitlements = [{entitlements}]\n")
}

#[test]
fn a_catalogue_that_breaks_a_rule_is_refused_by_name() {
    let seats = r#"{ key = "seats", name = "Seats", value = 1 }"#;
    for (catalogue, expected) in [
        (plan("Free", ""), "plans.toml: the key \"Free\" is not 1 to 40 characters of a-z, 0-9 and _".to_owned()),
        (plan("free", "") + &plan("free", ""), "plans.toml: the plan free is there twice".to_owned()),
        (plan("free", &format!("{seats}, {seats}")), "plans.toml: the plan free has seats twice".to_owned()),
        (
            plan("free", seats) + &plan("more", r#"{ key = "seats", name = "Seats", value = "many" }"#),
            "plans.toml: seats has another name or kind of value in the plan more".to_owned(),
        ),
        (
            plan("free", seats) + &plan("more", r#"{ key = "seats", name = "Chairs", value = 2 }"#),
            "plans.toml: seats has another name or kind of value in the plan more".to_owned(),
        ),
        (plan("free", r#"{ key = "seats", name = " ", value = 1 }"#), "plans.toml: seats has no name".to_owned()),
        ("default = \"none\"\nplans = []".to_owned(), "plans.toml: the default none is no plan".to_owned()),
        (
            (0..21).map(|number| plan(&format!("p{number}"), "")).collect(),
            "plans.toml: there are more than 20 plans".to_owned(),
        ),
        (
            plan(
                "free",
                &(0..40)
                    .map(|number| format!("{{ key = \"a_rather_long_key_{number:020}\", name = \"X\", value = 1 }}"))
                    .collect::<Vec<_>>()
                    .join(", "),
            ),
            "plans.toml: the keys of the entitlements have more than 1024 bytes in a token".to_owned(),
        ),
    ] {
        assert_eq!(fault(&catalogue), expected, "{catalogue}");
    }
    for catalogue in [plan("free", r#"{ key = "seats", name = "Seats", value = -1 }"#), "plan = []".to_owned()] {
        assert!(fault(&catalogue).starts_with("plans.toml: "), "{catalogue}");
    }
    assert!(Source::parse(&plan("free", seats)).is_ok());
}

#[test]
fn the_catalogue_that_is_compiled_in_is_the_one_at_the_top_of_the_repository() {
    let source = Source::parse(include_str!("../../../plans.toml")).unwrap();
    let keys: Vec<_> = source.plans.iter().map(|plan| plan.key.as_str()).collect();
    assert_eq!(Plan::all().iter().map(|plan| plan.key).collect::<Vec<_>>(), keys);
    for (plan, source) in Plan::all().iter().zip(&source.plans) {
        let compiled = plan.entitlements.iter().map(|one| (one.key, one.name, one.value.clone()));
        let written = source.entitlements.iter().map(|one| {
            let value = match &one.value {
                Value::Flag(flag) => EntitlementValue::Flag(*flag),
                Value::Number(number) => EntitlementValue::Number(*number),
                Value::Text(text) => EntitlementValue::Text(Cow::Owned(text.clone())),
            };
            (one.key.as_str(), one.name.as_str(), value)
        });
        assert!(compiled.eq(written), "{plan:?}");
    }
    assert_eq!(Plan::default_plan().map(|plan| plan.key), source.default.as_deref());
    for limit in [PlanLimit::Admins, PlanLimit::ApiKeys, PlanLimit::PriceTiers] {
        let limits: Vec<_> = Plan::all().iter().map(|plan| plan.limit(limit)).collect();
        assert!(limits.iter().all(Option::is_some) && limits.is_sorted(), "{limit:?}: {limits:?}");
    }
}

#[test]
fn two_plans_allow_the_larger_number_and_what_either_allows() {
    let value = |keys: &[&str], key: &str| {
        let entitlements = ActivePlans::of_keys(keys.iter().copied()).entitlements();
        entitlements.into_iter().find(|entitlement| entitlement.key == key).map(|entitlement| entitlement.value)
    };
    let both = ["enterprise", "growth"];
    assert_eq!(value(&both, "storefronts"), Some(EntitlementValue::Number(20)));
    assert_eq!(value(&both, "punchout"), Some(EntitlementValue::Flag(true)));
    assert_eq!(value(&both, "support"), Some(EntitlementValue::Text(Cow::Borrowed("Around the clock"))));
    assert_eq!(ActivePlans::of_keys(both).limit(PlanLimit::ApiKeys), Some(1_000));
    let keys: Vec<_> = ActivePlans::of_keys(both).entitlements().iter().map(|entitlement| entitlement.key).collect();
    assert_eq!(keys, ["admins", "api_keys", "price_tiers", "storefronts", "quotes", "punchout", "support"]);
}

#[test]
fn who_is_on_no_plan_of_the_catalogue_is_on_the_default_one() {
    let default = ActivePlans::of_keys(["free"]);
    assert_eq!(ActivePlans::of_keys([]), default);
    assert_eq!(ActivePlans::of_keys(["of_last_year"]), default);
    assert_ne!(ActivePlans::of_keys(["of_last_year", "growth"]), default);
}
