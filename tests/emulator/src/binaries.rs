//! The workspace's real binaries, for programs of the workspace that start them.

use std::{env, path::PathBuf, process::Command};

/// Builds binaries of the workspace by the profile of the program that calls this, and returns their directory.
///
/// # Panics
/// They can't be built.
#[must_use]
pub fn build(targets: &[&str]) -> PathBuf {
    let program = env::current_exe().unwrap();
    // A test's own place is below the binaries.
    let directory = program.parent().unwrap();
    let directory = if directory.ends_with("deps") { directory.parent().unwrap() } else { directory };
    let profile = match directory.file_name().and_then(|name| name.to_str()).unwrap() {
        "debug" => "dev",
        other => other,
    };
    // Of the whole workspace, as a test itself is: of one package, what it depends on would have other features.
    let mut build = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    build.args(["build", "--workspace", "--quiet", "--profile", profile]).args(targets);
    build.arg("--target-dir").arg(directory.parent().unwrap());
    // What Cargo tells a program of its package would tell build scripts that something has changed.
    for (name, _) in
        env::vars().filter(|(name, _)| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"))
    {
        build.env_remove(name);
    }
    assert!(build.status().unwrap().success());
    directory.to_owned()
}
