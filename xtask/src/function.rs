use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use local::FUNCTIONS;

use crate::{Error, path, policy::Access, read};

/// What the template says of a function, before it is put into words.
pub(crate) struct Function {
    /// As its crate is called.
    pub(crate) name: String,
    /// Where it answers HTTP; nowhere, for one that something else calls.
    pub(crate) paths: BTreeSet<String>,
    /// What its `function.yaml` says.
    pub(crate) by_hand: String,
    pub(crate) access: Access,
}

impl Function {
    /// Every function of the bundle: those that answer HTTP in the order of their list, and then the others.
    pub(crate) fn all() -> Result<Vec<Self>, Error> {
        let mut access: BTreeMap<String, Access> = serde_json::from_str(&read("tests/access.json")?)?;
        let mut others = names()?;
        let mut functions = Vec::new();
        for function in FUNCTIONS {
            others.remove(function.name);
            let paths = (function.documentation)().paths.paths.into_keys().collect();
            functions.push(Self::of(function.name, paths, &mut access)?);
        }
        for name in others {
            functions.push(Self::of(&name, BTreeSet::new(), &mut access)?);
        }
        Ok(functions)
    }

    fn of(name: &str, paths: BTreeSet<String>, access: &mut BTreeMap<String, Access>) -> Result<Self, Error> {
        let by_hand = read(&format!("functions/{name}/function.yaml"))?;
        if gives_access(&by_hand) {
            return Err(Error::AccessByHand(name.to_owned()));
        }
        // One that is new has no access before its first trace.
        let access = access.remove(name).unwrap_or_default();
        Ok(Self { name: name.to_owned(), paths, by_hand, access })
    }
}

/// What Lambda does in a function's name to read a stream, which is no access to the table.
const STREAM_ACTIONS: [&str; 4] = ["DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"];

/// Whether a function's file gives it access to the table.
fn gives_access(by_hand: &str) -> bool {
    let mut actions = by_hand.split("dynamodb:").skip(1);
    actions.any(|action| !STREAM_ACTIONS.iter().any(|of_stream| action.starts_with(of_stream)))
}

/// The folders of the functions.
fn names() -> Result<BTreeSet<String>, Error> {
    let failed = |error| Error::File { file: "functions".to_owned(), error };
    let folders = fs::read_dir(path("functions")).map_err(failed)?;
    folders.map(|folder| Ok(folder.map_err(failed)?.file_name().to_string_lossy().into_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::gives_access;

    #[test]
    fn a_stream_may_be_read_by_hand_and_the_table_may_not() {
        assert!(!gives_access("Action: [dynamodb:DescribeStream, dynamodb:GetRecords]"));
        for action in ["dynamodb:GetItem", "dynamodb:Get*", "dynamodb:*", "[dynamodb:GetRecords, dynamodb:Query]"] {
            assert!(gives_access(action), "{action}");
        }
    }
}
