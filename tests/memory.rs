//! What the functions' processes hold at the largest inputs that can reach them.

use serde_json::{Value, json};

use crate::support::{Caller, Deployment, Elsewhere, PASSWORD};

/// The memory of the smallest function that Lambda has, in KiB.
const SMALLEST_FUNCTION: u64 = 128 * 1024;

/// The longest body that fits into an event: Lambda takes 6 MB, and the gateway writes the head beside the body.
const LONGEST: usize = 5_900_000;

/// The longest body that is read.
const LONGEST_READ: usize = 64 * 1024;

/// A JSON object of as many fields as fit.
fn of_many_fields() -> String {
    let fields: Vec<_> = (0..5_000).map(|number| format!("\"f{number:05}\":1")).collect();
    format!("{{{}}}", fields.join(","))
}

#[tokio::test]
async fn the_largest_inputs_fit_into_the_smallest_function() {
    let deployment = Deployment::start(false).await;
    let anyone = Elsewhere { url: Some(deployment.server.url.clone()), ..Elsewhere::default() };
    let json = Some("application/json");
    let longest_password = "ü".repeat(128);
    let user = json!({"FirstName": "Ada", "LastName": "Lovelace", "Email": "ada@memory.example", "Password": PASSWORD});
    let bodies: [(&str, String, u16); 6] = [
        ("5.9 MB of a text", format!("{{\"a\":\"{}\"}}", "x".repeat(LONGEST)), 413),
        ("5.9 MB of escapes", "\u{1}".repeat(LONGEST / 6), 413),
        ("64 KiB of fields", of_many_fields(), 400),
        ("64 KiB of arrays", format!("{{\"a\":{}}}", "[".repeat(LONGEST_READ - 6)), 400),
        ("64 KiB of a text", format!("{{\"FirstName\":\"{}\"}}", "x".repeat(LONGEST_READ - 20)), 400),
        ("a good account", user.to_string(), 200),
    ];
    for (name, body, status) in bodies {
        let answer = anyone.raw(reqwest::Method::POST, "/api/users", json, body).await;
        assert_eq!(answer.status, status, "{name}: {answer:?}");
    }
    let login = json!({"Email": "ada@memory.example", "Password": longest_password});
    assert_eq!(anyone.post("/api/auth/login", &login).await.status, 401);
    let signed_in: Value =
        anyone.post("/api/auth/login", &json!({"Email": user["Email"], "Password": PASSWORD})).await.ok();
    assert_eq!(signed_in["TokenUse"], "user");

    for name in ["accounts", "auth"] {
        let peak = deployment.gateway.function(name).unwrap().peak_memory();
        assert!(peak > 0 && peak < SMALLEST_FUNCTION, "{name}: {peak} KiB");
    }
}
