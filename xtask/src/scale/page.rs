//! The page: Markdown of what the calculation says.

use super::{
    calls::{CALLS, Call, mean},
    cost::Cost,
    limit::{Limit, Remedy},
    limits::limits,
    load::{Load, TARGET},
    needs::{HEADROOM, Need, needs},
    numbers::{decimal, rounded},
    quotas::{DEFAULT, Quotas},
};

/// Returns the generated part of `docs/scale.md`: Markdown, at the load of the guide.
pub(crate) fn report() -> String {
    [calls(), rates(&TARGET, &DEFAULT), questions(&TARGET, &DEFAULT), costs(&TARGET)].concat()
}

fn calls() -> String {
    let head = "| call | percent | read units | write units | mails | ms | units counted in |";
    let row = |call: &Call| {
        let (reads, writes) = call.units();
        let numbers = [call.share * 100.0, reads, writes, call.mails, call.seconds() * 1e3].map(decimal);
        format!("| {} | {} | {} |\n", call.name, numbers.join(" | "), call.source)
    };
    let means = [mean(|call| call.units().0), mean(|call| call.units().1), mean(|call| call.mails)];
    let [reads, writes, mails] = means.map(decimal);
    let milliseconds = decimal(mean(Call::seconds) * 1e3);
    let mut rows: Vec<_> = CALLS.iter().map(row).collect();
    rows.push(format!("| a mean request | 100 | {reads} | {writes} | {mails} | {milliseconds} | |\n"));
    let text = "Milliseconds are those that Lambda bills. Units are those of the call and of its mail.";
    section("The mix of calls", text, head, &rows)
}

fn rates(load: &Load, quotas: &Quotas) -> String {
    let limits = limits(load, quotas);
    let row = |limit: &Limit| {
        let Limit { name, rate, of_organization, because, remedy } = limit;
        let [all, one] = [Some(*rate), *of_organization].map(|rate| rate.map(rounded).unwrap_or_default());
        format!("| {name} | {all} | {one} | {} | {because} | {remedy} |\n", decimal(load.requests / rate))
    };
    let in_code = limits.iter().filter(|limit| matches!(limit.remedy, Remedy::Change(_)));
    let first = in_code.take(2).map(|limit| format!("- {}: at {}\n", limit.name, rounded(limit.rate)));
    let first: Vec<_> = first.collect();
    let text = format!(
        "Requests a second, with the quotas of a new account and a new stack. Of {} organizations, the largest has\n\
         {} percent of the load: {} of {} requests a second. *Times over* is the whole load divided by the rate. For a\n\
         limit of one organization, it also says how many of the largest are over it.\n\n\
         Of what only a change of the code moves, these two break first:\n\n{}",
        rounded(f64::from(load.organizations)),
        decimal(load.largest() * 100.0),
        rounded(load.requests * load.largest()),
        rounded(load.requests),
        first.concat().trim_end()
    );
    let head = "| what breaks | of all | of one organization | times over | because | what moves it |";
    section("What breaks at which rate", &text, head, &limits.iter().map(row).collect::<Vec<_>>())
}

fn questions(load: &Load, quotas: &Quotas) -> String {
    let row = |need: &Need| {
        let Need { name, by_default, needed } = need;
        let numbers = [*by_default, *needed, (needed * HEADROOM).max(*by_default)].map(rounded);
        format!("| {name} | {} |\n", numbers.join(" | "))
    };
    let text = format!(
        "For {} requests a second, with a headroom of {} percent.",
        rounded(load.requests),
        decimal((HEADROOM - 1.0) * 100.0)
    );
    let head = "| quota or parameter | by default | needed | ask for |";
    section("What to ask for", &text, head, &needs(load, quotas).iter().map(row).collect::<Vec<_>>())
}

/// A row of the table of costs: what is paid for, and how many USD of a month's cost.
type CostRow = (&'static str, fn(&Cost) -> f64);

fn costs(load: &Load) -> String {
    let loads = [1.0, 0.1, 0.01].map(|part| load.at(load.requests * part));
    let costs = loads.map(|load| Cost::of(&load));
    let row =
        |(name, value): &CostRow| format!("| {name} | {} |\n", costs.map(|cost| rounded(value(&cost))).join(" | "));
    let rows: [CostRow; 7] = [
        ("API Gateway", |cost| cost.gateway),
        ("Lambda", |cost| cost.lambda),
        ("DynamoDB: reads", |cost| cost.reads),
        ("DynamoDB: writes", |cost| cost.writes),
        ("logs", |cost| cost.logs),
        ("mails", |cost| cost.mails),
        ("in all", Cost::total),
    ];
    let head = format!("| at requests a second | {} |", loads.map(|load| rounded(load.requests)).join(" | "));
    let text = "USD for 730 hours of an even load, at list prices without discounts for volume.";
    section("What a month costs", text, &head, &rows.iter().map(row).collect::<Vec<_>>()) + "\n"
}

/// A heading, a text and a table, with a line between them.
fn section(title: &str, text: &str, head: &str, rows: &[String]) -> String {
    let columns = head.matches('|').count() - 1;
    format!("\n### {title}\n\n{text}\n\n{head}\n|{}\n{}", " --- |".repeat(columns), rows.concat())
}
