use std::collections::BTreeMap;

use crate::{Error, Function, region::filled};

/// The workspace's manifest, with the paths under which `cargo lambda watch` serves the functions.
pub(crate) fn manifest(text: &str, functions: &[Function]) -> Result<String, Error> {
    let routes = functions.iter().flat_map(|function| function.paths.iter().map(|path| (path, &function.name)));
    let routes: BTreeMap<_, _> = routes.collect();
    let lines: Vec<_> = routes.into_iter().map(|(path, name)| format!("{path:?} = {name:?}\n")).collect();
    filled(text, "routes", &lines.concat())
}
