//! The workspace's real binaries, for tests that start them.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

/// What this run's tests may start.
const TARGETS: &[&str] = if cfg!(feature = "lambda") { &["--bins"] } else { &["--bin", "local", "--bin", "operate"] };

/// The binaries' directory: this test's own profile's, in which they are built once in each run.
static DIRECTORY: LazyLock<PathBuf> = LazyLock::new(|| {
    let test = env::current_exe().unwrap();
    let directory = test.parent().and_then(Path::parent).unwrap();
    let profile = match directory.file_name().and_then(|name| name.to_str()).unwrap() {
        "debug" => "dev",
        other => other,
    };
    // Of the whole workspace, as the test itself was: of one package, what it depends on would have other features.
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--workspace", "--quiet", "--profile", profile]).args(TARGETS);
    build.arg("--target-dir").arg(directory.parent().unwrap());
    // What Cargo tells a test of its package would tell build scripts that something has changed.
    for (name, _) in
        env::vars().filter(|(name, _)| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"))
    {
        build.env_remove(name);
    }
    assert!(build.status().unwrap().success());
    directory.to_owned()
});

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
