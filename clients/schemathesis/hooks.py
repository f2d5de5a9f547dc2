"""What the document can't say of a request: what Schemathesis is not to take for a mistake, each with its reason."""

import itertools
import re

import schemathesis
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

# The codes with which the API refuses a request that the document allows, each with the reason that no schema can give.
DEPENDS_ON_MORE_THAN_THE_SCHEMA = {
    "account_not_found": "whether an account exists is a matter of the data",
    "already_member": "who belongs to an organization is a matter of the data",
    "conflicting": "a page is named by its number or by its token, and parameters can't exclude each other",
    "credential_not_found": "whether a credential exists is a matter of the data",
    "email_taken": "an address belongs to one account",
    "hidden_character": "which characters show is said by tables of Unicode",
    "idempotency_key_reused": "a key was sent before with another body",
    "invalid_country": "the list of countries is that of ISO 3166-1",
    "invalid_currency": "the list of active currencies is that of ISO 4217",
    "invalid_link": "the token of a mailed link is a secret",
    "invalid_page_token": "a page token is signed by the API",
    "last_admin": "an organization keeps an admin",
    "not_allowed": "the plans are a catalogue, which changes without the document",
    "not_an_admin": "who is an admin is a matter of the data",
    "not_associated": "who is associated is a matter of the data",
    "not_in_future": "the time goes on",
    "organization_not_found": "whether an organization exists is a matter of the data",
    "password_too_common": "the list of such passwords is long",
    "precondition_failed": "a version is a matter of the data",
    "price_tier_in_use": "which tier a customer is on is a matter of the data",
    "price_tier_limit": "an organization has a hundred tiers at most",
    "price_tier_not_found": "whether a tier exists is a matter of the data",
    "signature_invalid": "a signature is made of a secret",
    "taken": "a name is unique",
    "user_not_found": "who belongs to an organization is a matter of the data",
    "wrong_password": "a password is a secret",
}

# The token endpoint's own words, each with the reason.
DEPENDS_ON_THE_GRANT = {
    "invalid_client": "a client's secret is a secret",
    "invalid_request": "which parameters go together depends on the grant",
    "invalid_target": "whether an organization exists is a matter of the data",
    "unauthorized_client": "who may exchange is a matter of the data",
    "unsupported_grant_type": "any client may ask for any grant (RFC 6749), and is told which there are",
}

# The operations that need a field which the document can't require, each with the reason.
REQUIRES_MORE_THAN_THE_SCHEMA = {
    "createInvitation": "who is to buy for a customer needs its number",
    "createUser": "whoever signs up needs a password; whom an admin invites has none yet",
    "deletePriceTier": "the tier is named in the body or in the query",
    "demoteAdmin": "the user is named in the body or in the query",
    "dissociateCustomer": "the user is named in the body or in the query",
    "removeUser": "the user is named in the body or in the query",
    "revokeCredential": "the credential is named in the body or in the query",
}

# Null stands for an optional field that is left out. These three bodies say which fields belong together, which a schema
# can say of fields that are there, and not of those that aren't null.
NULL_IS_LEFT_OUT = {"signIn", "exchangeToken", "associateCustomer"}


# Each row of an import is judged by itself: a bad one is told in an answer of 200. A CSV has a header line, which no schema
# can ask of a text.
IMPORTS = {"importAssociations", "importCustomers"}

# Every list with filters.
LISTS = ["/api/customers", "/api/organizations/users", "/api/organizations/users/associations"]


def operation_id(case):
    return case.operation.definition.raw.get("operationId")


@schemathesis.hook
def before_load_schema(_context, document):
    """Says what the document has for generators' sake in another form as OpenAPI has it: filters, and bodies of links."""
    schemas = document["components"]["schemas"]
    codes = {*schemas["ProblemCode"]["x-extensible-enum"], *schemas["FieldCode"]["x-extensible-enum"]}
    assert DEPENDS_ON_MORE_THAN_THE_SCHEMA.keys() <= codes, DEPENDS_ON_MORE_THAN_THE_SCHEMA.keys() - codes
    assert DEPENDS_ON_THE_GRANT.keys() <= set(schemas["TokenErrorCode"]["enum"])
    for parameter in itertools.chain(*(document["paths"][path]["get"]["parameters"] for path in LISTS)):
        if parameter.get("name") == "Filters":
            schema = parameter.pop("schema")
            schema["items"] = schema["items"]["contentSchema"]
            parameter["content"] = {"application/json": {"schema": schema}}
    for operation in itertools.chain(*(methods.values() for methods in document["paths"].values())):
        for link in operation["responses"].get("200", {}).get("links", {}).values():
            if "x-requestBody" in link:
                link["requestBody"] = link.pop("x-requestBody")


@schemathesis.hook
def map_body(_context, body):
    """Puts a currency that exists in the place of three letters, so that there are price tiers to go on with."""
    if isinstance(body, dict) and re.fullmatch("[A-Z]{3}", str(body.get("CurrencyCode"))):
        return body | {"CurrencyCode": "EUR"}
    return body


def codes_of(response):
    if response.status_code >= 400 and response.headers.get("content-type") == ["application/json"]:
        return {response.json()["error"]}
    if response.headers.get("content-type") != ["application/problem+json"]:
        return set()
    problem = response.json()
    return set(itertools.chain(*problem.get("codes", {}).values())) or {problem["code"]}


@schemathesis.check
def positive_data_acceptance_by_code(ctx, response, case):
    """Schemathesis' own check, but for the refusals that no schema can foretell."""
    codes = codes_of(response)
    unforeseeable = codes & DEPENDS_ON_MORE_THAN_THE_SCHEMA.keys()
    if operation_id(case) in REQUIRES_MORE_THAN_THE_SCHEMA:
        unforeseeable |= codes & {"required"}
    if operation_id(case) in IMPORTS and case.media_type == "text/csv":
        return None
    if operation_id(case) == "issueToken":
        unforeseeable |= codes & DEPENDS_ON_THE_GRANT.keys()
    if codes and codes == unforeseeable:
        return None
    return positive_data_acceptance(ctx, response, case)


@schemathesis.check
def negative_data_rejection_but_null(ctx, response, case):
    """Schemathesis' own check, but where null is as good as nothing."""
    is_null = isinstance(case.body, dict) and None in case.body.values()
    if is_null and operation_id(case) in NULL_IS_LEFT_OUT or operation_id(case) in IMPORTS:
        return None
    return negative_data_rejection(ctx, response, case)
