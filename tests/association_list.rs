//! `GET /api/organizations/users/associations`: pages, orders, filters and tokens.

use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::{Value, json};
use url::form_urlencoded::byte_serialize;

use crate::{
    association_model::{FORMS, Filter, Form, OPERATORS, Query, kept, modelled},
    associations::{FIELDS, LIST, associate, linked, record},
    support::{Caller, Tenant, account_items, tenant},
};

/// The list's answer, its `NextPageToken` taken out: it is there exactly if more follows.
async fn listed(tenant: &Tenant, path: &str) -> (Value, Option<String>) {
    let mut answer = tenant.admin.get(path).await.ok();
    let token = answer.as_object_mut().unwrap().remove("NextPageToken");
    let token = token.map(|token| token.as_str().unwrap().to_owned());
    if let (Some(page), Some(size)) = (answer["PageNumber"].as_u64(), answer["PageSize"].as_u64()) {
        let more = answer["TotalCount"].as_u64().unwrap() > page.saturating_mul(size);
        assert_eq!(token.is_some(), more, "{path}: {answer}");
    }
    (answer, token)
}

const NUMBERS: [&str; 16] = [
    "A B",
    "A#B",
    "A!B",
    "AB",
    "Ünï",
    "50%",
    "C-1&x=1",
    "C-1",
    "C-10",
    "C-2",
    "c-1",
    "z",
    "A",
    "日本",
    "C-1",
    "\u{1F600}",
];

#[tokio::test]
async fn each_form_operator_field_order_and_page_is_as_the_model_says() {
    let (tenant, rows) = linked(&NUMBERS).await;
    let user = &rows[3].0;
    let values = |field: &str| -> Vec<String> {
        if field == "UserId" {
            vec!["kp_".to_owned(), user.clone(), user[3..6].to_owned(), "KP_".to_owned()]
        } else {
            ["A", "C-1", "A B", "A#B", "Ünï", "50%", "C-1&x=1", ""].map(str::to_owned).to_vec()
        }
    };
    let mut turn = 0;
    for operator in OPERATORS {
        for field in FIELDS {
            for value in values(field) {
                for sort_on in FIELDS {
                    for direction in ["asc", "desc"] {
                        // Forms and pages take turns, so that each meets every operator, field and order.
                        turn += 1;
                        let form = FORMS[turn % 3];
                        let filters = vec![Filter { field, operator, value: value.clone() }];
                        let (page, size) = [(1, 25), (1, 3), (2, 3), (4, 1), (9, 7)][turn % 5];
                        let query = Query { sort_on, direction, page, size, filters };
                        let (answer, _) = listed(&tenant, &query.path(form)).await;
                        assert_eq!(answer, modelled(&tenant, &rows, &query), "{form:?} {query:?}");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn filters_hold_together_whatever_their_form() {
    let (tenant, rows) = linked(&NUMBERS).await;
    let mut random = StdRng::seed_from_u64(7);
    for round in 0..150 {
        let filters = (0..random.random_range(2..=4)).map(|_| {
            let field = *FIELDS.choose(&mut random).unwrap();
            let row = rows.choose(&mut random).unwrap();
            let text: Vec<char> = if field == "UserId" { &row.0 } else { &row.1 }.chars().collect();
            let from = random.random_range(0..text.len());
            let to = random.random_range(from..=text.len());
            let value = if random.random_bool(0.5) { text[..to].iter() } else { text[from..to].iter() }.collect();
            Filter { field, operator: OPERATORS.choose(&mut random).unwrap(), value }
        });
        let query = Query {
            filters: filters.collect(),
            sort_on: FIELDS.choose(&mut random).unwrap(),
            direction: ["asc", "desc"].choose(&mut random).unwrap(),
            page: random.random_range(1..=3),
            size: random.random_range(1..=10),
        };
        let expected = modelled(&tenant, &rows, &query);
        for form in FORMS {
            let (answer, _) = listed(&tenant, &query.path(form)).await;
            assert_eq!(answer, expected, "round {round} {form:?} {query:?}");
        }
    }
}

#[tokio::test]
async fn names_operators_and_directions_are_read_without_case() {
    let (tenant, rows) = linked(&["A", "B", "C"]).await;
    let expected = json!({
        "Data": [record(&tenant, &rows[2].0, "C"), record(&tenant, &rows[1].0, "B")],
        "TotalCount": 2, "PageNumber": 1, "PageSize": 5,
    });
    let object = r#"{"field":"customernumber","OPERATOR":"GTE","vAlUe":"B"}"#;
    let filters = [
        format!("fILTERS={}", byte_serialize(object.as_bytes()).collect::<String>()),
        "filters[7].FIELD=CUSTOMERNUMBER&Filters[7].operator=GtE&FILTERS[7].value=B".to_owned(),
        "filters[0][FIELD]=CustomerNumber&Filters[0][Operator]=gte&filters%5B0%5D%5Bvalue%5D=B".to_owned(),
    ];
    for filters in filters {
        let path = format!("{LIST}?pagenumber=1&PAGESIZE=5&sorton=CUSTOMERNUMBER&sortDirection=DESC&other=1&{filters}");
        assert_eq!(tenant.admin.get(&path).await.ok(), expected, "{filters}");
    }
}

#[tokio::test]
async fn each_bad_parameter_is_named_with_what_it_accepts() {
    let admin = tenant().await.admin;
    let (page, size) =
        (json!(["must be a whole number from 1 to 2147483647"]), json!(["must be a whole number from 1 to 1000"]));
    let (order, direction) = (json!(["must be UserId or CustomerNumber"]), json!(["must be asc or desc"]));
    let forms = json!(["must be a JSON object or array of objects with Field, Operator and Value, or be written \
                        Filters[0].Field, Filters[0].Operator and Filters[0].Value"]);
    let operators = "must be one of startswith, contains, notcontains, endswith, equals, notequals, gt, gte, lt, lte";
    let cases = [
        ("PageNumber=0", json!({"PageNumber": page})),
        ("PageNumber=-1", json!({"PageNumber": page})),
        ("PageNumber=1.5", json!({"PageNumber": page})),
        ("PageNumber=", json!({"PageNumber": page})),
        ("PageNumber=%2B1", json!({"PageNumber": page})),
        ("PageNumber=2147483648", json!({"PageNumber": page})),
        ("PageNumber=99999999999999999999", json!({"PageNumber": page})),
        ("PageSize=0", json!({"PageSize": size})),
        ("PageSize=1001", json!({"PageSize": size})),
        ("pagesize=all", json!({"PageSize": size})),
        ("SortOn=Name", json!({"SortOn": order})),
        ("SortDirection=up", json!({"SortDirection": direction})),
        ("SortOn=UserId&sorton=UserId", json!({"SortOn": ["must be given once"]})),
        (
            "PageNumber=x&PageSize=y&SortOn=z&SortDirection=w",
            json!({"PageNumber": page, "PageSize": size, "SortOn": order, "SortDirection": direction}),
        ),
        ("Filters=", json!({"Filters": forms})),
        ("Filters=x", json!({"Filters": forms})),
        ("Filters=1", json!({"Filters": forms})),
        ("Filters=%5B%5B%5D%5D", json!({"Filters": forms})),
        ("Filters[0]=x", json!({"Filters[0]": forms})),
        ("Filters[x].Field=UserId", json!({"Filters[x].Field": forms})),
        ("Filters[0].Fields=UserId", json!({"Filters[0].Fields": forms})),
        (
            "Filters=%7B%7D",
            json!({
                "Filters[0].Field": ["is required"], "Filters[0].Operator": ["is required"],
                "Filters[0].Value": ["is required"],
            }),
        ),
        (
            "Filters[3].Field=Name&Filters[3].Operator=like&Filters[3].Value=x",
            json!({"Filters[3].Field": ["must be UserId or CustomerNumber"], "Filters[3].Operator": [operators]}),
        ),
        (
            "Filters=%7B%22Field%22:1,%22Operator%22:%22gt%22,%22Value%22:5%7D",
            json!({"Filters[0].Field": ["must be a string"], "Filters[0].Value": ["must be a string"]}),
        ),
        (
            "Filters=%5B%7B%22Field%22:%22UserId%22,%22Operator%22:%22gt%22,%22Value%22:%22a%22,%22VALUE%22:%22b%22,\
             %22Valeu%22:1%7D%5D",
            json!({
                "Filters[0].Value": ["must be given once"],
                "Filters[0].Valeu": ["is no field of this request; did you mean Value?"],
            }),
        ),
        (
            "Filters[0].Field=UserId&Filters[0].Operator=gt&Filters[0].Value=a&Filters[0][Value]=b",
            json!({"Filters[0][Value]": ["must be given once"]}),
        ),
    ];
    for (query, errors) in cases {
        admin.get(&format!("{LIST}?{query}")).await.fields(&errors);
    }
    let filter = r#"{"Field":"UserId","Operator":"gt","Value":""}"#;
    for (count, status) in [(20, 200), (21, 400)] {
        let filters = format!("[{}]", vec![filter; count].join(","));
        let path = format!("{LIST}?Filters={}", byte_serialize(filters.as_bytes()).collect::<String>());
        assert_eq!(admin.get(&path).await.status, status);
    }
}

#[tokio::test]
async fn page_tokens_lead_through_every_row_once_in_either_direction_whatever_the_filters() {
    let (tenant, rows) = linked(&NUMBERS).await;
    let filter = |field, operator, value: &str| Filter { field, operator, value: value.to_owned() };
    let filters = [
        vec![],
        vec![filter("CustomerNumber", "startswith", "C-")],
        vec![filter("CustomerNumber", "notequals", "C-1")],
        vec![filter("CustomerNumber", "contains", "1"), filter("UserId", "gt", "kp_")],
        vec![filter("UserId", "notequals", &rows[2].0), filter("CustomerNumber", "lt", "\u{1F600}")],
    ];
    for filters in filters {
        for sort_on in FIELDS {
            for direction in ["asc", "desc"] {
                let query = Query { sort_on, direction, page: 1, size: 3, filters: filters.clone() };
                let all: Vec<_> =
                    kept(&rows, &query).iter().map(|(user, number)| record(&tenant, user, number)).collect();
                let (first, mut token) = listed(&tenant, &query.path(Form::Json)).await;
                let mut met = first["Data"].as_array().unwrap().clone();
                while let Some(next) = token {
                    let path = query.path(Form::Json).replace("PageNumber=1", &format!("PageToken={next}"));
                    let (page, after) = listed(&tenant, &path).await;
                    let data = &all[met.len()..all.len().min(met.len() + 3)];
                    assert_eq!(page, json!({"Data": data, "TotalCount": all.len(), "PageSize": 3}), "{query:?}");
                    met.extend_from_slice(data);
                    assert_eq!(after.is_some(), met.len() < all.len());
                    token = after;
                }
                assert_eq!(met, all, "{query:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_page_token_goes_on_where_it_was_whatever_comes_and_goes_before_it() {
    let (tenant, rows) = linked(&["B", "D", "F", "H", "J"]).await;
    let path = format!("{LIST}?SortOn=CustomerNumber&PageSize=2");
    let (_, token) = listed(&tenant, &path).await;
    let users = account_items(2).await;
    associate(&tenant, &users[0], "A").await.ok();
    associate(&tenant, &users[1], "E").await.ok();
    // The very row that the token stands on goes.
    tenant.admin.delete(LIST, &json!({"UserId": rows[1].0})).await.ok();
    let (page, _) = listed(&tenant, &format!("{path}&PageToken={}", token.unwrap())).await;
    let data = [record(&tenant, &users[1], "E"), record(&tenant, &rows[2].0, "F")];
    assert_eq!(page, json!({"Data": data, "TotalCount": 6, "PageSize": 2}));
}

#[tokio::test]
async fn a_page_token_that_was_altered_or_is_of_another_query_or_organization_is_refused() {
    let (tenant, _) = linked(&["A", "B", "C"]).await;
    let (other, _) = linked(&["A", "B", "C"]).await;
    let query = "SortOn=CustomerNumber&PageSize=1";
    let (_, token) = listed(&tenant, &format!("{LIST}?{query}")).await;
    let token = token.unwrap();
    let refused = json!({"PageToken": ["is not of this query; begin with PageNumber"]});
    let good = format!("{LIST}?{query}&PageToken={token}");
    assert_eq!(tenant.admin.get(&good).await.status, 200);
    other.admin.get(&good).await.fields(&refused);
    let mut altered = token.clone();
    let last = if altered.pop() == Some('A') { 'B' } else { 'A' };
    altered.push(last);
    for (query, token) in [
        (query, altered.as_str()),
        (query, &token[..10]),
        (query, ""),
        (query, "not base64!"),
        ("SortOn=UserId&PageSize=1", &token),
        ("SortOn=CustomerNumber&SortDirection=desc&PageSize=1", &token),
        ("SortOn=CustomerNumber&Filters[0].Field=UserId&Filters[0].Operator=gt&Filters[0].Value=a", &token),
    ] {
        let token: String = byte_serialize(token.as_bytes()).collect();
        tenant.admin.get(&format!("{LIST}?{query}&PageToken={token}")).await.fields(&refused);
    }
    let both = tenant.admin.get(&format!("{good}&PageNumber=1")).await;
    both.fields(&json!({"PageToken": ["can't be sent together with PageNumber"]}));
    // The size may change on the way.
    assert_eq!(
        tenant.admin.get(&good.replace("PageSize=1", "PageSize=9")).await.ok()["Data"].as_array().unwrap().len(),
        2
    );
}

#[tokio::test]
async fn a_page_past_the_end_is_empty_and_still_counts() {
    let (tenant, _) = linked(&["A", "B"]).await;
    for page in ["2", "1000000", "2147483647"] {
        let answer = tenant.admin.get(&format!("{LIST}?PageNumber={page}&PageSize=1000")).await.ok();
        assert_eq!((&answer["Data"], &answer["TotalCount"]), (&json!([]), &json!(2)));
    }
}
