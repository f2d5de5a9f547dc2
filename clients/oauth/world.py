"""Signs an organization up at a running API and prints, as JSON, what the clients need of it."""

import json
import os

import requests

API = os.environ["API"]
PASSWORD = "correct horse battery"


def post(path, body, token=None):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = requests.post(f"{API}{path}", json=body, headers=headers, timeout=30)
    answer.raise_for_status()
    return answer.json()


email = f"ada-{os.urandom(6).hex()}@acme.example"
user = {"FirstName": "Ada", "LastName": "Lovelace", "Email": email, "Password": PASSWORD}
created = post("/api/organizations", {"Organization": {"Name": f"Acme {email[4:16]}"}, "User": user})
code = created["IdentityOrganizationId"]
signed_in = post("/api/auth/login", {"Email": email, "Password": PASSWORD})
access = post("/api/auth/access", {"OrgCode": code}, signed_in["AccessToken"])
machine = post("/api/organizations/api-access", {"Name": "Web shop"}, access["AccessToken"])
print(json.dumps({
    "api": API,
    "audience": "organizations-api",
    "code": code,
    "user": signed_in["UserId"],
    "userToken": signed_in["AccessToken"],
    "clientId": machine["ClientId"],
    "clientSecret": machine["ClientSecret"],
}))
