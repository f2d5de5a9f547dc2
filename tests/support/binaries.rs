//! The workspace's real binaries, for tests that start them.

use std::{path::PathBuf, process::Command, sync::LazyLock};

/// What this run's tests may start.
const TARGETS: &[&str] = if cfg!(feature = "lambda") { &["--bins"] } else { &["--bin", "local", "--bin", "operate"] };

/// The binaries' directory: this test's own profile's, in which they are built once in each run.
static DIRECTORY: LazyLock<PathBuf> = LazyLock::new(|| emulator::build(TARGETS));

/// Where the binary of this name is.
pub(crate) fn binary(name: &str) -> PathBuf {
    DIRECTORY.join(name)
}

/// The command's exit code and what it printed on either output.
pub(crate) fn operate(arguments: &[&str], endpoint: Option<&str>) -> (Option<i32>, String, String) {
    let mut command = Command::new(binary("operate"));
    command.args(arguments);
    if let Some(endpoint) = endpoint {
        command.env("AWS_ENDPOINT_URL_DYNAMODB", endpoint);
    }
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}
