//! Starts and calls, by turns.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use emulator::{Instance, Reply};
use flate2::{Compression, write::DeflateEncoder};
use rand::seq::SliceRandom;
use serde_json::Value;
use tokio::process::Command;

use crate::{cases::Case, world::World};

/// Starts of each row.
const STARTS: usize = 40;
/// Turns of each row, each with a process of its own: where one process happens to lie in memory makes a tenth.
const TURNS: usize = 10;
/// Calls of a turn; a route that hashes a password makes a tenth. (By turns of one call each, thirty programs drive
/// each other out of two cores' caches, and no call is warm.)
const CALLS: usize = 200;
/// Calls of a turn before those.
const WARM_UP: usize = 50;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Empty,
    Bare,
    Ours,
    Python,
}

/// A program on a route, and what was measured of it.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) route: &'static str,
    pub(crate) size: u64,
    pub(crate) zipped: u64,
    pub(crate) cold_starts: Vec<Duration>,
    pub(crate) first_calls: Vec<Duration>,
    pub(crate) warm: Vec<Duration>,
    cpu: Duration,
    pub(crate) peak_kib: u64,
    /// DynamoDB calls, round trips, read units, write units.
    pub(crate) dynamodb: Option<[f64; 4]>,
    calls: usize,
    program: PathBuf,
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
    event: Vec<u8>,
}

/// The directory of the release binaries, which is this program's own.
fn binary(name: &str) -> PathBuf {
    let path = std::env::current_exe().unwrap().parent().unwrap().join(name);
    assert!(path.exists(), "{name} isn't built: make bench");
    path
}

fn zipped(path: &Path) -> u64 {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&fs::read(path).unwrap()).unwrap();
    u64::try_from(encoder.finish().unwrap().len()).unwrap()
}

impl Row {
    fn new(name: String, kind: Kind, route: &'static str, program: PathBuf, event: &Value) -> Self {
        Self {
            size: fs::metadata(&program).map_or(0, |file| file.len()),
            zipped: 0,
            name,
            kind,
            route,
            cold_starts: Vec::new(),
            first_calls: Vec::new(),
            warm: Vec::new(),
            cpu: Duration::ZERO,
            peak_kib: 0,
            dynamodb: None,
            calls: CALLS,
            program,
            arguments: Vec::new(),
            variables: Vec::new(),
            event: event.to_string().into_bytes(),
        }
    }

    async fn start(&self, world: &World) -> Instance {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).env_clear().envs(world.variables()).envs(self.variables.iter().cloned());
        command.stdout(Stdio::null()).stderr(Stdio::inherit());
        Instance::start(command, &self.name).await.unwrap()
    }

    async fn call(&self, instance: &mut Instance) -> (Value, Duration) {
        let (reply, time) = instance.invoke(self.event.clone().into()).await.unwrap();
        let Reply::Answer(answer) = reply else { panic!("{}: {reply:?}", self.name) };
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        assert!(answer["statusCode"] == 200 || answer["Unsent"].is_number(), "{}: {answer}", self.name);
        (answer, time)
    }

    pub(crate) fn cpu_per_call(&self) -> Duration {
        self.cpu / u32::try_from(self.warm.len()).unwrap()
    }

    async fn turn(&mut self, world: &World) {
        let mut instance = self.start(world).await;
        for _ in 0..WARM_UP {
            self.call(&mut instance).await;
        }
        let before = instance.cpu();
        for _ in 0..self.calls {
            let (_, time) = self.call(&mut instance).await;
            self.warm.push(time);
        }
        self.cpu += instance.cpu().saturating_sub(before);
        self.peak_kib = self.peak_kib.max(instance.peak_memory());
    }

    /// What a call costs in DynamoDB, by the function's own count.
    async fn count(&mut self, world: &World, case: &Case) {
        self.variables.push(("SERVER_TIMING".to_owned(), "true".to_owned()));
        let mut instance = self.start(world).await;
        self.call(&mut instance).await;
        let (answer, _) = self.call(&mut instance).await;
        let shown = answer["headers"]["server-timing"].as_str().unwrap_or_default().to_owned();
        let number = |name: &str| -> f64 {
            let rest = shown.split(&format!(" {name}=")).nth(1).or_else(|| shown.split(&format!("\"{name}=")).nth(1));
            rest.and_then(|rest| rest.split([' ', '"']).next()?.parse().ok()).unwrap_or_default()
        };
        let writes = number("write_units");
        if let Some(calls) = case.calls.as_ref().and_then(Value::as_array) {
            let bare = calls.iter().filter_map(Value::as_array).flatten().filter(|call| call["op"] != "sign").count();
            assert!(
                shown.contains(&format!("\"calls={bare} ")),
                "{}: the bare function makes {bare} calls: {shown}",
                self.name
            );
        }
        self.dynamodb = Some([number("calls"), number("round_trips"), number("units") - writes, writes]);
        self.variables.pop();
    }
}

/// The rows, with what each route asks of the table.
pub(crate) async fn counted(world: &World, cases: &[Case], with_python: bool) -> Vec<Row> {
    let mut rows = vec![Row::new("empty".to_owned(), Kind::Empty, "", binary("bench-empty"), &Value::Null)];
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/python/function.py");
    for case in cases {
        if let Some(calls) = &case.calls {
            let name = format!("bare: {}", case.name);
            let mut row = Row::new(name, Kind::Bare, case.name, binary("bench-bare"), &case.event);
            row.variables.push(("CALLS".to_owned(), calls.to_string()));
            rows.push(row);
        }
        let mut row = Row::new(
            format!("{}: {}", case.function, case.name),
            Kind::Ours,
            case.name,
            binary(case.function),
            &case.event,
        );
        if case.calls.is_none() {
            row.calls = CALLS / 10;
        }
        row.count(world, case).await;
        rows.push(row);
        if case.in_python && with_python {
            let mut row = Row::new(format!("Python: {}", case.name), Kind::Python, case.name, python(), &case.event);
            row.arguments.push(script.to_owned());
            rows.push(row);
        }
    }
    rows
}

/// Measures the rows.
pub(crate) async fn measure(world: &World, rows: &mut [Row]) {
    for row in rows.iter_mut().filter(|row| row.kind != Kind::Python) {
        row.zipped = zipped(&row.program);
    }
    let (with_python, without): (Vec<_>, Vec<_>) = (0..rows.len()).partition(|row| rows[*row].kind == Kind::Python);
    // The interpreter's last: what it leaves of the caches makes the next program's start longer by a third.
    for mut order in [without, with_python] {
        for _ in 0..STARTS {
            // By chance, since what started before a program makes its start longer or shorter.
            order.shuffle(&mut rand::rng());
            for place in &order {
                let row = &mut rows[*place];
                let mut instance = row.start(world).await;
                row.cold_starts.push(instance.cold_start());
                let (_, first) = row.call(&mut instance).await;
                row.first_calls.push(first);
            }
        }
    }
    for _ in 0..TURNS {
        for row in &mut *rows {
            row.turn(world).await;
        }
    }
}

/// The interpreter itself, past whatever launches it.
fn python() -> PathBuf {
    let asked = std::process::Command::new("python3").args(["-c", "import boto3, sys; print(sys.executable)"]).output();
    let asked = asked.unwrap();
    assert!(asked.status.success(), "the comparison with Python needs python3 with boto3: pip install boto3");
    PathBuf::from(String::from_utf8(asked.stdout).unwrap().trim())
}
