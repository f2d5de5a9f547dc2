"""Gets tokens by Authlib and verifies them by PyJWT. The world is the JSON text of world.py."""

import json
import os

import jwt
import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata

# Authlib asks for https everywhere else than in tests on one machine.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

world = json.loads(os.environ["WORLD"])
API = world["api"]
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
QUALIFIED = f"{world['code']}.{world['clientId']}"

metadata = AuthorizationServerMetadata(
    requests.get(f"{API}/.well-known/oauth-authorization-server", timeout=30).json()
)
assert metadata["issuer"] == API
for key in AuthorizationServerMetadata.REGISTRY_KEYS:
    # Authlib takes an empty list for a missing one. There is no authorization endpoint, and so no response type.
    if key != "response_types_supported":
        getattr(metadata, f"validate_{key}")()
assert metadata["response_types_supported"] == []

keys = jwt.PyJWKClient(metadata["jwks_uri"])


def verify(token):
    """Does what a service does that takes the API's tokens."""
    if jwt.get_unverified_header(token).get("typ") != "at+jwt":
        raise jwt.InvalidTokenError("another type")
    return jwt.decode(
        token,
        keys.get_signing_key_from_jwt(token).key,
        algorithms=["ES256"],
        issuer=metadata["issuer"],
        audience=world["audience"],
        options={"require": ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"]},
    )


def session(client_id, secret, method):
    return OAuth2Session(client_id, secret, token_endpoint_auth_method=method)


def refusal(call):
    try:
        call()
    except OAuthError as error:
        return error.error
    raise AssertionError("a token was issued")


endpoint = metadata["token_endpoint"]
for method in metadata["token_endpoint_auth_methods_supported"][:2]:
    granted = session(QUALIFIED, world["clientSecret"], method).fetch_token(endpoint, grant_type="client_credentials")
    assert (granted["token_type"], granted["expires_in"], granted["scope"]) == ("Bearer", 3600, "admin")
    claims = verify(granted["access_token"])
    assert (claims["token_use"], claims["sub"], claims["client_id"]) == ("machine", *[world["clientId"]] * 2)

    client = session(world["clientId"], world["clientSecret"], method)
    named = client.fetch_token(endpoint, grant_type="client_credentials", audience=world["code"])
    assert verify(named["access_token"])["OrgCode"] == world["code"]

    exchanged = client.fetch_token(
        endpoint,
        grant_type=EXCHANGE,
        subject_token=world["userToken"],
        subject_token_type=ACCESS_TOKEN,
        audience=world["code"],
    )
    assert (exchanged["issued_token_type"], exchanged["scope"]) == (ACCESS_TOKEN, "admin")
    claims = verify(exchanged["access_token"])
    assert (claims["token_use"], claims["sub"], claims["OrgCode"]) == ("organization", world["user"], world["code"])

    wrong = session(QUALIFIED, "wrong", method)
    assert refusal(lambda: wrong.fetch_token(endpoint, grant_type="client_credentials")) == "invalid_client"
    assert refusal(lambda: client.fetch_token(endpoint, grant_type=f"{EXCHANGE}s")) == "unsupported_grant_type"

# No service that checks the audience takes a user token.
try:
    verify(world["userToken"])
    raise AssertionError("a user token was taken")
except jwt.InvalidAudienceError:
    pass

print("Authlib and PyJWT: metadata, grants, verification, refusals")
