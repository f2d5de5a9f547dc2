//! What a start, a call and a million calls of each function cost: one table of one interleaved run.
//!
//! `make bench`; with `--count` each route is called for what it asks of the table, and nothing is measured.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark fails by panicking and prints its tables")]

mod cases;
mod load;
mod measure;
mod price;
mod report;
mod world;

#[tokio::main]
async fn main() {
    let world = world::World::start().await;
    let cases = cases::cases(&world);
    let only_counts = std::env::args().any(|argument| argument == "--count");
    let mut rows = measure::counted(&world, &cases, !only_counts).await;
    if only_counts {
        return println!("{} rows are counted", rows.len());
    }
    measure::measure(&world, &mut rows).await;
    report::print(&rows);
    price::print(&rows);
    load::print(&world).await;
}
