//! The document's examples: what the events send, and what they are answered, as the tests find it.

use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::{Error, read, try_read};

/// Adds to each operation what its event sends and what it is answered.
pub(crate) fn add(document: &mut Value) -> Result<(), Error> {
    let words: Map<String, Value> = serde_json::from_str(&read("events/examples/words.json")?)?;
    let paths = document["paths"].as_object_mut().into_iter().flat_map(Map::values_mut);
    for operation in paths.filter_map(Value::as_object_mut).flat_map(Map::values_mut) {
        let event = kebab_case(operation["operationId"].as_str().unwrap_or_default());
        if let Some(text) = try_read(&format!("events/{event}.json"))? {
            let body = serde_json::from_str::<Value>(&text)?["body"].as_str().unwrap_or_default().to_owned();
            show(operation.get_mut("requestBody"), parse(&with_examples(body, &words)));
        }
        if let Some(answer) = try_read(&format!("events/examples/{event}.json"))? {
            let answer: Value = serde_json::from_str(&answer)?;
            for success in ["200", "201"] {
                show(operation["responses"].get_mut(success), Some(answer.clone()));
            }
        }
    }
    Ok(())
}

/// What a body says: JSON or, where it is none, the fields of a form.
fn parse(body: &str) -> Option<Value> {
    let form = || {
        let fields = form_urlencoded::parse(body.as_bytes()).map(|(name, value)| (name.into_owned(), value.into()));
        Value::Object(fields.collect())
    };
    (!body.is_empty()).then(|| serde_json::from_str(body).unwrap_or_else(|_| form()))
}

/// Puts an example into each form that a body or an answer may have, but pages, and files, which have their own.
fn show(shown: Option<&mut Value>, example: Option<Value>) {
    let (Some(shown), Some(example)) = (shown, example) else { return };
    let contents = shown.get_mut("content").and_then(Value::as_object_mut).into_iter().flatten();
    for (_, content) in contents.filter(|(media_type, _)| !["text/html", "text/csv"].contains(&media_type.as_str())) {
        content["example"] = example.clone();
    }
}

/// Replaces the words of an event by what they stand for. A longer word may hold a shorter one.
fn with_examples(text: String, words: &Map<String, Value>) -> String {
    let mut words: Vec<_> = words.iter().filter_map(|(word, example)| Some((word, example.as_str()?))).collect();
    words.sort_by_key(|(word, _)| std::cmp::Reverse(word.len()));
    words.into_iter().fold(text, |text, (word, example)| text.replace(word.as_str(), example))
}

/// `createOrganization` → `create-organization`.
fn kebab_case(name: &str) -> String {
    let word = |letter: char| if letter.is_uppercase() { format!("-{}", letter.to_lowercase()) } else { letter.into() };
    name.chars().map(word).collect()
}
