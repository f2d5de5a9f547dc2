"""Two of the routes as a plain, idiomatic boto3 function: view-organization and list-price-tiers, without tokens or roles.

Run by the runtime API itself, as AWS's own Python runtime does it.
"""

import json
import os
import urllib.request

import boto3
from boto3.dynamodb.conditions import Key

table = boto3.resource("dynamodb", endpoint_url=os.environ["AWS_ENDPOINT_URL_DYNAMODB"]).Table(os.environ["TABLE_NAME"])


def handler(event):
    organization = os.environ["ORGANIZATION"]
    prefix = "TIER#" if event["rawPath"].endswith("price-tiers") else "#"
    condition = Key("pk").eq(f"ORG#{organization}") & Key("sk").begins_with(prefix)
    items = table.query(KeyConditionExpression=condition, ConsistentRead=True)["Items"]
    role = table.get_item(Key={"pk": f"ORG#{organization}", "sk": f"ADMIN#{os.environ['ADMIN']}"}, ConsistentRead=True)
    if "Item" not in role:
        return {"statusCode": 403, "body": "{}"}
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(items, default=str)}


api = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"
while True:
    with urllib.request.urlopen(f"{api}/next") as answer:
        request_id, event = answer.headers["lambda-runtime-aws-request-id"], json.load(answer)
    body = json.dumps(handler(event)).encode()
    urllib.request.urlopen(urllib.request.Request(f"{api}/{request_id}/response", data=body)).close()
