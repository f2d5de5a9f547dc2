//! What a list of associations is to answer: every row in a `Vec`, filtered and sorted by characters.

use serde_json::{Value, json};
use url::form_urlencoded::byte_serialize;

use crate::{
    associations::{LIST, record},
    support::Tenant,
};

/// What the list answers, by the model: every row in a `Vec`.
pub(crate) fn modelled(tenant: &Tenant, rows: &[(String, String)], query: &Query) -> Value {
    let rows = kept(rows, query);
    let page = rows.iter().skip((query.page - 1) * query.size).take(query.size);
    json!({
        "Data": page.map(|(user, number)| record(tenant, user, number)).collect::<Vec<_>>(),
        "TotalCount": rows.len(), "PageNumber": query.page, "PageSize": query.size,
    })
}

/// The rows on all pages, in their order.
pub(crate) fn kept<'r>(rows: &'r [(String, String)], query: &Query) -> Vec<&'r (String, String)> {
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

#[derive(Clone, Debug)]
pub(crate) struct Filter {
    pub(crate) field: &'static str,
    pub(crate) operator: &'static str,
    pub(crate) value: String,
}

#[derive(Clone, Debug)]
pub(crate) struct Query {
    pub(crate) sort_on: &'static str,
    pub(crate) direction: &'static str,
    pub(crate) page: usize,
    pub(crate) size: usize,
    pub(crate) filters: Vec<Filter>,
}

pub(crate) const OPERATORS: [&str; 10] =
    ["startswith", "contains", "notcontains", "endswith", "equals", "notequals", "gt", "gte", "lt", "lte"];

impl Filter {
    pub(crate) fn keeps(&self, (user, number): &(String, String)) -> bool {
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
pub(crate) enum Form {
    Json,
    Dots,
    Brackets,
}

pub(crate) const FORMS: [Form; 3] = [Form::Json, Form::Dots, Form::Brackets];

impl Query {
    pub(crate) fn path(&self, form: Form) -> String {
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
