"""Who Schemathesis is as an admin."""

import itertools
import json
import os
import urllib.request

import schemathesis

from hooks import operation_id

API = os.environ["API"]
PASSWORD = "a password that no example has"

# These operations end what the caller has, so that each has a caller of its own.
ENDS_ITS_CALLER = {"signOut", "changePassword", "leaveOrganization"}


def post(path, body):
    data = json.dumps(body).encode()
    request = urllib.request.Request(API + path, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def caller(case, _context):
    name = operation_id(case)
    return name if name in ENDS_ITS_CALLER | {"exchangeToken"} else "admin"


numbers = itertools.count()


@schemathesis.auth(cache_by_key=caller)
class AdminOfAFreshOrganization:
    """An admin of an organization of its own; a new one, where what the last one had is over."""

    def get(self, case, context):
        name = f"Schemathesis {next(numbers)}"
        credentials = {"Email": f"{name.replace(' ', '-')}@schemathesis.example", "Password": PASSWORD}
        user = {"FirstName": "Ada", "LastName": "Lovelace"} | credentials
        made = post("/api/organizations", {"Organization": {"Name": name}, "User": user})
        if caller(case, context) != "exchangeToken":
            credentials["OrgCode"] = made["IdentityOrganizationId"]
        return post("/api/auth/login", credentials)["AccessToken"]

    def set(self, case, data, _context):
        case.headers["Authorization"] = f"Bearer {data}"
