//! `template.yaml`, as far as tests ask for it.

use std::{collections::BTreeSet, time::Duration};

use serde_yaml_ng::Value;

use crate::Route;

/// A function as the template deploys it.
#[derive(Clone, Debug)]
pub struct DeployedFunction {
    /// As its crate is called.
    pub name: String,
    /// The paths of its routes.
    pub paths: Vec<String>,
    /// The names of its variables.
    pub variables: BTreeSet<String>,
    /// What it may do beyond partitions of the table.
    pub other_actions: BTreeSet<String>,
    /// The kinds of its events.
    pub event_types: BTreeSet<String>,
    /// How long an event may take.
    pub timeout: Duration,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("a text: {value:?}")).to_owned()
}

/// One text, or a list of them.
fn texts(value: &Value) -> Vec<String> {
    value.as_sequence().map_or_else(|| vec![text(value)], |values| values.iter().map(text).collect())
}

fn names(value: &Value) -> BTreeSet<String> {
    value.as_mapping().into_iter().flat_map(|mapping| mapping.keys()).map(text).collect()
}

/// The template.
///
/// # Panics
/// The file is no YAML.
#[must_use]
pub fn template() -> Value {
    serde_yaml_ng::from_str(include_str!("../../../template.yaml")).unwrap()
}

/// What an `!If` stands for where its condition holds.
#[must_use]
pub fn where_it_holds(value: &Value) -> &Value {
    match value {
        Value::Tagged(choice) => &choice.value[1],
        value => value,
    }
}

/// Every function of the template.
///
/// # Panics
/// The template has another form.
#[must_use]
pub fn deployed_functions() -> Vec<DeployedFunction> {
    let template = template();
    let of_all = &template["Globals"]["Function"];
    let globals = names(&of_all["Environment"]["Variables"]);
    let resources = template["Resources"].as_mapping().unwrap().values();
    let functions = resources.filter(|resource| resource["Type"] == "AWS::Serverless::Function");
    functions.map(|function| deployed(&function["Properties"], &globals, &of_all["Timeout"])).collect()
}

fn deployed(function: &Value, globals: &BTreeSet<String>, timeout: &Value) -> DeployedFunction {
    let code = text(&function["CodeUri"]);
    let name = code.strip_prefix("target/lambda/").unwrap().trim_end_matches('/').to_owned();
    let mut variables = names(&function["Environment"]["Variables"]);
    variables.extend(globals.iter().cloned());
    let mut paths = Vec::new();
    let mut event_types = BTreeSet::new();
    for event in function["Events"].as_mapping().unwrap().values() {
        event_types.insert(text(&event["Type"]));
        if event["Type"] == "HttpApi" {
            let path = event["Properties"].get("Path").map_or_else(|| "$default".to_owned(), text);
            assert!(path == "$default" || event["Properties"]["Method"] == "ANY", "{path}: 405 is ours to answer");
            paths.push(path);
        }
    }
    let mut other_actions = BTreeSet::new();
    for policy in function["Policies"].as_sequence().into_iter().flatten() {
        let statements = where_it_holds(policy)["Statement"].as_sequence();
        for statement in statements.unwrap_or_else(|| panic!("{name} has a policy of AWS: {policy:?}")) {
            assert_eq!(statement["Effect"], "Allow");
            let partitions = &statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"];
            if partitions.is_null() {
                other_actions.extend(texts(&statement["Action"]));
            }
        }
    }
    let timeout = function.get("Timeout").unwrap_or(timeout).as_u64().unwrap();
    let timeout = Duration::from_secs(timeout);
    DeployedFunction { name, paths, variables, other_actions, event_types, timeout }
}

/// The gateway's routes.
///
/// # Panics
/// The template has another form.
#[must_use]
pub fn deployed_routes() -> Vec<Route> {
    let functions = deployed_functions().into_iter();
    let routes = functions.flat_map(|function| {
        let name = function.name;
        function.paths.into_iter().map(move |path| Route { path, function: name.clone() })
    });
    routes.collect()
}
