use std::collections::{BTreeMap, BTreeSet};

/// The partitions of the table that a function needs, by action.
pub(crate) type Access = BTreeMap<String, BTreeSet<String>>;

/// The table of the stack, or the one that it is told of.
const TABLE: &str = "!If [HasExistingTable, !Sub \"arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:\
                     table/${ExistingTable}\", !GetAtt Table.Arn]";

/// The policy that gives a function its access and no other; nothing for one that needs none.
pub(crate) fn policy(access: &Access) -> String {
    if access.is_empty() {
        return String::new();
    }
    let statements: String = statements(access).iter().map(|(actions, keys)| statement(actions, keys)).collect();
    format!("  - Version: \"2012-10-17\"\n    Statement:\n{statements}")
}

/// Actions on the same partitions are one statement, since a role's policies may have 10,240 characters.
fn statements(access: &Access) -> Vec<(Vec<&str>, &BTreeSet<String>)> {
    let mut statements = Vec::<(Vec<&str>, &BTreeSet<String>)>::new();
    for (action, keys) in access {
        match statements.iter_mut().find(|(_, others)| *others == keys) {
            Some((actions, _)) => actions.push(action),
            None => statements.push((vec![action], keys)),
        }
    }
    statements
}

fn statement(actions: &[&str], keys: &BTreeSet<String>) -> String {
    let actions = actions.join(", ");
    let keys = keys.iter().map(|key| format!("{key:?}")).collect::<Vec<_>>().join(", ");
    format!(
        "      - Effect: Allow
        Action: [{actions}]
        Resource: {TABLE}
        Condition:
          ForAllValues:StringLike:
            dynamodb:LeadingKeys: [{keys}]
"
    )
}
