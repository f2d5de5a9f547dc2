use clap::{Parser, ValueEnum};

/// Makes random calls of the function binaries through faults, and checks what came of them.
#[derive(Clone, Debug, Parser)]
pub(crate) struct Args {
    /// The calls that are made, beside those that set up organizations.
    #[arg(long, default_value_t = 10_000)]
    pub(crate) calls: u64,
    /// The clients that call at once.
    #[arg(long, default_value_t = 32)]
    pub(crate) clients: usize,
    /// How many of a hundred calls of the table meet a fault.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(0..=90))]
    pub(crate) faults: u32,
    /// One of so many calls is followed by the kill of a function's process; 0 kills none.
    #[arg(long, default_value_t = 80)]
    pub(crate) one_kill_in: u64,
    /// How often the engine, which is on a file then, is restarted.
    #[arg(long, default_value_t = 0)]
    pub(crate) restarts: u64,
    /// What the calls and faults are drawn from.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Breaks something on purpose, and succeeds where the checker that this is for reports it.
    #[arg(long)]
    pub(crate) sabotage: Option<Sabotage>,
    /// Prints every call of a history that has no order.
    #[arg(long)]
    pub(crate) histories: bool,
}

/// What is broken on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sabotage {
    /// Transactions are answered as done and aren't.
    LostWrite,
    /// What transactions add to counts is added twice.
    DoubledWrite,
    /// Transactions stay half done.
    HalfState,
    /// Reads answer what earlier ones did.
    StaleRead,
}

impl From<Sabotage> for faults::Sabotage {
    fn from(sabotage: Sabotage) -> Self {
        match sabotage {
            Sabotage::LostWrite => Self::LostWrite,
            Sabotage::DoubledWrite => Self::DoubledWrite,
            Sabotage::HalfState => Self::HalfState,
            Sabotage::StaleRead => Self::StaleRead,
        }
    }
}
