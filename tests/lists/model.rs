//! What a list is to answer: every row in a `Vec`, filtered and sorted by characters.

use serde_json::{Value, json};

use super::query::{Filter, Query};

/// A list with its rows, as the model knows it.
pub(super) struct Listing {
    pub(super) path: &'static str,
    /// The fields that filters look at.
    pub(super) fields: &'static [&'static str],
    /// What the list is sorted by, the default first.
    pub(super) orders: [&'static str; 2],
    /// The field that decides where others are equal.
    pub(super) id: &'static str,
    /// Every row, as the list shows it.
    pub(super) rows: Vec<Value>,
}

impl Listing {
    /// What the list answers to a query by page number, without its token.
    pub(super) fn answer(&self, query: &Query) -> Value {
        let rows = self.kept(query);
        let page: Vec<_> = rows.iter().skip((query.page - 1) * query.size).take(query.size).collect();
        json!({"Data": page, "TotalCount": rows.len(), "PageNumber": query.page, "PageSize": query.size})
    }

    /// The rows on all pages, in their order.
    pub(super) fn kept(&self, query: &Query) -> Vec<&Value> {
        let keeps = |row: &&Value| query.filters.iter().all(|filter| keeps(filter, row));
        let mut rows: Vec<_> = self.rows.iter().filter(keeps).collect();
        rows.sort_by_key(|row| (sort_key(query.sort_on, row), text(&row[self.id])));
        if query.direction == "desc" {
            rows.reverse();
        }
        rows
    }
}

/// Names of companies sort without case, and addresses have none.
fn sort_key(order: &str, row: &Value) -> Vec<char> {
    let value = text(&row[order]);
    match order {
        "Email" | "CompanyName" => value.to_lowercase().chars().collect(),
        _ => value.chars().collect(),
    }
}

fn keeps(filter: &Filter, row: &Value) -> bool {
    let (mut values, mut value) = (values(filter.field, row), filter.value.clone());
    if filter.field == "Email" {
        value = value.to_lowercase();
        values = values.iter().map(|value| value.to_lowercase()).collect();
    }
    let any = |operator: &str| values.iter().any(|text| compares(text, operator, &value));
    match filter.operator {
        "notcontains" => !any("contains"),
        "notequals" => !any("equals"),
        operator => any(operator),
    }
}

/// The values of a field: several of the roles, and none where the row has no such field.
fn values(field: &str, row: &Value) -> Vec<String> {
    match if field == "Role" { &row["Roles"] } else { &row[field] } {
        Value::Null => Vec::new(),
        Value::Array(values) => values.iter().map(text).collect(),
        value => vec![text(value)],
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn compares(text: &str, operator: &str, value: &str) -> bool {
    let (text, value): (Vec<char>, Vec<char>) = (text.chars().collect(), value.chars().collect());
    match operator {
        "startswith" => text.starts_with(&value),
        "contains" => value.is_empty() || text.windows(value.len()).any(|window| window == value),
        "endswith" => text.ends_with(&value),
        "equals" => text == value,
        "gt" => text > value,
        "gte" => text >= value,
        "lt" => text < value,
        "lte" => text <= value,
        operator => panic!("{operator}"),
    }
}
