use crate::{Error, Function, policy::policy, properties::Properties, region::filled};

/// What every function that answers HTTP is told.
const HTTP_VARIABLES: &str = r#"  ISSUER: !Ref Issuer
  AUDIENCE: !Ref Audience
  REQUIRE_VERIFIED_EMAIL: !Ref RequireVerifiedEmail
  ORIGIN_SECRETS: !If
    - HasDistribution
    - !Join
      - ","
      - - !If
          - NamesOriginSecret
          - !Sub "{{resolve:secretsmanager:${OriginSecret}:SecretString:::${OriginSecretVersion}}}"
          - !Sub "{{resolve:secretsmanager:${OriginSecret}:SecretString}}"
        - !If
          - HasOtherOriginSecret
          - !Sub "{{resolve:secretsmanager:${OriginSecret}:SecretString:::${OtherOriginSecretVersion}}}"
          - !Ref AWS::NoValue
    - !Ref AWS::NoValue
  REQUIRE_ORIGIN_SECRET: !If [HasDistribution, !If [RefusesOtherWays, "true", "false"], !Ref AWS::NoValue]
"#;
const MEMORY: &str = "MemorySize: !Ref Memory\n";
const CONCURRENCY: &str =
    "ReservedConcurrentExecutions: !If [LimitsConcurrency, !Ref Concurrency, !Ref AWS::NoValue]\n";

/// What names the version that a deployment publishes.
const RELEASE: &str = "AutoPublishCodeSha256: !Ref Release\n";

/// The template, with every function, its logs, and its part in the alarms.
pub(crate) fn template(text: &str, functions: &[Function]) -> Result<String, Error> {
    let resources = functions.iter().map(resources).collect::<Vec<_>>().join("\n");
    let metrics = |metric| functions.iter().map(|function| alarm_metric(function, metric)).collect::<String>();
    let text = filled(text, "functions", &resources)?;
    let text = filled(&text, "errors", &metrics("Errors"))?;
    filled(&text, "throttles", &metrics("Throttles"))
}

/// A function with its logs. `sam build` leaves it alone: its code is built before, by Cargo.
fn resources(function: &Function) -> String {
    let (name, title) = (&function.name, camel(&function.name));
    let properties = indented(&properties(function, &title), 6);
    format!(
        "  {title}Function:
    Type: AWS::Serverless::Function
    Metadata:
      SkipBuild: true
    Properties:
{properties}
  {title}Logs:
    Type: AWS::Logs::LogGroup
    Properties:
      LogGroupName: !Sub \"/${{AWS::StackName}}/{name}\"
      RetentionInDays: !Ref LogRetentionDays
      KmsKeyId: !If [HasKmsKey, !Ref KmsKeyArn, !Ref AWS::NoValue]
"
    )
}

/// What the function's own file says, completed by what it needn't say.
fn properties(function: &Function, title: &str) -> String {
    let mut own = Properties::of(&function.by_hand);
    let variables = if function.paths.is_empty() { "" } else { HTTP_VARIABLES };
    let variables = indented(&(variables.to_owned() + &own.take_below("Variables")), 2);
    let policies = policy(&function.access) + &own.take_below("Policies");
    let events = function.paths.iter().map(|path| event(path)).collect::<String>() + &own.take_below("Events");
    [
        own.take("Description").unwrap_or_default(),
        format!("CodeUri: target/lambda/{}/\n", function.name),
        own.take("MemorySize").unwrap_or_else(|| MEMORY.to_owned()),
        own.take("Timeout").unwrap_or_default(),
        own.take("ReservedConcurrentExecutions").unwrap_or_else(|| CONCURRENCY.to_owned()),
        RELEASE.to_owned(),
        own.rest(),
        format!("LoggingConfig:\n  LogGroup: !Ref {title}Logs\n"),
        below("Environment:\n  Variables:\n", &variables),
        below("Policies:\n", &policies),
        below("Events:\n", &events),
    ]
    .concat()
}

/// A route with every method: 405 is the function's to answer.
fn event(path: &str) -> String {
    let name = camel(path);
    format!(
        "  {name}:
    Type: HttpApi
    Properties:
      ApiId: !Ref Api
      Path: {path}
      Method: ANY
"
    )
}

fn alarm_metric(function: &Function, metric: &str) -> String {
    let title = camel(&function.name);
    let id = title[..1].to_lowercase() + &title[1..];
    format!(
        "        - Id: {id}
          ReturnData: false
          MetricStat:
            Metric:
              Namespace: AWS/Lambda
              MetricName: {metric}
              Dimensions: [{{ Name: FunctionName, Value: !Ref {title}Function }}]
            Period: 300
            Stat: Sum
"
    )
}

/// `content` under its heading; nothing where there is none.
fn below(heading: &str, content: &str) -> String {
    if content.is_empty() { String::new() } else { heading.to_owned() + content }
}

fn indented(text: &str, by: usize) -> String {
    let margin = " ".repeat(by);
    text.split_inclusive('\n').flat_map(|line| [margin.as_str(), line]).collect()
}

/// The words of a name or a path, each with one capital, and nothing between them.
fn camel(text: &str) -> String {
    let words = text.split(|character: char| !character.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(|word| word[..1].to_uppercase() + &word[1..].to_lowercase()).collect()
}
