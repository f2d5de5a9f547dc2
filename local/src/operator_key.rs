use std::{
    error::Error,
    io::{self, Write},
};

use clap::Args;
use shared::claims::{OperatorKey, OperatorKeys};

/// Makes an operator key, which sets subscriptions, and shows it this once.
#[derive(Debug, Args)]
pub(crate) struct MakeOperatorKey {
    /// What the key is called in the log: 1 to 40 characters of `a-z`, `0-9`, `_` and `-`.
    #[arg(default_value = "operator", value_parser = name)]
    name: String,
}

fn name(text: &str) -> Result<String, &'static str> {
    if OperatorKeys::is_name(text) { Ok(text.to_owned()) } else { Err("1 to 40 characters of a-z, 0-9, _ and -") }
}

impl MakeOperatorKey {
    pub(crate) fn run(&self) -> Result<(), Box<dyn Error>> {
        let key = OperatorKey::random();
        writeln!(
            io::stdout(),
            "Key, which is shown this once: {}\nFor OPERATOR_KEY_HASHES, beside the keys that it has: {}",
            key.expose(),
            key.entry(&self.name)
        )?;
        Ok(())
    }
}
