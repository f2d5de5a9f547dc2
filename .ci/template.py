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
        names = ["service-role/AWSLambdaBasicExecutionRole", "AWSXrayWriteOnlyAccess", "AWSXRayDaemonWriteAccess"]
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


def where_it_holds(condition, value, holds=True):
    """A part of the template where a condition holds, or where it doesn't, with what is then left out."""
    if isinstance(value, list):
        chosen = [where_it_holds(condition, one, holds) for one in value]
        return [one for one in chosen if one != {"Ref": "AWS::NoValue"}]
    if not isinstance(value, dict):
        return value
    if "Fn::If" in value:
        asked, *choices = value["Fn::If"]
        choices = [where_it_holds(condition, one, holds) for one in choices]
        return choices[0 if holds else 1] if asked == condition else {"Fn::If": [asked, *choices]}
    chosen = {name: where_it_holds(condition, one, holds) for name, one in value.items()}
    return {name: one for name, one in chosen.items() if one != {"Ref": "AWS::NoValue"}}


# Tools that know CloudFormation alone read this file. It is a stack with a key of its own, which such tools ask for.
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

# Each throttle names a route that exists, since the gateway refuses a setting of any other route.
throttled = stage["RouteSettings"]
assert "ANY /api/auth/login" in throttled and set(throttled) <= {f"ANY {path}" for path in documented}, throttled

# Every function is deployed, and has a role of its own, which names the table, its partitions and nothing wider.
assert deployed == crates, deployed ^ crates
functions = by_type("AWS::Lambda::Function")
roles = {name: role for name, role in by_type("AWS::IAM::Role").items() if name != "BackupRole"}
assert len(functions) == len(crates) and len(roles) == len(crates)
STREAM_ACTIONS = {f"dynamodb:{name}" for name in ["DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"]}
for name, role in roles.items():
    policies = [policy["Fn::If"][1] if "Fn::If" in policy else policy for policy in role["Policies"]]
    for policy in policies:
        for statement in policy["PolicyDocument"]["Statement"]:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            assert not any("*" in action for action in actions), (name, actions)
            # SES knows no narrower resource for the question how fast an account may send.
            named = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
            assert "*" not in named or actions == ["ses:GetAccount"], (name, statement)
            if any(action.startswith("kms:") for action in actions):
                parameters = {one["Fn::If"][1]["Ref"] for one in named}
                assert parameters == {"SigningKeyArn", "PreviousSigningKeyArn"}, (name, statement)
            if any(action.startswith("dynamodb:") for action in actions) and "Condition" not in statement:
                assert set(actions) == STREAM_ACTIONS, (name, statement)
                assert "StreamArn" in json.dumps(statement["Resource"]), (name, statement)
    size = sum(len(json.dumps(policy["PolicyDocument"], separators=(",", ":"))) for policy in policies)
    assert size < 10_240, f"{name}: IAM takes 10,240 characters of inline policies, not {size}"

# Nothing else is attached to a role but AWS's policies for logs and, where that is asked for, for traces. AWS's others
# are good for the whole account, and SAM adds those for streams and queues by itself.
assert set(by_type("AWS::IAM::Policy")) == {"KeyUse", "QueueKeyUse"} and not by_type("AWS::IAM::ManagedPolicy")
traced = transformed(Tracing="Active")
for name in functions:
    for stack, expected in [(resources, []), (traced, ["AWSXrayWriteOnlyAccess"])]:
        managed = [arn.rsplit("/", 1)[1] for arn in stack[f"{name}Role"]["Properties"]["ManagedPolicyArns"]]
        assert managed == ["AWSLambdaBasicExecutionRole", *expected], (name, managed)

# Lambda takes messages from one queue in the mailer's name, and puts messages into another one.
queues = {}
for policy in roles["MailerFunctionRole"]["Policies"]:
    for statement in policy["PolicyDocument"]["Statement"]:
        if "sqs:" in json.dumps(statement["Action"]):
            queues[statement["Resource"]["Fn::GetAtt"][0]] = statement["Action"]
taking = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
assert queues == {"MailFeedback": taking, "UnsentMails": "sqs:SendMessage"}, queues

for name, function in functions.items():
    assert function["Runtime"] == "provided.al2023" and "TracingConfig" not in function, name
    assert "LogGroup" in function["LoggingConfig"], name

# KmsKeyArn encrypts whatever holds data, and each function may use the key for as much as it needs.
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
        assert "SqsManagedSseEnabled" not in resource["Properties"], name
key_uses = [("KeyUse", "kms:Decrypt", set(roles)), ("QueueKeyUse", "kms:GenerateDataKey", {"MailerFunctionRole"})]
for name, action, users in key_uses:
    assert resources[name]["Condition"] == "HasKmsKey"
    use = resources[name]["Properties"]
    assert {role["Ref"] for role in use["Roles"]} == users, name
    (statement,) = use["PolicyDocument"]["Statement"]
    assert (statement["Action"], statement["Resource"]) == (action, KEY), name

# Functions are traced where that is asked for and nowhere else.
for name in functions:
    assert "TracingConfig" in traced[name]["Properties"], name

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


# No resource waits for itself. cfn-lint doesn't see such a circle where it leads through an alarm of a deployment.
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


def holds(condition, given):
    """Whether a condition of the template holds for these parameters. Conditions compare parameters and texts alone."""
    kind, operands = next(iter(condition.items()))
    value = lambda one: given.get(one["Ref"], template["Parameters"][one["Ref"]]["Default"]) if "Ref" in one else one
    if kind == "Fn::Equals":
        return value(operands[0]) == value(operands[1])
    if kind == "Condition":
        return holds(template["Conditions"][operands], given)
    results = [holds(one, given) for one in operands]
    return {"Fn::Not": not results[0], "Fn::And": all(results), "Fn::Or": any(results)}[kind]


def deployed_with(**given):
    """The resources of a stack with these parameters, with the conditions of distribution and domain decided."""
    names = ["HasDistribution", "RefusesOtherWays", "HasWebAcl", "NamesOriginSecret", "HasOtherOriginSecret",
             "HasDistributionRecord", "HasDomain", "HasDomainTarget", "HasDomainRecord"]
    stack, decided = resources, {name: holds({"Condition": name}, given) for name in names}
    for name, value in decided.items():
        stack = where_it_holds(name, stack, value)
    return {name: one["Properties"] for name, one in stack.items() if decided.get(one.get("Condition"), True)}


# A stack without the distribution has no resource for it, and no variable of a function names it.
DISTRIBUTION = {"Distribution", "DistributionRecord", "ViewerAddress", "OriginSecret"}
ZONE = {"HostedZoneId": "Z1"}
DOMAIN = {"DomainName": "api.acme.example", "CertificateArn": "arn:aws:acm:eu-central-1:1:certificate/1"}
EDGE = {**DOMAIN, "DistributionCertificateArn": "arn:aws:acm:us-east-1:1:certificate/2"}
for given in [{}, DOMAIN, {**EDGE, **ZONE}]:
    stack = deployed_with(**given)
    assert not DISTRIBUTION & set(stack) and ("Domain" in stack) is bool(given), given
    assert not re.search("ORIGIN_|OriginSecret|Distribution|ViewerAddress", json.dumps(stack)), given
assert stack["DomainRecord"]["AliasTarget"]["DNSName"] == {"Fn::GetAtt": ["Domain", "RegionalDomainName"]}

# A stack with the distribution gives it the domain. The distribution sends the secret, the functions ask for it, and
# CloudFront caches nothing. In the mode `only`, and in no other, functions refuse requests that come past the
# distribution.
source = (ROOT / "shared/src/distribution.rs").read_text()
secret = "{{resolve:secretsmanager:${OriginSecret}:SecretString%s}}"
for mode, required in [("beside", "false"), ("only", "true")]:
    stack = deployed_with(CloudFront=mode, **EDGE, **ZONE)
    assert DISTRIBUTION <= set(stack) and ("Domain" in stack) is ("DomainMapping" in stack) is (mode == "beside")
    for record in ["DomainRecord", "DistributionRecord"]:
        assert stack[record]["AliasTarget"]["DNSName"] == {"Fn::GetAtt": ["Distribution", "DomainName"]}, record
    config = stack["Distribution"]["DistributionConfig"]
    assert config["Aliases"] == [{"Ref": "DomainName"}] and "WebACLId" not in config
    assert config["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"
    (origin,) = config["Origins"]
    assert origin["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
    (header,) = origin["OriginCustomHeaders"]
    assert header["HeaderValue"] == {"Fn::Sub": secret % ""}
    behavior = config["DefaultCacheBehavior"]
    assert behavior["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad", "CachingDisabled"
    assert behavior["OriginRequestPolicyId"] == "b689b0a8-53d0-40ab-baf2-68738e2966ac", "AllViewerExceptHostHeader"
    assert "CacheBehaviors" not in config and behavior["ViewerProtocolPolicy"] == "https-only"
    uncached = {answer["ErrorCode"] for answer in config["CustomErrorResponses"] if answer["ErrorCachingMinTTL"] == 0}
    assert uncached == {400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504}
    # The distribution sends the headers under the names by which the functions read them.
    (written,) = re.findall(r"headers\['(.+)'\] =", stack["ViewerAddress"]["FunctionCode"])
    assert {header["HeaderName"], written} == set(re.findall(r'from_static\("(.+)"\)', source))
    for name in functions:
        variables = stack[name]["Environment"]["Variables"]
        if name == "MailerFunction":
            assert not any("ORIGIN" in variable for variable in variables)
        else:
            assert variables["REQUIRE_ORIGIN_SECRET"] == required, name
            assert variables["ORIGIN_SECRETS"] == {"Fn::Join": [",", [{"Fn::Sub": secret % ""}]]}, name

# While the secret is rotated, the distribution sends one of its versions, and the functions take both.
stack = deployed_with(CloudFront="only", OriginSecretVersion="a" * 32, OtherOriginSecretVersion="b" * 32, **EDGE)
one, other = ({"Fn::Sub": secret % f":::${{{name}}}"} for name in ["OriginSecretVersion", "OtherOriginSecretVersion"])
assert stack["Distribution"]["DistributionConfig"]["Origins"][0]["OriginCustomHeaders"][0]["HeaderValue"] == one
assert stack["AuthFunction"]["Environment"]["Variables"]["ORIGIN_SECRETS"] == {"Fn::Join": [",", [one, other]]}
assert "DomainRecord" not in stack and "DistributionRecord" not in stack

# A restored table is used wherever the stack's own is: by functions, stream, policies, alarms and dashboard.
for name, resource in resources.items():
    text = json.dumps(resource)
    own = re.findall(r'\{"Ref": "Table"\}|\{"Fn::GetAtt": \["Table", "\w+"\]\}', text)
    assert len(own) == text.count('"Fn::If": ["HasExistingTable"'), name

# The stream is filtered, and a record that fails is tried again without the others of its batch.
mappings = by_type("AWS::Lambda::EventSourceMapping")
mapping, feedback = (mappings[f"MailerFunction{event}"] for event in ("NewMails", "Feedback"))
assert len(mappings) == 2
assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"] and mapping["BisectBatchOnFunctionError"]
(filter_,) = mapping["FilterCriteria"]["Filters"]
assert json.loads(filter_["Pattern"])["dynamodb"]["Keys"]["pk"]["S"] == [{"prefix": "WAIT#"}]

# Mails are sent by the configuration set that is made, and the mailer has the right to it.
made = where_it_holds("MakesConfigurationSet", resources)
variables = made["MailerFunction"]["Properties"]["Environment"]["Variables"]
assert variables["MAIL_CONFIGURATION_SET"] == {"Ref": "MailConfiguration"}
assert "configuration-set/${MailConfiguration}" in json.dumps(made["MailerFunctionRole"])
assert made["MailEvents"]["Properties"]["ConfigurationSetName"] == {"Ref": "MailConfiguration"}

# The rule brings what SES says of mails to a queue, and Lambda brings it to the mailer until the mailer has taken it.
assert feedback["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
assert feedback["EventSourceArn"] == {"Fn::GetAtt": ["MailFeedback", "Arn"]}
(target,) = made["MailFeedbackRule"]["Properties"]["Targets"]
assert target["Arn"] == {"Fn::GetAtt": ["MailFeedback", "Arn"]}
queue = resources["MailFeedback"]["Properties"]
assert queue["VisibilityTimeout"] >= 6 * resources["MailerFunction"]["Properties"]["Timeout"]

# The feedback that the mailer gave up on isn't among the stream's positions, so that SQS can move all of it back.
assert queue["RedrivePolicy"]["deadLetterTargetArn"] == {"Fn::GetAtt": ["MailFeedbackDeadLetters", "Arn"]}
assert mapping["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": ["UnsentMails", "Arn"]}

print(f"{len(resources)} resources, {len(paths)} paths, {len(functions)} functions")
