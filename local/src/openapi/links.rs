//! What can be done next with what an operation answers: OpenAPI's links.

use serde_json::{Map, Value, json};

use super::pointers::operations;

/// A field of a request, and where the operation before has its value.
type Field = (&'static str, &'static str);

struct Link {
    from: &'static str,
    to: &'static str,
    parameters: &'static [Field],
    body: &'static [Field],
}

const fn by_parameters(from: &'static str, to: &'static str, parameters: &'static [Field]) -> Link {
    Link { from, to, parameters, body: &[] }
}

const fn by_body(from: &'static str, to: &'static str, body: &'static [Field]) -> Link {
    Link { from, to, parameters: &[], body }
}

/// Where a link has the fields of a body. In `requestBody`, where OpenAPI has them, some generators take a text alone,
/// and refuse the document.
const BODY: &str = "x-requestBody";

const LINKS: [Link; 18] = [
    by_body(
        "createOrganization",
        "signIn",
        &[
            ("Email", "$request.body#/User/Email"),
            ("Password", "$request.body#/User/Password"),
            ("OrgCode", "$response.body#/IdentityOrganizationId"),
        ],
    ),
    by_body("createOrganization", "exchangeToken", &[("OrgCode", "$response.body#/IdentityOrganizationId")]),
    by_body("createUser", "promoteAdmin", &[("Email", "$request.body#/Email")]),
    by_body("createUser", "associateCustomer", &[("UserId", "$response.body#/UserId")]),
    by_body("createPriceTier", "updatePriceTier", &[("Name", "$request.body#/Name")]),
    by_body("createPriceTier", "replacePriceTier", &[("OldName", "$request.body#/Name")]),
    by_parameters("createPriceTier", "deletePriceTier", &[("Name", "$request.body#/Name")]),
    by_body("createPriceTier", "putCustomer", &[("Pricing", "$request.body#/Name")]),
    by_parameters("putCustomer", "getCustomer", &[("CustomerNumber", "$response.body#/CustomerNumber")]),
    by_parameters("putCustomer", "updateCustomer", &[("CustomerNumber", "$response.body#/CustomerNumber")]),
    by_parameters("putCustomer", "deleteCustomer", &[("CustomerNumber", "$response.body#/CustomerNumber")]),
    by_parameters("putCustomer", "updateCustomerByQuery", &[("CustomerNumber", "$response.body#/CustomerNumber")]),
    by_parameters("putCustomer", "deleteCustomerByQuery", &[("CustomerNumber", "$response.body#/CustomerNumber")]),
    by_body("putCustomer", "associateCustomer", &[("CustomerNumber", "$response.body#/CustomerNumber")]),
    by_parameters("associateCustomer", "dissociateCustomer", &[("UserId", "$response.body#/Association/UserId")]),
    by_parameters("createInvitation", "resendInvitation", &[("InvitationId", "$response.body#/InvitationId")]),
    by_parameters("createInvitation", "withdrawInvitation", &[("InvitationId", "$response.body#/InvitationId")]),
    by_parameters("createCredential", "revokeCredential", &[("ClientId", "$response.body#/ClientId")]),
];

/// Adds to each operation's success what can be done with it. A link is called as the operation that it leads to.
pub(super) fn add(document: &mut Value) {
    for operation in operations(document) {
        let from = operation.get("operationId").cloned().unwrap_or_default();
        let links: Map<_, _> = LINKS.iter().filter(|link| *link.from == from).map(written).collect();
        if !links.is_empty()
            && let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut)
            && let Some((_, success)) =
                responses.iter_mut().find(|(status, _)| ["200", "201"].contains(&status.as_str()))
        {
            success["links"] = Value::Object(links);
        }
    }
}

fn written(link: &Link) -> (String, Value) {
    let mut written = json!({"operationId": link.to});
    if !link.parameters.is_empty() {
        written["parameters"] = object(link.parameters);
    }
    if !link.body.is_empty() {
        written[BODY] = object(link.body);
    }
    (link.to.to_owned(), written)
}

fn object(fields: &[Field]) -> Value {
    fields.iter().map(|(name, place)| ((*name).to_owned(), json!(place))).collect::<Map<_, _>>().into()
}
