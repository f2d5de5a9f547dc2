"""The quickstart's session, by the client that openapi-python-client makes."""

import json
import os
from typing import TypeVar, cast

from organizations import AuthenticatedClient, Client
from organizations.api.accounts import create_user
from organizations.api.admins import demote_admin, list_admins, promote_admin
from organizations.api.associations import associate_customer, list_associations
from organizations.api.customers import get_customer, put_customer, update_customer
from organizations.api.organizations import create_organization, get_organization
from organizations.api.price_tiers import create_price_tier, list_price_tiers
from organizations.api.sign_in import exchange_token, sign_in
from organizations.models import (
    AssociateCustomer,
    AssociatedCustomer,
    AssociationField,
    AssociationList,
    CreatedOrganization,
    CreatedUser,
    CreateOrganization,
    CreatePriceTier,
    CreateUser,
    Customer,
    DemoteAdmin,
    ExchangeToken,
    Filter,
    GatewayMessage,
    ListAssociationsSortOn,
    NewUser,
    Operator,
    OrganizationAccess,
    OrganizationDetails,
    OrganizationView,
    Problem,
    PromoteAdmin,
    PutCustomer,
    SignedIn,
    SignIn,
    Success,
    UpdateCustomer,
)
from organizations.types import Unset

Answer = TypeVar("Answer")
API = os.environ["API"]
anonymous = Client(base_url=API)
# The generated functions require an AuthenticatedClient even where a token is optional.
signing_up = cast(AuthenticatedClient, anonymous)


def holder(token: str) -> AuthenticatedClient:
    return AuthenticatedClient(base_url=API, token=token)


def answered(kind: type[Answer], answer: object) -> Answer:
    assert isinstance(answer, kind), answer
    return answer


def sign(email: str, password: str) -> SignedIn:
    return answered(SignedIn, sign_in.sync(client=anonymous, body=SignIn(email=email, password=password)))


def access(token: str, code: str) -> OrganizationAccess:
    return answered(OrganizationAccess, exchange_token.sync(client=holder(token), body=ExchangeToken(org_code=code)))


created = answered(
    CreatedOrganization,
    create_organization.sync(
        client=anonymous,
        body=CreateOrganization(
            organization=OrganizationDetails(name="Acme GmbH", billing_city="Berlin", billing_country="DE"),
            user=NewUser("ada@acme.example", "Ada", "Lovelace", "correct horse"),
        ),
    ),
)
assert created.name == "Acme GmbH"

signed_in = sign("ada@acme.example", "correct horse")
assert not isinstance(signed_in.organizations, Unset) and signed_in.organizations
code = signed_in.organizations[0].identity_organization_id
assert code == created.identity_organization_id
admin = holder(access(signed_in.access_token, code).access_token)

viewed = answered(OrganizationView, get_organization.sync(client=admin))
assert viewed.organization.billing_city == "Berlin"
assert (viewed.entitlements[0].key, viewed.entitlements[0].value) == ("admins", 10)

grace = answered(
    CreatedUser,
    create_user.sync(
        client=signing_up,
        body=CreateUser(
            first_name="Grace", last_name="Hopper", email="grace@acme.example", password="battery staple"
        ),
    ),
)
promoted = promote_admin.sync(client=admin, body=PromoteAdmin(email="grace@acme.example"))
assert answered(Success, promoted).success
admins = answered(list, list_admins.sync(client=admin))
assert sorted(each.email for each in admins) == ["ada@acme.example", "grace@acme.example"]

tier = create_price_tier.sync_detailed(client=admin, body=CreatePriceTier(name="Gold", currency_code="EUR"))
assert tier.status_code == 200
(gold,) = answered(list, list_price_tiers.sync(client=admin))
assert (gold.name, gold.currency_code) == ("Gold", "EUR")

NUMBER = "C-10042"
customer = answered(
    Customer,
    put_customer.sync(
        client=admin,
        body=PutCustomer(customer_number=NUMBER, company_name="Acme Retail", pricing="Gold"),
    ),
)
assert customer.currency_code == "EUR"
assert get_customer.sync(NUMBER, client=admin) == customer
renamed = update_customer.sync(NUMBER, client=admin, body=UpdateCustomer(company_name="Acme Stores"))
assert answered(Customer, renamed).company_name == "Acme Stores"

associated = answered(
    AssociatedCustomer,
    associate_customer.sync(
        client=admin, body=AssociateCustomer(email="grace@acme.example", customer_number=NUMBER)
    ),
)
association = associated.association
assert (association.user_id, association.customer_number) == (grace.user_id, NUMBER)

enriched = access(sign("grace@acme.example", "battery staple").access_token, code)
assert [str(role) for role in enriched.roles] == ["admin", "customer"]
assert (enriched.customer_number, enriched.price_tier, enriched.currency_code) == (NUMBER, "Gold", "EUR")

condition = Filter(AssociationField.CUSTOMERNUMBER, Operator.STARTSWITH, "C-1")
listed = answered(
    AssociationList,
    list_associations.sync(
        client=admin,
        sort_on=ListAssociationsSortOn.CUSTOMERNUMBER,
        filters=[json.dumps(condition.to_dict())],
    ),
)
assert (listed.data, listed.total_count, listed.page_number) == ([association], 1, 1)

demoted = demote_admin.sync(client=admin, body=DemoteAdmin(user_id=grace.user_id))
assert answered(Success, demoted).success
refused = answered(Problem, get_organization.sync(client=holder(enriched.access_token)))
assert refused.code == "role_lost"

mistaken = answered(
    Problem,
    create_user.sync(
        client=signing_up, body=CreateUser(first_name="", last_name="Hopper", email="grace", password="short")
    ),
)
assert mistaken.code == "validation_failed"
assert mistaken.to_dict()["codes"] == {
    "Email": ["invalid_email"],
    "FirstName": ["too_short"],
    "Password": ["too_short"],
}

# Past ten wrong passwords, a status whose answers the gateway gives as well.
wrong = SignIn(email="ada@acme.example", password="wrong")
refusals = [sign_in.sync(client=anonymous, body=wrong) for _ in range(11)]
codes = {refusal.code for refusal in refusals if isinstance(refusal, Problem | GatewayMessage)}
assert codes == {"wrong_credentials", "too_many_attempts"}, codes
