//! What an operator does by `operate`: `verify-index` and `seed`; and the bound of rows that a list tests.

use aws_sdk_dynamodb::types::AttributeValue;
use local::{Bundle, Options, made_up_associations};
use reqwest::Client;
use serde_json::{Value, json};
use shared::ids::{OrganizationCode, OrganizationId};

use crate::{
    rebuild_index::{THREE_ARE_RIGHT, three_associations},
    support::{Answer, Caller, PASSWORD, dynamodb, operate, server, tenant, unique},
};

#[tokio::test]
async fn verify_index_says_that_every_count_is_right_or_which_is_not() {
    let tenant = tenant().await;
    three_associations(&tenant).await;
    let verify = || operate(&["verify-index", &tenant.id, "--table", &server().table], Some(&server().dynamodb_url));
    let (code, stdout, stderr) = verify();
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (Some(0), THREE_ARE_RIGHT, ""));

    let call = dynamodb().update_item().table_name(&server().table);
    let call = call.key("pk", AttributeValue::S(format!("ORG#{}#ASSOC#C", tenant.id)));
    let call = call.key("sk", AttributeValue::S("B#".to_owned())).update_expression("SET entries = :wrong");
    call.expression_attribute_values(":wrong", AttributeValue::N("7".to_owned())).send().await.unwrap();
    let (code, stdout, stderr) = verify();
    let wrong = "associations by user: 3 entries in 1 buckets, 0 faults\n\
                 associations by customer: 3 entries in 1 buckets, 1 faults\n  \
                 the bucket from \"\" on counts 7 and holds 3\n\
                 customers by number: 0 entries in 1 buckets, 0 faults\n\
                 customers by company: 0 entries in 1 buckets, 0 faults\n\
                 users by address: 4 entries in 1 buckets, 0 faults\n\
                 users by id: 4 entries in 1 buckets, 0 faults\n";
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (Some(1), wrong, "error: 1 faults\n"));

    let nobody = operate(
        &["verify-index", "000000000000000000000000", "--table", &server().table],
        Some(&server().dynamodb_url),
    );
    assert_eq!(nobody, (Some(1), String::new(), "error: the organization no longer exists\n".to_owned()));
}

#[tokio::test]
async fn seed_fills_an_organization_with_counted_associations_in_a_table_elsewhere() {
    let tenant = tenant().await;
    let (code, _, stderr) =
        operate(&["seed", &tenant.id, "--count", "1500", "--table", &server().table], Some(&server().dynamodb_url));
    assert_eq!(code, Some(0), "{stderr}");
    let (code, stdout, _) =
        operate(&["verify-index", &tenant.id, "--table", &server().table], Some(&server().dynamodb_url));
    assert_eq!(code, Some(0), "{stdout}");
    assert!(stdout.starts_with("associations by user: 1500 entries in "), "{stdout}");
    let listed =
        tenant.admin.get("/api/organizations/users/associations?PageNumber=60&SortOn=CustomerNumber").await.ok();
    assert_eq!((&listed["TotalCount"], &listed["Data"][24]["CustomerNumber"]), (&json!(1500), &json!("C-0000499")));
}

/// A bundle of the test's own, with an organization's token, id and code.
async fn own(bundle: &Bundle) -> (String, OrganizationId, OrganizationCode) {
    let post = async |path: &str, body: &Value| -> Value {
        Client::new().post(format!("{}{path}", bundle.url())).json(body).send().await.unwrap().json().await.unwrap()
    };
    let user = json!({"FirstName": "A", "LastName": "B", "Email": "a@b.example", "Password": PASSWORD});
    let created = post("/api/organizations", &json!({"Organization": {"Name": unique("Own")}, "User": user})).await;
    let login = json!({"Email": "a@b.example", "Password": PASSWORD, "OrgCode": created["Slug"]});
    let token = post("/api/auth/login", &login).await["AccessToken"].as_str().unwrap().to_owned();
    let id = OrganizationId::parse(created["OrganizationId"].as_str().unwrap()).unwrap();
    (token, id, OrganizationCode::parse(created["Slug"].as_str().unwrap()).unwrap())
}

#[tokio::test]
async fn this_machines_data_is_filled_and_verified_while_the_api_is_stopped() {
    let data = tempfile::tempdir().unwrap();
    let path = data.path().to_str().unwrap();
    let options = Options { in_memory: false, data_dir: data.path().to_owned(), ..Options::in_memory() };
    let bundle = Bundle::start(&options).await.unwrap();
    let (_, id, _) = own(&bundle).await;
    let (seed, verify) = (["seed", id.as_str(), "--data-dir", path], ["verify-index", id.as_str(), "--data-dir", path]);
    let in_use =
        format!("error: {path} is in use by another process; stop it, or choose another place with --data-dir\n");
    assert_eq!(operate(&seed, None), (Some(1), String::new(), in_use));
    bundle.stop().await;

    let (code, _, stderr) = operate(&seed, None);
    assert_eq!(code, Some(0), "{stderr}");
    let (code, stdout, _) = operate(&verify, None);
    assert_eq!(code, Some(0), "{stdout}");
    assert!(stdout.starts_with("associations by user: 1000 entries in "), "{stdout}");
    let (code, _, stderr) = operate(&seed, None);
    let again = "error: the organization has or had associations; seed a new one\n";
    assert_eq!((code, stderr.as_str()), (Some(1), again));
}

#[tokio::test]
async fn rows_are_tested_one_by_one_up_to_the_bound_and_the_shorter_range_counts() {
    let options = Options { max_tested_rows: 2_000, ..Options::in_memory() };
    let bundle = Bundle::start(&options).await.unwrap();
    let (token, id, code) = own(&bundle).await;
    bundle.seed(&id, &code, made_up_associations(3_000).unwrap()).unwrap();
    let list = async |query: &str| {
        let url = format!("{}/api/organizations/users/associations?{query}", bundle.url());
        let answer = Answer::of(Client::new().get(url).bearer_auth(&token).send().await.unwrap()).await;
        (answer.status, answer.json())
    };
    let filter = |place: u32, field: &str, operator: &str, value: &str| {
        format!("Filters[{place}].Field={field}&Filters[{place}].Operator={operator}&Filters[{place}].Value={value}")
    };
    let contains = filter(0, "CustomerNumber", "contains", "99");

    let (status, body) = list(&contains).await;
    assert_eq!(status, 400);
    let fault = "would have to test more than 2000 rows one by one; add a filter that narrows: startswith, equals, gt, gte, \
                 lt or lte";
    assert_eq!(body["errors"], json!({"Filters": [fault]}));

    // A range of either field narrows, whatever the list is sorted by.
    for order in ["UserId", "CustomerNumber"] {
        let narrowed = format!("SortOn={order}&{contains}&{}", filter(1, "CustomerNumber", "lt", "C-0000500"));
        let (status, body) = list(&narrowed).await;
        let numbers: Vec<_> =
            (0..500).map(|number| format!("C-{number:07}")).filter(|number| number.contains("99")).collect();
        assert_eq!((status, &body["TotalCount"]), (200, &json!(numbers.len() * 3)), "{body}");
    }
    // Ranges alone test nothing, however many rows they hold.
    let (status, body) = list(&filter(0, "CustomerNumber", "gte", "C-0000010")).await;
    assert_eq!((status, &body["errors"]["Filters"]), (400, &json!([fault])), "sorted by the other field");
    let range = format!("SortOn=CustomerNumber&{}", filter(0, "CustomerNumber", "gte", "C-0000010"));
    let (status, body) = list(&range).await;
    assert_eq!((status, &body["TotalCount"]), (200, &json!(2_970)), "{body}");
    bundle.stop().await;
}
