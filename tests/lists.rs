//! Every list against one model: filters, operators, orders, directions, pages and page tokens.

mod listings;
mod model;
mod query;

use std::collections::BTreeSet;

use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::{Value, json};

use crate::support::{Caller, Tenant};

use self::{
    listings::listings,
    model::Listing,
    query::{FORMS, Filter, Form, OPERATORS, Query},
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

/// Values to compare a field with: whole ones of the rows, parts of them, in another case, nothing, and one that no row
/// has.
fn values(listing: &Listing, field: &str) -> BTreeSet<String> {
    let shown = |row: &Value| match if field == "Role" { &row["Roles"] } else { &row[field] } {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.first().map_or_else(String::new, |value| value.as_str().unwrap().to_owned()),
        Value::Null => String::new(),
        value => value.to_string(),
    };
    let mut values = BTreeSet::from([String::new(), "~none".to_owned()]);
    for row in [&listing.rows[3], &listing.rows[listing.rows.len() - 1]] {
        let value = shown(row);
        let part: String = value.chars().take(3).collect();
        values.extend([part.to_uppercase(), part, value]);
    }
    values
}

#[tokio::test]
async fn each_form_operator_field_order_and_page_is_as_the_model_says_on_every_list() {
    for (tenant, listing) in listings().await {
        let mut turn = 0;
        for operator in OPERATORS {
            for field in listing.fields {
                for value in values(&listing, field) {
                    for sort_on in listing.orders {
                        // Forms, directions and pages take turns, so that each meets every operator, field and order.
                        // So do the orders, for fields that narrow neither.
                        turn += 1;
                        if !listing.orders.contains(field) && sort_on != listing.orders[turn / 2 % 2] {
                            continue;
                        }
                        let (form, direction) = (FORMS[turn % 3], ["asc", "desc"][turn / 2 % 2]);
                        let filters = vec![Filter { field, operator, value: value.clone() }];
                        let (page, size) = [(1, 25), (1, 3), (2, 3), (4, 1), (9, 7)][turn % 5];
                        let query = Query { sort_on, direction, page, size, filters };
                        let (answer, _) = listed(&tenant, &query.path(listing.path, form)).await;
                        assert_eq!(answer, listing.answer(&query), "{} {form:?} {query:?}", listing.path);
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn filters_hold_together_whatever_their_form_on_every_list() {
    for (tenant, listing) in listings().await {
        let mut random = StdRng::seed_from_u64(7);
        for round in 0..60 {
            let filters = (0..random.random_range(2..=4)).map(|_| {
                let field = *listing.fields.choose(&mut random).unwrap();
                let values: Vec<_> = values(&listing, field).into_iter().collect();
                let text: Vec<char> = values.choose(&mut random).unwrap().chars().collect();
                let from = random.random_range(0..=text.len());
                let to = random.random_range(from..=text.len());
                let value = if random.random_bool(0.5) { text[..to].iter() } else { text[from..to].iter() }.collect();
                Filter { field, operator: OPERATORS.choose(&mut random).unwrap(), value }
            });
            let query = Query {
                filters: filters.collect(),
                sort_on: listing.orders.choose(&mut random).unwrap(),
                direction: ["asc", "desc"].choose(&mut random).unwrap(),
                page: random.random_range(1..=3),
                size: random.random_range(1..=10),
            };
            for form in FORMS {
                let (answer, _) = listed(&tenant, &query.path(listing.path, form)).await;
                assert_eq!(answer, listing.answer(&query), "{} round {round} {form:?} {query:?}", listing.path);
            }
        }
    }
}

#[tokio::test]
async fn page_tokens_lead_through_every_row_once_in_either_direction_whatever_the_filters_on_every_list() {
    for (tenant, listing) in listings().await {
        let [sorted, other] = listing.orders;
        let middle = listing.rows[listing.rows.len() / 2][sorted].as_str().unwrap().to_owned();
        let filter = |field, operator, value: &str| Filter { field, operator, value: value.to_owned() };
        let filters = [
            vec![],
            vec![filter(sorted, "gte", &middle)],
            vec![filter(sorted, "notequals", &middle)],
            vec![filter(other, "startswith", "A")],
            vec![filter(listing.fields[listing.fields.len() - 1], "notequals", "~none"), filter(other, "gt", "")],
        ];
        for filters in filters {
            for sort_on in listing.orders {
                for direction in ["asc", "desc"] {
                    let query = Query { sort_on, direction, page: 1, size: 3, filters: filters.clone() };
                    walk(&tenant, &listing, &query).await;
                }
            }
        }
    }
}

async fn walk(tenant: &Tenant, listing: &Listing, query: &Query) {
    let all = listing.kept(query);
    let (first, mut token) = listed(tenant, &query.path(listing.path, Form::Json)).await;
    let mut met = first["Data"].as_array().unwrap().len();
    assert_eq!(first, listing.answer(query), "{} {query:?}", listing.path);
    while let Some(next) = token {
        let path = query.path(listing.path, Form::Json).replace("PageNumber=1", &format!("PageToken={next}"));
        let (page, after) = listed(tenant, &path).await;
        let data = &all[met..all.len().min(met + query.size)];
        assert_eq!(page, json!({"Data": data, "TotalCount": all.len(), "PageSize": 3}), "{query:?}");
        met += data.len();
        assert_eq!(after.is_some(), met < all.len());
        token = after;
    }
    assert_eq!(met, all.len(), "{} {query:?}", listing.path);
}

#[tokio::test]
async fn a_page_token_of_one_list_is_none_of_another() {
    let [(one, associations), (_, users), _] = listings().await;
    let (_, token) = listed(&one, &format!("{}?SortOn=UserId&PageSize=1", associations.path)).await;
    let path = format!("{}?SortOn=UserId&PageSize=1&PageToken={}", users.path, token.unwrap());
    one.admin.get(&path).await.fields(&json!({"PageToken": ["is not of this query; begin with PageNumber"]}));
}
