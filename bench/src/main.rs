//! What a start, a call and a million calls of each function cost: one table of one interleaved run.
//!
//! `make bench`
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
    let rows = measure::measure(&world, &cases).await;
    report::print(&rows);
    price::print(&rows);
    load::print(&world).await;
}
