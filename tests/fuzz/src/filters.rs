//! A list's query: what is read of it is within its bounds, and reads the same from each of its three forms.

use std::fmt::Write;

use associations::ListAssociationsRequest;
use http::Uri;
use serde_json::json;
use shared::{
    request::list::list_query,
    table::{AssociationOrder, Associations, ListFilter, ListQuery, PageStart},
};
use url::form_urlencoded::Serializer;

/// What is a query as it is, or nearly: it is encoded where a URI couldn't hold it.
pub(crate) fn run(data: &[u8]) {
    let Some(uri) = uri(data) else { return };
    match list_query::<ListAssociationsRequest>(&uri) {
        Err(errors) => {
            assert!(!errors.is_empty());
            for (name, faults) in &errors {
                assert!(
                    !faults.is_empty() && faults.iter().all(|fault| !fault.message.is_empty()),
                    "{name}: {faults:?}"
                );
            }
        }
        Ok(query) => {
            assert!((1..=1000).contains(&query.size) && query.filters.len() <= 20, "{query:?}");
            assert!(!matches!(query.start, PageStart::Number(0)), "{query:?}");
            for form in [Form::Array, Form::Repeated, Form::Dotted, Form::Bracketed] {
                let written = write(&query, form);
                let read = list_query::<ListAssociationsRequest>(&written.parse().unwrap())
                    .unwrap_or_else(|errors| panic!("{query:?} as {written}: {errors:?}"));
                assert_eq!(format!("{read:?}"), format!("{query:?}"), "{written}");
            }
        }
    }
}

fn uri(data: &[u8]) -> Option<Uri> {
    let mut uri = "/?".to_owned();
    for byte in data {
        match byte {
            b' ' => uri.push('+'),
            b'!'..=b'~' if !matches!(byte, b'#' | b'"' | b'<' | b'>' | b'\\' | b'^' | b'`') => {
                uri.push(char::from(*byte));
            }
            byte => write!(uri, "%{byte:02X}").unwrap(),
        }
    }
    uri.parse().ok()
}

#[derive(Clone, Copy)]
enum Form {
    Array,
    Repeated,
    Dotted,
    Bracketed,
}

fn write(query: &ListQuery<Associations>, form: Form) -> String {
    let mut parameters = Serializer::new("/?".to_owned());
    parameters.append_pair("pagesize", &query.size.to_string());
    parameters.append_pair(
        "SORTON",
        match query.order {
            AssociationOrder::UserId => "userid",
            AssociationOrder::CustomerNumber => "CUSTOMERNUMBER",
        },
    );
    parameters.append_pair("SortDirection", if query.descending { "DESC" } else { "asc" });
    match &query.start {
        PageStart::Number(number) => parameters.append_pair("PageNumber", &number.to_string()),
        PageStart::Token(token) => parameters.append_pair("PageToken", token),
    };
    let parts = |filter: &ListFilter<Associations>| {
        [
            ("Field", format!("{:?}", filter.field)),
            ("Operator", format!("{:?}", filter.operator)),
            ("Value", filter.value.clone()),
        ]
    };
    let object = |filter: &ListFilter<Associations>| -> serde_json::Value {
        parts(filter)
            .into_iter()
            .map(|(name, value)| (name.to_owned(), json!(value)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    match form {
        Form::Array => {
            let filters: Vec<_> = query.filters.iter().map(object).collect();
            parameters.append_pair("Filters", &json!(filters).to_string());
        }
        Form::Repeated => {
            for filter in &query.filters {
                parameters.append_pair("filters", &object(filter).to_string());
            }
        }
        Form::Dotted | Form::Bracketed => {
            for (place, filter) in query.filters.iter().enumerate() {
                for (name, value) in parts(filter) {
                    let name = if matches!(form, Form::Dotted) { format!(".{name}") } else { format!("[{name}]") };
                    parameters.append_pair(&format!("Filters[{place}]{name}"), &value);
                }
            }
        }
    }
    parameters.finish()
}
