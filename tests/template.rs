//! What `template.yaml` deploys is what the code is.

use std::collections::{BTreeMap, BTreeSet};

use local::{FUNCTIONS, Function};
use serde_json::Value;

use crate::support::{DeployedFunction, deployed_functions, deployed_routes, template};

/// Each function's own paths.
fn routers() -> BTreeMap<String, BTreeSet<String>> {
    let paths = |function: &Function| (function.documentation)().paths.paths.into_keys().collect();
    FUNCTIONS.iter().map(|function| (function.name.to_owned(), paths(function))).collect()
}

#[test]
fn the_paths_of_the_template_are_those_of_the_routers_and_of_the_document() {
    let mut deployed = BTreeMap::<_, BTreeSet<_>>::new();
    for route in deployed_routes().into_iter().filter(|route| route.path != "$default") {
        assert!(deployed.entry(route.function).or_default().insert(route.path));
    }
    assert_eq!(deployed, routers());
    let document: Value = serde_json::from_str(include_str!("../openapi.json")).unwrap();
    let documented: BTreeSet<_> = document["paths"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(deployed.into_values().flatten().collect::<BTreeSet<_>>(), documented);
}

#[test]
fn what_no_route_takes_goes_to_organizations() {
    let default: Vec<_> = deployed_routes().into_iter().filter(|route| route.path == "$default").collect();
    assert_eq!(default.len(), 1);
    assert_eq!(default[0].function, "organizations");
}

/// What each function needed of the table while the black-box suite ran over the binaries; `make access` writes it.
fn needed() -> BTreeMap<String, BTreeMap<String, BTreeSet<String>>> {
    serde_json::from_str(include_str!("access.json")).unwrap()
}

#[test]
fn each_function_may_do_what_it_does_and_nothing_else() {
    let allowed: BTreeMap<_, _> =
        deployed_functions().into_iter().map(|DeployedFunction { name, access, .. }| (name, access)).collect();
    assert_eq!(allowed, needed());
    for DeployedFunction { name, other_actions, .. } in deployed_functions() {
        let expected = if name == "mailer" { BTreeSet::from(["ses:SendEmail".to_owned()]) } else { BTreeSet::new() };
        assert_eq!(other_actions, expected, "{name}");
    }
}

#[test]
fn each_secret_is_in_the_environment_of_those_that_need_it_alone() {
    for (variable, holders) in [
        ("SIGNING_SECRET", &["auth"][..]),
        ("PREVIOUS_SIGNING_SECRET", &["auth"]),
        ("LINK_SECRET", &["accounts", "mailer"]),
    ] {
        let functions = deployed_functions().into_iter().filter(|function| function.variables.contains(variable));
        let functions: BTreeSet<_> = functions.map(|function| function.name).collect();
        assert_eq!(functions, holders.iter().map(|name| (*name).to_owned()).collect(), "{variable}");
    }
}

#[test]
fn every_parameter_has_a_default_and_is_described() {
    for (name, parameter) in template()["Parameters"].as_mapping().unwrap() {
        assert!(!parameter["Default"].is_null() && !parameter["Description"].is_null(), "{name:?}");
    }
}

#[test]
fn the_table_survives_the_stack() {
    let table = &template()["Resources"]["Table"];
    assert_eq!(
        (table["DeletionPolicy"].as_str(), table["UpdateReplacePolicy"].as_str()),
        (Some("Retain"), Some("Retain"))
    );
    assert_eq!(table["Properties"]["DeletionProtectionEnabled"], true);
    assert_eq!(table["Properties"]["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], true);
    assert_eq!(table["Properties"]["TimeToLiveSpecification"]["AttributeName"], "expires_at");
    assert_eq!(table["Properties"]["StreamSpecification"]["StreamViewType"], "NEW_AND_OLD_IMAGES");
}

#[test]
fn cargo_lambda_watch_serves_the_same_paths() {
    let manifest = include_str!("../Cargo.toml").split("[workspace.metadata.lambda.watch.router]\n").nth(1).unwrap();
    let lines = manifest.lines().take_while(|line| !line.is_empty());
    let watched: BTreeSet<_> = lines
        .map(|line| {
            let (path, function) = line.split_once(" = ").unwrap();
            (path.trim_matches('"').to_owned(), function.trim_matches('"').to_owned())
        })
        .collect();
    let deployed = deployed_routes().into_iter().filter(|route| route.path != "$default");
    assert_eq!(watched, deployed.map(|route| (route.path, route.function)).collect());
}
