"""Runs ministack as the AWS of `.ci/deployed`, and corrects where ministack differs from AWS.

Needs `ministack` and `aws-sam-translator`. Listens on 127.0.0.1, at the port GATEWAY_PORT.
"""

import functools
import json
import os
import sys
from unittest import mock

os.environ["BIND_HOST"] = "127.0.0.1"

import samtranslator.translator.transform as sam
from ministack import app
from ministack.services import apigateway
from ministack.services.cloudformation import engine, provisioners


def instead_of(module, name):
    """Puts a function in the place of the emulator's wherever that was imported. It gets the emulator's own first."""
    original = getattr(module, name)

    def put(replacement):
        replacement = functools.partial(replacement, original)
        modules = [vars(one) for path, one in sys.modules.items() if path.startswith("ministack.")]
        for names in modules + list(provisioners._RESOURCE_HANDLERS.values()):
            names.update({key: replacement for key, value in names.items() if value is original})
        return replacement

    return put


# AWS gives SAM the values of the parameters. The emulator gives it none, so that no Release would publish a version.
@instead_of(engine, "_apply_transforms")
def apply_transforms(original, template, provided=None, previous=None):
    values = engine._transform_parameters(template, provided, previous)
    transform = sam.transform
    with mock.patch.object(sam, "transform", lambda body, _, policies: transform(body, values, policies)):
        return original(template, provided, previous)


# AWS splits and joins texts in conditions. The emulator doesn't, so that it gets conditions with the results in them.
@instead_of(engine, "_evaluate_conditions")
def evaluate_conditions(original, template, parameters):
    def text(value):
        if isinstance(value, list):
            return [text(one) for one in value]
        if not isinstance(value, dict):
            return value
        if value.get("Ref") in parameters:
            return parameters[value["Ref"]]["Value"]
        if "Fn::Split" in value:
            separator, whole = text(value["Fn::Split"])
            return whole.split(separator)
        if "Fn::Join" in value:
            separator, parts = text(value["Fn::Join"])
            return separator.join(parts)
        return {name: text(one) for name, one in value.items()}

    return original({**template, "Conditions": text(template.get("Conditions", {}))}, parameters)


# AWS computes alarms from several metrics. The emulator refuses such alarms, and gets one on an unknown metric instead.
@instead_of(provisioners, "_cw_metric_alarm_record")
def alarm_record(original, name, properties):
    if "Metrics" in properties:
        properties = {**properties, "Metrics": None, "MetricName": "several", "Namespace": "several"}
    return original(name, properties)


# AWS names the three records that prove a sender's domain. The emulator knows none: every identity is proven at once.
def with_records(original, *arguments, **named):
    identity, attributes = original(*arguments, **named)
    for number in "123":
        record = f"record{number}._domainkey.{identity}"
        attributes |= {f"DkimDNSTokenName{number}": record, f"DkimDNSTokenValue{number}": f"{record}.invalid"}
    return identity, attributes


instead_of(provisioners, "_ses_email_identity_create")(with_records)
instead_of(provisioners, "_ses_email_identity_update")(with_records)


# AWS reads an API's routes from its OpenAPI document. The emulator ignores the document, so that each route is made
# here.
def with_routes(original, *arguments, **named):
    api, attributes = original(*arguments, **named)
    # A resource that is made comes as (id, properties, stack), and one that is changed as (id, properties before,
    # properties, stack, …).
    properties = arguments[1] if isinstance(arguments[2], str) else arguments[2]
    apigateway._routes[api], apigateway._integrations[api] = {}, {}
    for path, methods in properties["Body"]["paths"].items():
        for method, operation in methods.items():
            uri = operation["x-amazon-apigateway-integration"]["uri"]
            integration = json.loads(apigateway._create_integration(api, {"integrationUri": uri})[2])
            name = "ANY" if method == "x-amazon-apigateway-any-method" else method.upper()
            key = path if path == "$default" else f"{name} {path}"
            apigateway._create_route(api, {"routeKey": key, "target": f"integrations/{integration['integrationId']}"})
    return api, attributes


instead_of(provisioners, "_apigw_v2_api_create")(with_routes)
instead_of(provisioners, "_apigw_v2_api_update")(with_routes)


# AWS shows nobody the mails that it has sent. The suite reads them here as the local mailbox shows them.
@instead_of(app, "app")
async def with_mailbox(original, scope, receive, send):
    if scope.get("path") != "/_local/mailbox":
        return await original(scope, receive, send)
    _, _, sent = await app._handle_ses_messages_request("GET", "/_ministack/ses/messages", {}, {})
    mails = [
        {"To": ", ".join(mail["To"]), "Subject": mail["Subject"], "Text": mail["BodyText"], "Html": mail["BodyHtml"]}
        for account in json.loads(sent)["messages"].values()
        for mail in account
    ]
    headers = [(b"content-type", b"application/json"), (b"x-request-id", b"of-the-mailbox")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(mails).encode()})


app.main()
