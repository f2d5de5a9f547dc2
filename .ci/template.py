"""Transforms template.yaml to CloudFormation and asks of the result what the template's own tests can't see.

Needs `aws-sam-translator` and `pyyaml`. Reads nothing of AWS.
"""

import copy
import graphlib
import json
import logging
import os
import pathlib
import re

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")
# The translator logs a warning that its telemetry is off.
logging.getLogger("samtranslator").setLevel(logging.ERROR)
ROOT = pathlib.Path(__file__).parent.parent


class Policies:
    """AWS's managed policies that SAM adds by name."""

    def load(self):
        names = ["service-role/AWSLambdaBasicExecutionRole", "AWSXrayWriteOnlyAccess", "AWSXRayDaemonWriteAccess",
                 "service-role/AWSLambdaDynamoDBExecutionRole"]
        return {name.split("/")[-1]: f"arn:aws:iam::aws:policy/{name}" for name in names}


crates = {manifest.parent.name for manifest in ROOT.glob("functions/*/Cargo.toml")}
template = yaml_parse((ROOT / "template.yaml").read_text())
deployed = set()
for resource in template["Resources"].values():
    # `sam package` leaves an address in S3 in the place of the code's folder.
    if resource["Type"] == "AWS::Serverless::Function":
        deployed.add(pathlib.Path(resource["Properties"]["CodeUri"]).name)
        resource["Properties"]["CodeUri"] = "s3://bucket/key"
transformed = lambda **parameters: transform(copy.deepcopy(template), parameters, Policies())["Resources"]
resources = transformed()


def where_it_holds(condition, value):
    """A part of the template where a condition holds, with what is then left out."""
    if isinstance(value, list):
        chosen = [where_it_holds(condition, one) for one in value]
        return [one for one in chosen if one != {"Ref": "AWS::NoValue"}]
    if not isinstance(value, dict):
        return value
    if value.get("Fn::If", [None])[0] == condition:
        return where_it_holds(condition, value["Fn::If"][1])
    chosen = {name: where_it_holds(condition, one) for name, one in value.items()}
    return {name: one for name, one in chosen.items() if one != {"Ref": "AWS::NoValue"}}


# For those who check CloudFormation alone: with a key of one's own, which is what they ask for.
with_key = where_it_holds("HasKmsKey", resources)
(ROOT / "target/transformed.json").write_text(json.dumps({"Resources": with_key}))
by_type = lambda kind: {name: one["Properties"] for name, one in resources.items() if one["Type"] == kind}

# Every route is there, with whatever method, and what no route takes goes to a function as well.
(api,) = by_type("AWS::ApiGatewayV2::Api").values()
documented = set(json.loads((ROOT / "openapi.json").read_text())["paths"])
paths = dict(api["Body"]["paths"])
assert list(paths.pop("$default")) == ["x-amazon-apigateway-any-method"], "$default"
assert set(paths) == documented, set(paths) ^ documented
for path, methods in paths.items():
    assert list(methods) == ["x-amazon-apigateway-any-method"], path
    integration = methods["x-amazon-apigateway-any-method"]["x-amazon-apigateway-integration"]
    assert integration["payloadFormatVersion"] == "2.0", path
(stage,) = by_type("AWS::ApiGatewayV2::Stage").values()
assert stage["StageName"] == "$default" and stage["AutoDeploy"] is True
assert stage["AccessLogSettings"] and stage["DefaultRouteSettings"]["ThrottlingRateLimit"]

# Routes with a throttle of their own are routes: the gateway takes no key of any other.
throttled = stage["RouteSettings"]
assert "ANY /api/auth/login" in throttled and set(throttled) <= {f"ANY {path}" for path in documented}, throttled

# Every function is deployed, and has a role of its own, which names the table, its partitions and nothing wider.
assert deployed == crates, deployed ^ crates
functions = by_type("AWS::Lambda::Function")
roles = {name: role for name, role in by_type("AWS::IAM::Role").items() if name != "BackupRole"}
assert len(functions) == len(crates) and len(roles) == len(crates)
for name, role in roles.items():
    for policy in role["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            assert not any("*" in action for action in actions), (name, actions)
            # SES tells how fast an account may send, and of no narrower resource.
            assert statement["Resource"] != "*" or actions == ["ses:GetAccount"], (name, statement)
            if any(action.startswith("dynamodb:") for action in actions) and "Condition" not in statement:
                raise AssertionError((name, statement))
    managed = [str(arn) for arn in role["ManagedPolicyArns"]]
    assert not any("DynamoDB" in arn and name != "MailerFunctionRole" for arn in managed), (name, managed)
    size = sum(len(json.dumps(policy["PolicyDocument"], separators=(",", ":"))) for policy in role["Policies"])
    assert size < 10_240, f"{name}: IAM takes 10,240 characters of inline policies, not {size}"
for name, function in functions.items():
    assert function["Runtime"] == "provided.al2023" and "TracingConfig" not in function, name
    assert "LogGroup" in function["LoggingConfig"], name

# A key of one's own is used for whatever holds data, and each function may use it for as much as it needs.
KEY = {"Ref": "KmsKeyArn"}
encrypted = {
    "AWS::DynamoDB::Table": lambda table: table["SSESpecification"]["KMSMasterKeyId"],
    "AWS::Lambda::Function": lambda function: function["KmsKeyArn"],
    "AWS::Logs::LogGroup": lambda group: group["KmsKeyId"],
    "AWS::SecretsManager::Secret": lambda secret: secret["KmsKeyId"],
    "AWS::SQS::Queue": lambda queue: queue["KmsMasterKeyId"],
}
for name, resource in with_key.items():
    if resource["Type"] in encrypted:
        assert encrypted[resource["Type"]](resource["Properties"]) == KEY, name
assert "SqsManagedSseEnabled" not in with_key["UnsentMails"]["Properties"]
key_uses = [("KeyUse", "kms:Decrypt", set(roles)), ("QueueKeyUse", "kms:GenerateDataKey", {"MailerFunctionRole"})]
for name, action, users in key_uses:
    assert resources[name]["Condition"] == "HasKmsKey"
    use = resources[name]["Properties"]
    assert {role["Ref"] for role in use["Roles"]} == users, name
    (statement,) = use["PolicyDocument"]["Statement"]
    assert (statement["Action"], statement["Resource"]) == (action, KEY), name

# Functions are traced, and have the rights for it, where that is asked for and nowhere else.
traced = transformed(Tracing="Active")
for name in functions:
    assert "TracingConfig" in traced[name]["Properties"], name
    for stack, expected in [(resources, False), (traced, True)]:
        managed = str(stack[f"{name}Role"]["Properties"]["ManagedPolicyArns"])
        assert ("XRay" in managed or "Xray" in managed) is expected, managed

# Requests, records and the schedule go to an alias. Each release publishes new versions, and deletes those before.
versions = lambda stack: {name for name, one in stack.items() if one["Type"] == "AWS::Lambda::Version"}
assert len(versions(resources)) == len(functions)
assert not versions(resources) & versions(transformed(Release="another"))
assert all(resources[name]["DeletionPolicy"] == "Delete" for name in versions(resources))
for name, resource in resources.items():
    if resource["Type"] in ["AWS::Lambda::Permission", "AWS::Lambda::EventSourceMapping"]:
        assert resource["Properties"]["FunctionName"]["Ref"].endswith("Aliaslive"), name
assert not by_type("AWS::CodeDeploy::DeploymentGroup")
gradual = transformed(Deployment="Canary10Percent5Minutes")
for name in functions:
    assert "CodeDeployLambdaAliasUpdate" in gradual[f"{name}Aliaslive"]["UpdatePolicy"], name
    assert gradual[f"{name}DeploymentGroup"]["Properties"]["AlarmConfiguration"], name


def references(value):
    """The resources that a part of the template needs first."""
    if isinstance(value, list):
        return {name for one in value for name in references(one)}
    if not isinstance(value, dict):
        return set()
    names = {value["Ref"]} if "Ref" in value else references(list(value.values()))
    if "Fn::GetAtt" in value:
        names.add(value["Fn::GetAtt"][0])
    text = value.get("Fn::Sub", "")
    return names | set(re.findall(r"\$\{(\w+)", text if isinstance(text, str) else text[0]))


# Nothing waits for itself, not by an alarm of a deployment either, which cfn-lint doesn't see.
for stack in (resources, gradual):
    needs = {name: references(resource) & set(stack) for name, resource in stack.items()}
    list(graphlib.TopologicalSorter(needs).static_order())

# The dashboard can be read, shows every function wherever it shows one, and has no widget over another.
(dashboard,) = by_type("AWS::CloudWatch::Dashboard").values()
widgets = json.loads(dashboard["DashboardBody"]["Fn::Sub"][0])["widgets"]
for metrics in (widget["properties"].get("metrics", []) for widget in widgets):
    if len(metrics) > 1 and "FunctionName" in metrics[0]:
        assert {metric[-1] for metric in metrics} == {f"${{{name}}}" for name in functions}, metrics
cells = [(x, y) for widget in widgets for x in range(widget["x"], widget["x"] + widget["width"])
         for y in range(widget["y"], widget["y"] + widget["height"])]
assert len(cells) == len(set(cells))

# A restored table is used wherever the stack's own is: by functions, stream, policies, alarms and dashboard.
for name, resource in resources.items():
    text = json.dumps(resource)
    own = re.findall(r'\{"Ref": "Table"\}|\{"Fn::GetAtt": \["Table", "\w+"\]\}', text)
    assert len(own) == text.count('"Fn::If": ["HasExistingTable"'), name

# The stream is filtered, and what the mailer gives up on is kept.
mappings = by_type("AWS::Lambda::EventSourceMapping")
mapping, feedback = (mappings[f"MailerFunction{event}"] for event in ("NewMails", "Feedback"))
assert len(mappings) == 2
assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"] and mapping["BisectBatchOnFunctionError"]
(filter_,) = mapping["FilterCriteria"]["Filters"]
assert json.loads(filter_["Pattern"])["dynamodb"]["Keys"]["pk"]["S"] == [{"prefix": "WAIT#"}]
assert mapping["DestinationConfig"]["OnFailure"]["Destination"]

# Mails are sent by the configuration set that is made, and the mailer has the right to it.
made = where_it_holds("MakesConfigurationSet", resources)
variables = made["MailerFunction"]["Properties"]["Environment"]["Variables"]
assert variables["MAIL_CONFIGURATION_SET"] == {"Ref": "MailConfiguration"}
assert "configuration-set/${MailConfiguration}" in json.dumps(made["MailerFunctionRole"])
assert made["MailEvents"]["Properties"]["ConfigurationSetName"] == {"Ref": "MailConfiguration"}

# What SES says of them comes back to the mailer, and is brought again until it is taken.
assert feedback["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
assert feedback["EventSourceArn"] == {"Fn::GetAtt": ["MailFeedback", "Arn"]}
(target,) = made["MailFeedbackRule"]["Properties"]["Targets"]
assert target["Arn"] == {"Fn::GetAtt": ["MailFeedback", "Arn"]}
queue = resources["MailFeedback"]["Properties"]
assert queue["VisibilityTimeout"] >= 6 * resources["MailerFunction"]["Properties"]["Timeout"]
assert queue["RedrivePolicy"]["deadLetterTargetArn"] == {"Fn::GetAtt": ["UnsentMails", "Arn"]}

print(f"{len(resources)} resources, {len(paths)} paths, {len(functions)} functions")
