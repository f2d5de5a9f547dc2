//! A list's query, and the three forms in which its filters can be written.

use serde_json::json;
use url::form_urlencoded::byte_serialize;

pub(super) const OPERATORS: [&str; 10] =
    ["startswith", "contains", "notcontains", "endswith", "equals", "notequals", "gt", "gte", "lt", "lte"];

#[derive(Clone, Debug)]
pub(super) struct Filter {
    pub(super) field: &'static str,
    pub(super) operator: &'static str,
    pub(super) value: String,
}

#[derive(Clone, Debug)]
pub(super) struct Query {
    pub(super) sort_on: &'static str,
    pub(super) direction: &'static str,
    pub(super) page: usize,
    pub(super) size: usize,
    pub(super) filters: Vec<Filter>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    Json,
    Dots,
    Brackets,
}

pub(super) const FORMS: [Form; 3] = [Form::Json, Form::Dots, Form::Brackets];

impl Query {
    pub(super) fn path(&self, list: &str, form: Form) -> String {
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
        format!("{list}?{}", parameters.join("&"))
    }
}
