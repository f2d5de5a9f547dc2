//! Requests of every operation, whatever their bodies: no 5xx, every error is a problem document that says what is
//! wrong, and what is refused has written nothing.

use axum::{
    body::Body,
    http::{Method, Request},
};

use crate::world::{World, check_answer, with_world};

/// A line with the method, the path with its query, and who calls (`admin`, `user`, `machine`, `nobody`, or what is
/// then an API key), and a body. `$CODE` and `$USER` stand for the organization's code and the admin's id.
pub(crate) fn run(data: &[u8]) {
    let [line, body] = crate::lines(data);
    let mut words = line.split_whitespace();
    let (Some(method), Some(path), Some(caller)) = (words.next(), words.next(), words.next()) else { return };
    let Ok(method) = Method::from_bytes(method.as_bytes()) else { return };
    with_world(async |world| {
        let put = |text: &str| text.replace("$CODE", &world.code).replace("$USER", &world.user);
        let Some(request) = request(world, method, &put(path), caller, put(&body)) else { return };
        let answer = world.call(request).await;
        check_answer(&answer);
        let known = matches!(caller, "admin" | "user" | "machine" | "nobody") || caller == world.api_key;
        assert!(known || is_open(path) || answer.status.as_u16() >= 400, "nobody has this key: {answer:?}");
        if answer.written > 0.0 {
            world.check().await;
        }
    });
}

/// Whether anybody may call.
fn is_open(path: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    let open =
        ["/.well-known/", "/account/", "/api/auth/", "/_local/", "/health", "/oauth2/", "/openapi.json", "/problems"];
    open.iter().any(|open| path.starts_with(open)) || matches!(path, "/api/organizations" | "/api/users")
}

fn request(world: &World, method: Method, path: &str, caller: &str, body: String) -> Option<Request<Body>> {
    let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    let request = match caller {
        "nobody" => request,
        "admin" => request.header("authorization", format!("Bearer {}", world.admin_token)),
        "user" => request.header("authorization", format!("Bearer {}", world.user_token)),
        "machine" => request.header("x-api-key", &world.api_key),
        key => request.header("x-api-key", key),
    };
    request.body(body.into()).ok()
}
