"""Evaluates each alarm of template.yaml on made-up series: one that has to ring it, and one that must not.

Needs `aws-sam-translator` and `pyyaml`. Reads nothing of AWS.
"""

import ast
import operator
import pathlib
import re

from samtranslator.yaml_helper import yaml_parse

ROOT = pathlib.Path(__file__).parent.parent
TEMPLATE = yaml_parse((ROOT / "template.yaml").read_text())
RUNBOOK = (ROOT / "docs/operations.md").read_text()

# The metrics that AWS publishes, with the dimensions by which it does. An alarm on any other has no data for ever.
PUBLISHED = {
    ("AWS/ApiGateway", "5xx"): ["ApiId"],
    ("AWS/ApiGateway", "Count"): ["ApiId"],
    ("AWS/ApiGateway", "Latency"): ["ApiId"],
    ("AWS/DynamoDB", "ReadThrottleEvents"): ["TableName"],
    ("AWS/DynamoDB", "WriteThrottleEvents"): ["TableName"],
    ("AWS/DynamoDB", "SystemErrors"): ["Operation", "TableName"],
    ("AWS/Events", "FailedInvocations"): ["RuleName"],
    ("AWS/Events", "Invocations"): ["RuleName"],
    ("AWS/Lambda", "ConcurrentExecutions"): [],
    ("AWS/Lambda", "Errors"): ["FunctionName"],
    ("AWS/Lambda", "IteratorAge"): ["FunctionName"],
    ("AWS/Lambda", "Throttles"): ["FunctionName"],
    ("AWS/SES", "Reputation.BounceRate"): [],
    ("AWS/SES", "Reputation.ComplaintRate"): [],
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"): ["QueueName"],
}

# A value a period, by the metric's id in a formula or else by its name; a metric that isn't named has no data.
NONE = None
RINGS, QUIET = True, False
CASES = [
    ("FailedMailsAlarm", RINGS, "one mail fails", {"FailedMails": [0, 1]}),
    ("FailedMailsAlarm", QUIET, "none does, and none is tried", {"FailedMails": [0, NONE]}),
    ("WaitingMailsAlarm", RINGS, "SES refuses one mail for half an hour", {"WaitingMails": [2, 1]}),
    ("WaitingMailsAlarm", QUIET, "a batch waits, and is sent", {"WaitingMails": [500, 0]}),
    ("LateMailsAlarm", RINGS, "more mails come than SES takes", {"LateMails": [1_000, 1_300]}),
    ("LateMailsAlarm", QUIET, "a rush is caught up with", {"LateMails": [1_000, 200]}),
    ("UnsentMailsAlarm", RINGS, "a position lies in the queue", {"ApproximateNumberOfMessagesVisible": [1]}),
    ("UnsentMailsAlarm", QUIET, "the queue is idle", {"ApproximateNumberOfMessagesVisible": [0, NONE]}),
    ("FeedbackDeadLettersAlarm", RINGS, "a bounce lies in the queue", {"ApproximateNumberOfMessagesVisible": [1]}),
    ("FeedbackDeadLettersAlarm", QUIET, "the queue is idle", {"ApproximateNumberOfMessagesVisible": [0, NONE]}),
    ("LostFeedbackAlarm", RINGS, "the queue refuses one event", {"FailedInvocations": [NONE, 1]}),
    ("LostFeedbackAlarm", QUIET, "each event arrives, or none comes", {"FailedInvocations": [1, NONE]}),
    ("SweepAlarm", RINGS, "the schedule starts nothing", {"Invocations": [5, NONE, NONE]}),
    ("SweepAlarm", QUIET, "four of five sweeps are late", {"Invocations": [5, 1]}),
    ("SweepAlarm", QUIET, "CloudWatch hears late of five minutes", {"Invocations": [5, NONE]}),
    ("BouncesAlarm", RINGS, "one mail of ten bounces", {"Reputation.BounceRate": [0.1]}),
    ("BouncesAlarm", QUIET, "one of a hundred does", {"Reputation.BounceRate": [0.01]}),
    ("ComplaintsAlarm", RINGS, "two mails of a thousand are complained about", {"Reputation.ComplaintRate": [0.002]}),
    ("ComplaintsAlarm", QUIET, "no mail is sent", {}),
    ("StreamAgeAlarm", RINGS, "a record is ten minutes old", {"IteratorAge": [310_000, 600_000]}),
    ("StreamAgeAlarm", QUIET, "a record is tried again", {"IteratorAge": [0, 400_000]}),
    ("TableThrottlesAlarm", RINGS, "a hot partition", {"writes": [40, 0, 50]}),
    ("TableThrottlesAlarm", QUIET, "a burst of one minute", {"reads": [NONE, 300, NONE], "writes": [NONE, 2, 3]}),
    ("TableErrorsAlarm", RINGS, "DynamoDB is ill", {"query": [8, 9, 9], "transactWriteItems": [NONE, 7, 9]}),
    ("TableErrorsAlarm", QUIET, "single errors", {"getItem": [2, NONE, 3], "query": [NONE, 1, 1]}),
    ("ErrorsAlarm", RINGS, "one crash", {"auth": [0, 1], "mailer": [0, 0]}),
    ("ErrorsAlarm", QUIET, "calls without one", {"auth": [0, 0]}),
    ("ThrottlesAlarm", RINGS, "one refused call", {"organizations": [0, 1]}),
    ("ThrottlesAlarm", QUIET, "no calls at all", {}),
    ("ServerErrorsAlarm", RINGS, "all fails, at two requests a minute", {"errors": [10] * 3, "requests": [10] * 3}),
    ("ServerErrorsAlarm", RINGS, "two percent fail, at 50,000 requests a second",
     {"errors": [300_000] * 3, "requests": [15_000_000] * 3}),
    ("ServerErrorsAlarm", QUIET, "ten errors, at 50,000 requests a second",
     {"errors": [10] * 3, "requests": [15_000_000] * 3}),
    ("ServerErrorsAlarm", QUIET, "four errors in a quiet hour", {"errors": [4, 0, 4], "requests": [9, 9, 9]}),
    ("ServerErrorsAlarm", QUIET, "all fails for five minutes", {"errors": [0, 50, 0], "requests": [50] * 3}),
    ("ServerErrorsAlarm", QUIET, "nobody calls", {}),
    ("DeploymentAlarm", RINGS, "a canary of ten percent fails", {"errors": [0, 6, 6], "requests": [60] * 3}),
    ("DeploymentAlarm", QUIET, "two errors a minute", {"errors": [2] * 3, "requests": [20] * 3}),
    ("LatencyAlarm", RINGS, "a slow table", {"Latency": [2500, 3000, 2600]}),
    ("LatencyAlarm", QUIET, "five slow minutes", {"Latency": [100, 9000, 100]}),
    ("ConcurrencyAlarm", RINGS, "nine tenths of the quota", {"executions": [900, 10, 900, 900, 10]}),
    ("ConcurrencyAlarm", QUIET, "a minute near the quota", {"executions": [10, 990, 10, 10, 10]}),
    ("ConcurrencyAlarm", QUIET, "half of the quota", {"executions": [500] * 5}),
]

OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
             ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Lt: operator.lt, ast.LtE: operator.le}
COMPARISONS = {"GreaterThanThreshold": operator.gt, "GreaterThanOrEqualToThreshold": operator.ge,
               "LessThanThreshold": operator.lt, "LessThanOrEqualToThreshold": operator.le}


def value(node, metrics):
    """What a formula comes to in one period: as CloudWatch has it, nothing where an operand is missing."""
    match node:
        case ast.Expression(body):
            return value(body, metrics)
        case ast.Constant(constant):
            return constant
        case ast.Name(name):
            return metrics[name]
        case ast.BinOp(left, sign, right) | ast.Compare(left, [sign], [right]):
            left, right = value(left, metrics), value(right, metrics)
            missing = left is None or right is None or isinstance(sign, ast.Div) and right == 0
            return None if missing else OPERATORS[type(sign)](left, right)
        case ast.Call(ast.Name("IF"), [condition, then, otherwise]):
            condition = value(condition, metrics)
            return None if condition is None else value(then if condition else otherwise, metrics)
        case ast.Call(ast.Name("SUM"), [ast.Call(ast.Name("METRICS"))]):
            present = [one for one in metrics.values() if one is not None]
            return sum(present) if present else None
    raise AssertionError(f"a formula that this can't evaluate: {ast.dump(node)}")


def text(content):
    """A text of the template, with the parameters in it by their defaults."""
    if not isinstance(content, dict):
        return content
    if "Ref" in content:
        return "${" + content["Ref"] + "}"
    default = lambda name: str(TEMPLATE["Parameters"][name[1]]["Default"])
    return re.sub(r"\$\{(\w+)\}", default, content["Fn::Sub"])


def rings(alarm, given):
    """Whether an alarm that was quiet rings at the end of the series."""
    formula, ids = None, {}
    for metric in alarm.get("Metrics", [{"MetricStat": {"Metric": alarm}, "Id": alarm.get("MetricName")}]):
        if "Expression" in metric:
            formula = ast.parse(text(metric["Expression"]), mode="eval")
        else:
            ids[metric["Id"]] = metric
    unknown = set(given) - set(ids)
    assert not unknown, unknown
    periods = max([len(series) for series in given.values()], default=0)
    series = []
    for period in range(-periods, 0):
        metrics = {name: given[name][period] if name in given else None for name in ids}
        series.append(value(formula, metrics) if formula else next(iter(metrics.values())))
    window = alarm["EvaluationPeriods"]
    series = [None] * (window - len(series)) + series[-window:]
    if alarm["TreatMissingData"] == "ignore" and None in series:
        return False
    breaches = lambda one: alarm["TreatMissingData"] == "breaching" if one is None else \
        COMPARISONS[alarm["ComparisonOperator"]](one, alarm["Threshold"])
    return sum(map(breaches, series)) >= alarm.get("DatapointsToAlarm", window)


def check_metrics(name, alarm, logged):
    """Asks that somebody publishes what the alarm reads, and returns how many metrics that are."""
    stats = [one["MetricStat"] for one in alarm.get("Metrics", []) if "MetricStat" in one]
    assert len({stat["Period"] for stat in stats}) <= 1, f"{name}: one period"
    metrics = [stat["Metric"] for stat in stats] or [alarm]
    for metric in metrics:
        namespace, metric_name = text(metric["Namespace"]), metric["MetricName"]
        if namespace == "${AWS::StackName}":
            assert metric_name in logged and "Dimensions" not in metric, f"{name}: no line of a log is {metric_name}"
        else:
            dimensions = sorted(dimension["Name"] for dimension in metric.get("Dimensions", []))
            assert dimensions == PUBLISHED[namespace, metric_name], f"{name}: {metric_name} by {dimensions}"
    return len(metrics)


resources = TEMPLATE["Resources"].items()
alarms = {name: one["Properties"] for name, one in resources if one["Type"] == "AWS::CloudWatch::Alarm"}
filters = {name: one["Properties"] for name, one in resources if one["Type"] == "AWS::Logs::MetricFilter"}

# Each filter looks for a line that the code writes, or for a field that the gateway does.
access_log = TEMPLATE["Resources"]["Api"]["Properties"]["AccessLogSettings"]["Format"]
sources = "".join(file.read_text() for file in ROOT.glob("functions/*/src/**/*.rs"))
for name, filter_ in filters.items():
    of_gateway = filter_["LogGroupName"] == {"Ref": "AccessLogs"}
    wanted = re.findall(r"\$\.(\w+)" if of_gateway else '"([^"]+)"', filter_["FilterPattern"])
    for one in wanted:
        assert f'"{one}"' in (access_log if of_gateway else sources), f"{name}: nothing logs {one}"
    # The number that a metric takes is a field of such a line.
    for one in filter_["MetricTransformations"]:
        field = re.fullmatch(r"\$\.(\w+)", one["MetricValue"])
        assert not field or re.search(rf"\b{field[1]}\b", sources), f"{name}: nothing logs {one['MetricValue']}"
logged = {one["MetricName"] for filter_ in filters.values() for one in filter_["MetricTransformations"]}

headings = {re.sub(r"[^a-z0-9 -]", "", line.lstrip("# ").lower()).replace(" ", "-")
            for line in RUNBOOK.splitlines() if line.startswith("#")}
count = 0
for name, alarm in alarms.items():
    asked = {rings_ for of, rings_, _, _ in CASES if of == name}
    assert asked == {RINGS, QUIET}, f"{name}: a case that rings it, and one that doesn't"
    assert alarm["AlarmActions"] == alarm["OKActions"], f"{name}: who hears of it hears of its end"
    assert "TreatMissingData" in alarm, name
    heading = re.search(r"docs/operations\.md#(\S+)$", alarm["AlarmDescription"])
    assert heading and heading[1] in headings, f"{name}: what to do is a heading of docs/operations.md"
    count += check_metrics(name, alarm, logged)
for name, expected, why, given in CASES:
    assert rings(alarms[name], given) is expected, f"{name}: {why}"

# What rings where nothing is started waits for two starts, one of which may be late.
schedule = TEMPLATE["Resources"]["MailerFunction"]["Properties"]["Events"]["Sweep"]["Properties"]["Schedule"]
minutes = int(re.fullmatch(r"rate\((\d+) minutes?\)", schedule)[1])
sweep = alarms["SweepAlarm"]
assert sweep["Period"] * sweep["EvaluationPeriods"] >= 2 * 60 * minutes, f"SweepAlarm: {schedule}"

print(f"{len(alarms)} alarms on {count} metrics, {len(CASES)} cases")
