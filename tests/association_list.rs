//! `GET /api/organizations/users/associations`: what its parameters may be, and what its tokens are bound to.

use serde_json::{Value, json};
use url::form_urlencoded::byte_serialize;

use crate::{
    associations::{LIST, associate, linked, record},
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
