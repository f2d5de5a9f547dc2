//! A function behind a distribution of `CloudFront`, as it is deployed with one.

use emulator::{Environment, Function, Gateway, deployed_functions, deployed_routes};
use reqwest::Method;
use serde_json::json;
use shared::ids::random_id;
use tokio::net::TcpListener;

use crate::support::{Caller, Elsewhere, PASSWORD, binary, server, unique};

const LOGIN: &str = "/api/auth/login";

/// Where `auth` is that takes the secret's requests alone.
async fn behind_a_distribution(secret: &str) -> Elsewhere {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let environment = Environment::new(&url, &server().table, [random_id(48), random_id(48)])
        .with_table_at(&server().dynamodb_url)
        .with("ORIGIN_SECRETS", secret);
    let auth = deployed_functions().into_iter().find(|function| function.name == "auth").unwrap();
    let function = Function::new("auth", binary("auth"), environment.of(&auth));
    tokio::spawn(Gateway::new(deployed_routes(), vec![function], None).serve(listener));
    Elsewhere { url: Some(url), ..Elsewhere::default() }
}

#[tokio::test]
async fn what_comes_past_the_distribution_is_refused_and_the_limits_are_those_of_the_viewers() {
    let secret = random_id(48);
    let api = behind_a_distribution(&secret).await;
    let login = json!({"Email": format!("{}@person.example", unique("grace")), "Password": PASSWORD});
    let answer = async |secret: Option<&str>, viewer: &str| {
        let request = api.request(Method::POST, LOGIN).header("x-viewer-address", viewer).json(&login);
        api.send(secret.into_iter().fold(request, |request, secret| request.header("x-origin-secret", secret))).await
    };
    let past = "This address is not the API's own, which is the issuer of its tokens.";
    answer(None, "198.51.100.7").await.problem(421, past);
    answer(Some("another secret of as many letters"), "198.51.100.7").await.problem(421, past);
    for _ in 0..10 {
        assert_eq!(answer(Some(&secret), "198.51.100.7").await.status, 401);
    }
    assert_eq!(answer(Some(&secret), "198.51.100.7").await.status, 429, "the attempts of one viewer");
    assert_eq!(answer(Some(&secret), "2001:db8::7").await.status, 401, "another one's");
}
