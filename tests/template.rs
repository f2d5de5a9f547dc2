//! What `template.yaml` deploys is what the code is.

use std::collections::BTreeSet;

use emulator::{DeployedFunction, deployed_functions, deployed_routes, template, where_it_holds};

#[test]
fn what_is_derived_is_as_the_code_has_it() {
    xtask::check().unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn what_no_route_takes_goes_to_organizations() {
    let default: Vec<_> = deployed_routes().into_iter().filter(|route| route.path == "$default").collect();
    assert_eq!(default.len(), 1);
    assert_eq!(default[0].function, "organizations");
}

/// What the mailer may do: Lambda reads the table's stream and a queue in its name.
const ACTIONS_OF_THE_MAILER: [&str; 10] = [
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
    "ses:GetAccount",
    "ses:SendEmail",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:ReceiveMessage",
    "sqs:SendMessage",
];

#[test]
fn beyond_the_table_the_mailer_may_send_mails_auth_may_sign_and_nobody_else_may_do_anything() {
    for DeployedFunction { name, other_actions, event_types, .. } in deployed_functions() {
        let expected: &[&str] = match &*name {
            "mailer" => &ACTIONS_OF_THE_MAILER,
            "auth" => &["kms:GetPublicKey", "kms:Sign"],
            _ => &[],
        };
        assert_eq!(other_actions.iter().map(String::as_str).collect::<Vec<_>>(), expected, "{name}");
        for kind in event_types {
            let is_without_policy = matches!(kind.as_str(), "HttpApi" | "Schedule");
            assert!(is_without_policy, "{name}: for {kind}, SAM adds AWS's policy for all that the account has of it");
        }
    }
}

#[test]
fn each_secret_is_in_the_environment_of_those_that_need_it_alone() {
    let all = deployed_functions().into_iter().map(|function| function.name);
    let that_answer: Vec<_> = all.filter(|name| name != "mailer").collect();
    let that_answer: Vec<_> = that_answer.iter().map(String::as_str).collect();
    for (variable, holders) in [
        ("ORIGIN_SECRETS", &that_answer[..]),
        ("SIGNING_SECRET", &["auth"]),
        ("SIGNING_KEY_ARN", &["auth"]),
        ("PREVIOUS_SIGNING_KEY_ARN", &["auth"]),
        ("PREVIOUS_SIGNING_SECRET", &["auth"]),
        ("LINK_SECRET", &["accounts", "invitations", "mailer"]),
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
fn the_gateway_lets_pages_call_by_the_rules_of_one_machine() {
    let template = template();
    let cors = where_it_holds(&template["Resources"]["Api"]["Properties"]["CorsConfiguration"]);
    let listed = |name: &str| -> BTreeSet<String> {
        cors[name].as_sequence().unwrap().iter().map(|value| value.as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(listed("AllowMethods"), local::cors::METHODS.map(|method| method.to_string()).into());
    assert_eq!(listed("AllowHeaders"), local::cors::REQUEST_HEADERS.map(|name| name.to_string()).into());
    assert_eq!(listed("ExposeHeaders"), local::cors::RESPONSE_HEADERS.map(|name| name.to_string()).into());
    assert_eq!(cors["MaxAge"].as_u64(), Some(local::cors::MAX_AGE.as_secs()));
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
    assert_eq!(table["Properties"]["StreamSpecification"]["StreamViewType"], "KEYS_ONLY", "no images of items");
}
