//! Whether a failed sign-in's time tells if the address has an account: known and unknown addresses by turns, in one
//! run.
//!
//! `cargo bench --bench sign_in`
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark fails by panicking and prints its table")]

use std::time::{Duration, Instant};

use local::{Bundle, Options};
use reqwest::Client;
use serde_json::json;
use shared::ids::random_id;

/// Addresses of each kind; five tries each stay below the limit of failures.
const ADDRESSES: usize = 60;
const TRIES: usize = 5;

#[tokio::main]
async fn main() {
    let options = Options { no_mailer: true, ..Options::in_memory() };
    let bundle = Bundle::start(&options).await.unwrap();
    let client = Client::new();
    let address = || format!("{}@bench.example", random_id(12));
    let (mut known, unknown): (Vec<_>, Vec<_>) = (Vec::new(), (0..ADDRESSES).map(|_| address()).collect());
    for _ in 0..ADDRESSES {
        let email = address();
        let user = json!({"FirstName": "A", "LastName": "B", "Email": email, "Password": "correct horse"});
        let made = client.post(format!("{}/api/users", bundle.url())).json(&user).send().await.unwrap();
        assert_eq!(made.status(), 200);
        known.push(email);
    }
    let attempt = async |email: &str| {
        let body = json!({"Email": email, "Password": "wrong"});
        let started = Instant::now();
        let answer = client.post(format!("{}/api/auth/login", bundle.url())).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 401);
        started.elapsed()
    };
    let mut times: [Vec<Duration>; 2] = [Vec::new(), Vec::new()];
    for round in 0..ADDRESSES * TRIES {
        let place = round % ADDRESSES;
        // The two kinds alternate in which comes first, so that neither profits from a warm cache.
        for kind in if round % 2 == 0 { [0, 1] } else { [1, 0] } {
            let email = if kind == 0 { &known[place] } else { &unknown[place] };
            times[kind].push(attempt(email).await);
        }
    }
    let [known, unknown] = &times;
    let pairs = known.iter().flat_map(|known| unknown.iter().map(move |unknown| known > unknown));
    let slower = pairs.filter(|slower| *slower).count();
    println!("| address | 5 % | median | 95 % |\n| --- | --- | --- | --- |");
    for (name, times) in [("known", known), ("unknown", unknown)] {
        let mut sorted = times.clone();
        sorted.sort_unstable();
        let at = |percent: usize| format!("{:.2} ms", sorted[sorted.len() * percent / 100].as_secs_f64() * 1e3);
        println!("| {name} | {} | {} | {} |", at(5), at(50), at(95));
    }
    let share = slower * 100 / (known.len() * unknown.len());
    println!("\nA known address takes longer than an unknown one in {share} % of all pairs (50 % tells nothing).");
    bundle.stop().await;
}
