"""A session in which each answer must be as openapi.json says: its status, media type, head and body."""

import hashlib
import hmac
import json
import os
import pathlib
import time

import schemathesis
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

API = os.environ["API"]
ROOT = pathlib.Path(__file__).parents[2]
DOCUMENT = schemathesis.openapi.from_path(ROOT / "openapi.json")
CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
seen = set()


def call(name, status, body=None, token=None, media_type="application/json", **parameters):
    """Calls an operation by its id; the answer must have this status, and be as documented."""
    if body is not None:
        parameters |= {"body": body, "media_type": media_type}
    case = DOCUMENT.find_operation_by_id(name).Case(**parameters)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    response = case.call(base_url=API, headers=headers)
    assert response.status_code == status, (name, response.status_code, response.text)
    case.validate_response(response, checks=CHECKS)
    seen.add(name)
    is_json = "json" in "".join(response.headers.get("content-type", []))
    return response.json() if is_json else None


def codes(name, status, body=None, token=None, **parameters):
    problem = call(name, status, body, token, **parameters)
    return problem["code"], problem.get("codes")


def page(**query):
    return call("listAssociations", 200, token=admin, query=query)


ADA = {"Email": "ada@acme.example", "Password": "correct horse"}
GRACE = {"Email": "grace@acme.example", "Password": "battery staple"}

# An organization, its admin, and what they call it.
created = call("createOrganization", 200, {
    "Organization": {"Name": "Acme GmbH", "BillingCity": "Berlin", "BillingCountry": "DE"},
    "User": {"FirstName": "Ada", "LastName": "Lovelace", **ADA},
})
signed_in = call("signIn", 200, ADA)
code = signed_in["Organizations"][0]["IdentityOrganizationId"]
assert code == created["IdentityOrganizationId"]
user = signed_in["AccessToken"]
admin = call("exchangeToken", 200, {"OrgCode": code}, user)["AccessToken"]
assert call("getOrganization", 200, token=admin)["Organization"]["BillingCity"] == "Berlin"
call("getOrganization", 304, token=admin, headers={"If-None-Match": "*"})
call("updateOrganization", 200, {"BillingCity": "Bonn", "PhoneNumber": None}, admin)
assert codes("updateOrganization", 412, {"BillingCity": "Bern"}, admin, headers={"If-Match": '"0"'})[0] == \
    "precondition_failed"
call("getAccount", 200, token=user)
call("updateAccount", 200, {"PhoneNumber": "+49 30 901820"}, user)
assert call("listOrganizations", 200, token=user)["Data"][0]["Name"] == "Acme GmbH"

# Grace becomes an admin.
grace = call("createUser", 200, {"FirstName": "Grace", "LastName": "Hopper", **GRACE})["UserId"]
assert call("promoteAdmin", 200, {"Email": GRACE["Email"]}, admin) == {"Success": True}
assert len(call("listAdmins", 200, token=admin)) == 2
invited = '{"Field": "Status", "Operator": "equals", "Value": "invited"}'
assert call("listUsers", 200, token=admin, query={"SortOn": "UserId"})["TotalCount"] == 2
assert call("listUsers", 200, token=admin, query={"Filters": [invited]})["Data"] == []

# Mary is invited, taken back, and asked to come again.
mary = {"Email": "mary@acme.example", "FirstName": "Mary", "LastName": "Jackson", "Roles": ["admin"]}
invitation = call("createInvitation", 201, mary, admin)
id_of_invitation = {"InvitationId": invitation["InvitationId"]}
assert call("listInvitations", 200, token=admin, query={"Status": "pending"}) == [invitation]
assert codes("resendInvitation", 429, token=admin, path_parameters=id_of_invitation)[0] == "rate_limited"
assert call("withdrawInvitation", 200, token=admin, path_parameters=id_of_invitation) == {"Success": True}
assert codes("withdrawInvitation", 409, token=admin, path_parameters=id_of_invitation)[0] == "invitation_closed"
nobody = {"InvitationId": "inv_000000000000000000000000"}
assert codes("resendInvitation", 404, token=admin, path_parameters=nobody)[0] == "invitation_not_found"
assert codes("createInvitation", 400, {"Email": GRACE["Email"]}, admin)[0] == "already_member"
assert codes("viewInvitation", 400, {"Token": "0.0"})[0] == "invalid_link"
assert codes("acceptInvitation", 400, {"Token": "0.0"})[0] == "invalid_link"

# Price tiers, customers and associations.
call("createPriceTier", 200, {"Name": "Silver", "CurrencyCode": "CHF"}, admin)
call("updatePriceTier", 200, {"Name": "Silver", "NewName": "Gold"}, admin)
call("replacePriceTier", 200, {"OldName": "Gold", "NewName": "Gold", "CurrencyCode": "EUR"}, admin)
assert call("listPriceTiers", 200, token=admin) == [{"Name": "Gold", "CurrencyCode": "EUR"}]
customer = {"CustomerNumber": "C-10042", "CompanyName": "Acme Retail", "Pricing": "Gold"}
call("putCustomer", 200, customer, admin)
number = {"CustomerNumber": "C-10042"}
call("updateCustomer", 200, {"CompanyName": "Acme Shops"}, admin, path_parameters=number)
call("updateCustomerByQuery", 200, {"Active": True}, admin, query=number)
assert call("getCustomer", 200, token=admin, path_parameters=number)["CurrencyCode"] == "EUR"
listed = call("listCustomers", 200, token=admin, query={"SortOn": "CompanyName", "PageSize": 10})
assert (listed["TotalCount"], listed["Data"][0]["CompanyName"]) == (1, "Acme Shops")
association = {"UserId": grace, "CustomerNumber": "C-10042", "OrganizationId": created["OrganizationId"]}
assert call("associateCustomer", 200, {"Email": GRACE["Email"], **number}, admin) == {"Association": association}
rows = {"Rows": [{"UserId": grace, **number}, {"Email": "nobody@nowhere.example", **number}]}
imported = call("importAssociations", 200, rows, admin)
assert (imported["Unchanged"], imported["Rejected"][0]["codes"]) == (1, {"Email": ["account_not_found"]})
imported = call("importCustomers", 200, {"Rows": [{**customer, "CompanyName": "Acme Shops", "Active": True}]}, admin)
assert imported == {"Rows": 1, "Written": 0, "Unchanged": 1, "Rejected": []}
filter_ = '{"Field": "CustomerNumber", "Operator": "startswith", "Value": "C-1"}'
assert page(SortOn="CustomerNumber", Filters=[filter_])["Data"] == [association]

# What tokens carry.
signed_in = call("signIn", 200, GRACE)
access = call("exchangeToken", 200, {"OrgCode": code}, signed_in["AccessToken"])
assert (access["CustomerNumber"], access["PriceTier"], access["CurrencyCode"]) == ("C-10042", "Gold", "EUR")

# What the organization has bought.
OPERATOR = os.environ["OPERATOR_KEY"]
bought = {"OrganizationId": created["OrganizationId"], "SubscriptionId": "sub_1"}
growth = {"Plan": "growth", "Status": "active", "CurrentPeriodEnd": "2030-01-01T00:00:00Z"}
assert call("putSubscription", 200, growth, OPERATOR, path_parameters=bought)["Plan"] == "growth"
assert call("getOrganization", 200, token=admin)["Subscriptions"] == [{"SubscriptionId": "sub_1", **growth}]
assert codes("putSubscription", 401, growth, admin, path_parameters=bought)[0] == "key_invalid"
assert call("endSubscription", 200, token=OPERATOR, path_parameters=bought)["Status"] == "canceled"
assert codes("endSubscription", 404, token=OPERATOR, path_parameters=bought)[0] == "subscription_not_found"
unknown = {**bought, "OrganizationId": "0" * 24}
assert codes("putSubscription", 404, growth, OPERATOR, path_parameters=unknown)[0] == "unknown_organization"
event = {"id": "evt_1", "object": "event", "type": "customer.subscription.created", "created": int(time.time())}
event["data"] = {"object": {}}


def stripe(status):
    """Sends the event as Stripe signs it."""
    body, now = json.dumps(event), int(time.time())
    signature = hmac.new(os.environ["STRIPE_WEBHOOK_SECRETS"].encode(), f"{now}.{body}".encode(), hashlib.sha256)
    headers = {"Stripe-Signature": f"t={now},v1={signature.hexdigest()}"}
    return call("receiveStripeEvent", status, event, headers=headers)


assert stripe(200) == {"Success": True}
assert codes("receiveStripeEvent", 400, event)[0] == "signature_invalid"
for _ in range(5):
    call("createCredential", 200, {"Name": "Web shop"}, admin)
full = call("createCredential", 403, {"Name": "Web shop"}, admin)
assert (full["code"], full["entitlement"], full["limit"]) == ("plan_limit_reached", "api_keys", 5)
for spent in call("listCredentials", 200, token=admin):
    call("revokeCredential", 200, {"ClientId": spent["ClientId"]}, admin)

# A machine, in the place of a person.
credential = call("createCredential", 200, {"Name": "Web shop"}, admin)
machine = {"OrgCode": code, "ClientId": credential["ClientId"], "ClientSecret": credential["ClientSecret"]}
machine = call("signIn", 200, machine)["AccessToken"]
assert call("exchangeToken", 200, {"UserId": grace, "OrgCode": code}, machine)["PriceTier"] == "Gold"
call("listCredentials", 200, token=admin)
FORM = "application/x-www-form-urlencoded"
client = {"client_id": f"{code}.{credential['ClientId']}", "client_secret": credential["ClientSecret"]}
grant = {"grant_type": "client_credentials", **client}
assert call("issueToken", 200, grant, media_type=FORM)["token_type"] == "Bearer"
assert call("issueToken", 400, {**grant, "client_secret": "wrong"}, media_type=FORM)["error"] == "invalid_client"

# Refusals.
assert codes("getCustomer", 404, token=admin, path_parameters={"CustomerNumber": "C-2"}) == ("customer_not_found", None)
assert codes("createPriceTier", 400, {"Name": "gold", "CurrencyCode": "EUR"}, admin) == \
    ("name_taken", {"Name": ["taken"]})
assert codes("createUser", 400, {"FirstName": 1, "LastName": "Hopper", "Email": "grace", "Password": "short"}) == (
    "validation_failed",
    {"Email": ["invalid_email"], "FirstName": ["wrong_type"], "Password": ["too_short"]},
)
assert codes("getOrganization", 401)[0] == "token_missing"
assert codes("getOrganization", 403, token=user)[0] == "admin_required"
assert codes("leaveOrganization", 404, token=user, path_parameters={"IdentityOrganizationId": "org_nowhere0"})[0] == \
    "not_a_member"
call("changeEmail", 202, {"Email": "ada@new.example", "Password": ADA["Password"]}, user)
assert codes("confirmEmail", 400, {"Token": "0.0"})[0] == "invalid_link"
call("forgotPassword", 202, {"Email": GRACE["Email"]})
assert codes("resetPassword", 400, {"Token": "0.0", "Password": "correct horse"})[0] == "invalid_link"
for _ in range(10):
    assert codes("signIn", 401, {**ADA, "Password": "wrong"})[0] == "wrong_credentials"
assert codes("signIn", 429, {**ADA, "Password": "wrong"})[0] == "too_many_attempts"

# All of it ends.
call("revokeCredential", 200, {"ClientId": credential["ClientId"]}, admin)
call("dissociateCustomer", 200, {"UserId": grace}, admin)
call("deleteCustomer", 200, token=admin, path_parameters=number)
call("putCustomer", 200, customer, admin)
call("deleteCustomerByQuery", 200, token=admin, query=number)
call("deletePriceTier", 200, {"Name": "Gold"}, admin)
call("demoteAdmin", 200, {"UserId": grace}, admin)
assert codes("getOrganization", 403, token=access["AccessToken"])[0] == "role_lost"
call("promoteAdmin", 200, {"Email": GRACE["Email"]}, admin)
call("removeUser", 200, {"UserId": grace}, admin)
assert codes("removeUser", 400, {"UserId": grace}, admin)[0] == "user_not_found"
call("changePassword", 200, {"OldPassword": GRACE["Password"], "Password": "staple battery"}, signed_in["AccessToken"])
call("signOut", 200, token=user)
assert codes("getAccount", 401, token=user)[0] == "session_ended"
for public in ("checkHealth", "getKeySet", "getIssuerMetadata", "getServerMetadata", "getOpenapiDocument"):
    call(public, 200)
for page_of_the_api in ("showProblems", "showPasswordPage", "showEmailPage", "showInvitationPage"):
    call(page_of_the_api, 200)

operations = {operation.ok().definition.raw["operationId"] for operation in DOCUMENT.get_all_operations()}
assert seen == operations, operations - seen
print(f"{len(seen)} operations answer as the document says")
