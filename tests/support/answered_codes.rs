//! Notes which codes the API has answered, so that one that no request reaches is found: with `CODES`, the name of a
//! file, each code of each problem answer, and of each row that an import rejects, is added to that file.

use std::{collections::BTreeSet, fs::OpenOptions, io::Write, sync::Mutex};

use serde_json::Value;

/// The codes that are in the file by now.
static NOTED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Notes the codes of an answer: a problem, or rows of an import that are rejected for problems of their own.
pub(crate) fn note(answer: &Value) {
    note_problem(answer);
    answer["Rejected"].as_array().into_iter().flatten().for_each(note_problem);
}

fn note_problem(problem: &Value) {
    let Ok(file) = std::env::var("CODES") else { return };
    let of_fields = problem["codes"].as_object().into_iter().flat_map(|codes| codes.values());
    let of_fields = of_fields.flat_map(|codes| codes.as_array().into_iter().flatten());
    let of_fields = of_fields.filter_map(|code| Some(format!("field {}", code.as_str()?)));
    let mut noted = NOTED.lock().unwrap();
    for code in of_fields.chain(problem["code"].as_str().map(|code| format!("problem {code}"))) {
        if noted.insert(code.clone()) {
            let mut file = OpenOptions::new().create(true).append(true).open(&file).unwrap();
            writeln!(file, "{code}").unwrap();
        }
    }
}
