//! `/api/organizations/users/associate-customer` and `/api/organizations/users/associations`.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use reqwest::Method;
use serde_json::{Value, json};
use url::form_urlencoded::byte_serialize;

use crate::support::{Answer, Caller, Tenant, account_items, person, tenant};

const ASSOCIATE: &str = "/api/organizations/users/associate-customer";
const LIST: &str = "/api/organizations/users/associations";

async fn associate(tenant: &Tenant, user: &str, number: &str) -> Answer {
    tenant.admin.post(ASSOCIATE, &json!({"UserId": user, "CustomerNumber": number})).await
}

/// A tenant with these numbers linked, each to a user of its own; and the rows.
async fn linked(numbers: &[&str]) -> (Tenant, Vec<(String, String)>) {
    let tenant = tenant().await;
    let users = account_items(numbers.len()).await;
    let mut rows = Vec::new();
    for (user, number) in users.into_iter().zip(numbers) {
        associate(&tenant, &user, number).await.ok();
        rows.push((user, (*number).to_owned()));
    }
    (tenant, rows)
}

fn record(tenant: &Tenant, user: &str, number: &str) -> Value {
    json!({"UserId": user, "CustomerNumber": number, "OrganizationId": tenant.id})
}

/// What the list answers, by the model: every row in a `Vec`.
fn modelled(tenant: &Tenant, rows: &[(String, String)], query: &Query) -> Value {
    let rows = kept(rows, query);
    let page = rows.iter().skip((query.page - 1) * query.size).take(query.size);
    json!({
        "Data": page.map(|(user, number)| record(tenant, user, number)).collect::<Vec<_>>(),
        "TotalCount": rows.len(), "PageNumber": query.page, "PageSize": query.size,
    })
}

/// The rows on all pages, in their order.
fn kept<'r>(rows: &'r [(String, String)], query: &Query) -> Vec<&'r (String, String)> {
    let mut rows: Vec<_> = rows.iter().filter(|row| query.filters.iter().all(|filter| filter.keeps(row))).collect();
    rows.sort_by(|one, other| match query.sort_on {
        "UserId" => one.0.chars().cmp(other.0.chars()),
        _ => one.1.chars().cmp(other.1.chars()).then(one.0.cmp(&other.0)),
    });
    if query.direction == "desc" {
        rows.reverse();
    }
    rows
}

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

#[derive(Clone, Debug)]
struct Filter {
    field: &'static str,
    operator: &'static str,
    value: String,
}

#[derive(Clone, Debug)]
struct Query {
    sort_on: &'static str,
    direction: &'static str,
    page: usize,
    size: usize,
    filters: Vec<Filter>,
}

const OPERATORS: [&str; 10] =
    ["startswith", "contains", "notcontains", "endswith", "equals", "notequals", "gt", "gte", "lt", "lte"];
const FIELDS: [&str; 2] = ["UserId", "CustomerNumber"];

impl Filter {
    fn keeps(&self, (user, number): &(String, String)) -> bool {
        let text: Vec<char> = if self.field == "UserId" { user.chars().collect() } else { number.chars().collect() };
        let value: Vec<char> = self.value.chars().collect();
        let holds = value.is_empty() || text.windows(value.len()).any(|window| window == value);
        match self.operator {
            "startswith" => text.starts_with(&value),
            "contains" => holds,
            "notcontains" => !holds,
            "endswith" => text.ends_with(&value),
            "equals" => text == value,
            "notequals" => text != value,
            "gt" => text > value,
            "gte" => text >= value,
            "lt" => text < value,
            "lte" => text <= value,
            operator => panic!("{operator}"),
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Form {
    Json,
    Dots,
    Brackets,
}

const FORMS: [Form; 3] = [Form::Json, Form::Dots, Form::Brackets];

impl Query {
    fn path(&self, form: Form) -> String {
        let mut parameters = vec![
            ("SortOn".to_owned(), self.sort_on.to_owned()),
            ("SortDirection".to_owned(), self.direction.to_owned()),
            ("PageNumber".to_owned(), self.page.to_string()),
            ("PageSize".to_owned(), self.size.to_string()),
        ];
        let object =
            |filter: &Filter| json!({"Field": filter.field, "Operator": filter.operator, "Value": filter.value});
        match form {
            Form::Json if self.filters.len() == 1 => {
                parameters.push(("Filters".to_owned(), object(&self.filters[0]).to_string()));
            }
            Form::Json => {
                let filters: Vec<_> = self.filters.iter().map(object).collect();
                // An array, and once more: the parameter may be repeated.
                let (some, rest) = filters.split_at(filters.len() / 2);
                parameters.push(("Filters".to_owned(), json!(some).to_string()));
                parameters.push(("Filters".to_owned(), json!(rest).to_string()));
            }
            Form::Dots | Form::Brackets => {
                for (place, filter) in self.filters.iter().enumerate() {
                    for (part, value) in
                        [("Field", filter.field), ("Operator", filter.operator), ("Value", &filter.value)]
                    {
                        let name = match form {
                            Form::Dots => format!("Filters[{place}].{part}"),
                            _ => format!("Filters[{place}][{part}]"),
                        };
                        parameters.push((name, value.to_owned()));
                    }
                }
            }
        }
        let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        let parameters: Vec<_> =
            parameters.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
        format!("{LIST}?{}", parameters.join("&"))
    }
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
async fn a_link_is_made_repeated_moved_and_removed() {
    let (tenant, grace) = (tenant().await, person().await);
    for number in [" C-1 ", "C-1", "c-1"] {
        let association = record(&tenant, &grace.id, number.trim());
        let linked = associate(&tenant, &grace.id, number).await.ok();
        assert_eq!(linked, json!({"Association": association}));
        let expected = json!({"Data": [association], "TotalCount": 1, "PageNumber": 1, "PageSize": 25});
        for order in FIELDS {
            assert_eq!(tenant.admin.get(&format!("{LIST}?SortOn={order}")).await.ok(), expected);
        }
    }
    let link = json!({"UserId": grace.id});
    assert_eq!(tenant.admin.delete(LIST, &link).await.ok(), json!({"Success": true}));
    let empty = json!({"Data": [], "TotalCount": 0, "PageNumber": 1, "PageSize": 25});
    for order in FIELDS {
        assert_eq!(tenant.admin.get(&format!("{LIST}?SortOn={order}")).await.ok(), empty);
    }
    tenant.admin.delete(LIST, &link).await.fields(&json!({"UserId": ["has no customer in this organization"]}));

    associate(&tenant, &grace.id, "C-1").await.ok();
    let by_query = tenant.admin.request(Method::DELETE, &format!("{LIST}?UserId={}", grace.id));
    assert_eq!(tenant.admin.send(by_query).await.ok(), json!({"Success": true}));
}

#[tokio::test]
async fn a_user_may_be_named_by_address() {
    let (tenant, grace) = (tenant().await, person().await);
    for number in ["C-1", "C-2"] {
        let body = json!({"UserId": null, "Email": grace.email.to_uppercase(), "CustomerNumber": number});
        let linked = tenant.admin.post(ASSOCIATE, &body).await.ok();
        assert_eq!(linked, json!({"Association": record(&tenant, &grace.id, number)}));
    }
    let nobody = json!({"Email": "nobody@nowhere.example", "CustomerNumber": "C-1"});
    tenant.admin.post(ASSOCIATE, &nobody).await.fields(&json!({"Email": ["has no account"]}));
}

#[tokio::test]
async fn every_bad_field_of_a_link_is_named() {
    let (tenant, grace) = (tenant().await, person().await);
    let cases = [
        (json!({}), json!({"UserId": ["is required"], "CustomerNumber": ["is required"]})),
        (
            json!({"UserId": 1, "CustomerNumber": "x".repeat(65)}),
            json!({"UserId": ["must be a string"], "CustomerNumber": ["must have at most 64 characters"]}),
        ),
        (
            json!({"UserId": "ADMIN#x", "CustomerNumber": "a\u{1f}b"}),
            json!({"UserId": ["is no account's id"], "CustomerNumber": ["must not hold control characters"]}),
        ),
        (
            json!({"UserId": "kp_000000000000000000000000", "CustomerNumber": "C-1"}),
            json!({"UserId": ["is no account's id"]}),
        ),
        (
            json!({"Email": "grace", "CustomerNumber": ""}),
            json!({"Email": ["must be an e-mail address"], "CustomerNumber": ["must have 1 to 64 characters"]}),
        ),
        (json!({"UserId": grace.id}), json!({"CustomerNumber": ["is required"]})),
    ];
    for (body, errors) in cases {
        tenant.admin.post(ASSOCIATE, &body).await.fields(&errors);
    }
    let not_here = json!({"UserId": ["has no customer in this organization"]});
    tenant.admin.delete(LIST, &json!({})).await.fields(&json!({"UserId": ["is required"]}));
    for user in [grace.id.as_str(), "#ORG", ""] {
        tenant.admin.delete(LIST, &json!({"UserId": user})).await.fields(&not_here);
    }
    assert_eq!(tenant.admin.get(LIST).await.ok()["TotalCount"], 0);
}

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
    let (page, size) = (json!(["must be a whole number from 1"]), json!(["must be a whole number from 1 to 1000"]));
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
    for page in ["2", "1000000", "99999999999999999999999999"] {
        let answer = tenant.admin.get(&format!("{LIST}?PageNumber={page}&PageSize=1000")).await.ok();
        assert_eq!((&answer["Data"], &answer["TotalCount"]), (&json!([]), &json!(2)));
    }
}

/// What both orders of the list show, user by user.
async fn shown(tenant: &Tenant) -> [BTreeMap<String, String>; 2] {
    let mut orders = Vec::new();
    for order in FIELDS {
        let answer = tenant.admin.get(&format!("{LIST}?PageSize=1000&SortOn={order}")).await.ok();
        let rows = answer["Data"].as_array().unwrap();
        assert_eq!(answer["TotalCount"], rows.len());
        let text = |row: &Value, field: &str| row[field].as_str().unwrap().to_owned();
        let map: BTreeMap<_, _> = rows.iter().map(|row| (text(row, "UserId"), text(row, "CustomerNumber"))).collect();
        assert_eq!(map.len(), rows.len(), "no user twice");
        orders.push(map);
    }
    orders.try_into().unwrap()
}

#[tokio::test]
async fn associations_and_moves_from_sixteen_clients_at_once_are_all_there_in_both_orders() {
    let tenant = tenant().await;
    let users = account_items(240).await;
    let number = |user: usize, move_: usize| format!("C-{:03}", (user * 7 + move_ * 13) % 100);
    let clients = users.chunks(15).enumerate().map(|(client, users)| {
        let tenant = &tenant;
        async move {
            for (place, user) in users.iter().enumerate() {
                let moves = if place % 3 == 0 { 2 } else { 1 };
                for move_ in 0..moves {
                    until_done(tenant, user, &number(client * 15 + place, move_)).await;
                }
            }
        }
    });
    join_all(clients).await;
    let expected: BTreeMap<_, _> = (users.iter().enumerate())
        .map(|(place, user)| (user.clone(), number(place, usize::from(place % 15 % 3 == 0))))
        .collect();
    let [by_user, by_customer] = shown(&tenant).await;
    assert_eq!(by_user, expected);
    assert_eq!(by_customer, expected);
}

/// Links a user; the only other answer that is allowed asks to try again.
async fn until_done(tenant: &Tenant, user: &str, number: &str) {
    loop {
        let answer = associate(tenant, user, number).await;
        match answer.status {
            200 => return,
            503 => assert!(!answer.header("retry-after").is_empty()),
            _ => panic!("{answer:?}"),
        }
    }
}

#[tokio::test]
async fn one_user_linked_and_unlinked_by_many_at_once_has_one_customer_or_none() {
    let tenant = tenant().await;
    let user = account_items(1).await.remove(0);
    for _ in 0..10 {
        let links = join_all((0..8).map(|number| {
            let (tenant, user) = (&tenant, &user);
            async move {
                let number = format!("C-{number}");
                until_done(tenant, user, &number).await;
            }
        }));
        let link = json!({"UserId": user});
        let unlink = tenant.admin.delete(LIST, &link);
        let (_, unlinked) = futures_util::future::join(links, unlink).await;
        assert!(matches!(unlinked.status, 200 | 400), "{unlinked:?}");
        let [by_user, by_customer] = shown(&tenant).await;
        assert_eq!(by_user, by_customer);
        assert!(by_user.len() <= 1);
    }
}
