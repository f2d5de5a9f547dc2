//! The catalogue of error codes, as the page that the API shows.

use askama::Template;
use shared::problem::{FieldCode, ProblemCode};

use crate::Error;

#[derive(Template)]
#[template(path = "problems.html")]
struct Page {
    problems: Vec<Problem>,
    fields: Vec<Field>,
}

struct Problem {
    code: &'static str,
    status: u16,
    title: &'static str,
    meaning: String,
    remedy: String,
    retry: &'static str,
}

struct Field {
    code: &'static str,
    meaning: String,
}

/// Returns the page.
///
/// # Errors
/// The template can't be filled.
pub(crate) fn page() -> Result<String, Error> {
    let problems = ProblemCode::ALL.iter().map(|code| Problem {
        code: code.as_str(),
        status: code.status().as_u16(),
        title: code.title(),
        meaning: html(code.meaning()),
        remedy: html(code.remedy()),
        retry: code.retry().advice(),
    });
    let fields = FieldCode::ALL.iter().map(|code| Field { code: code.as_str(), meaning: html(code.meaning()) });
    Ok(Page { problems: problems.collect(), fields: fields.collect() }.render()? + "\n")
}

/// A sentence as HTML, what stands between backticks as code.
fn html(sentence: &str) -> String {
    let escaped = sentence.trim().replace('&', "&amp;").replace('<', "&lt;");
    let parts = escaped.split('`').enumerate();
    parts.map(|(number, part)| if number % 2 == 1 { format!("<code>{part}</code>") } else { part.to_owned() }).collect()
}

#[cfg(test)]
mod tests {
    use super::html;

    #[test]
    fn what_stands_between_backticks_is_code() {
        assert_eq!(html(" Send `a<b` & `c`."), "Send <code>a&lt;b</code> &amp; <code>c</code>.");
    }
}
