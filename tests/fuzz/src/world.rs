//! The whole API in this process, over the embedded engine, with one organization that has something of everything.

use std::cell::RefCell;

use axum::{
    Router,
    body::Body,
    http::{Request, Response, StatusCode, header},
};
use http_body_util::BodyExt;
use lambda_http::tower::ServiceExt;
use local::{Bundle, Options};
use serde_json::{Value, json};
use shared::{dynamo::Costs, problem::ProblemCode};
use tokio::runtime::{Builder, Runtime};

/// Writes that a bundle takes: each one makes the engine's stream longer, and the engine slower.
const MOST_WRITES: u32 = 500;

/// A whole answer, read.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) content_type: String,
    pub(crate) request_id: String,
    pub(crate) body: Vec<u8>,
    /// What the call wrote, in DynamoDB's units.
    pub(crate) written: f64,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// An organization, its admin and its machine.
pub(crate) struct World {
    bundle: Bundle,
    router: Router,
    writes: u32,
    pub(crate) code: String,
    pub(crate) user: String,
    pub(crate) user_token: String,
    pub(crate) admin_token: String,
    pub(crate) api_key: String,
}

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread().enable_all().build().unwrap();
    static WORLD: RefCell<Option<World>> = const { RefCell::new(None) };
}

/// Has `work` done in a world, a new one where there is none yet or the one before is used up.
pub(crate) fn with_world(work: impl AsyncFnOnce(&mut World)) {
    RUNTIME.with(|runtime| {
        WORLD.with_borrow_mut(|world| {
            runtime.block_on(async {
                if let Some(used) = world.take_if(|world| world.writes > MOST_WRITES) {
                    used.bundle.stop().await;
                }
                let mut fresh = match world.take() {
                    Some(world) => world,
                    None => World::new().await,
                };
                work(&mut fresh).await;
                *world = Some(fresh);
            });
        });
    });
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("a text: {value}")).to_owned()
}

impl World {
    async fn new() -> Self {
        let bundle = Bundle::start(&Options::in_memory()).await.unwrap();
        let router = bundle.router();
        let mut world = Self {
            bundle,
            router,
            writes: 0,
            code: String::new(),
            user: String::new(),
            user_token: String::new(),
            admin_token: String::new(),
            api_key: String::new(),
        };
        let founder =
            json!({"FirstName": "Ada", "LastName": "Lovelace", "Email": "ada@a.example", "Password": "correct horse"});
        let created =
            world.post("/api/organizations", "", json!({"Organization": {"Name": "Acme"}, "User": founder})).await;
        world.code = text(&created["Slug"]);
        let mut login = json!({"Email": "ada@a.example", "Password": "correct horse"});
        world.user_token = text(&world.post("/api/auth/login", "", login.clone()).await["AccessToken"]);
        login["OrgCode"] = json!(world.code);
        let signed_in = world.post("/api/auth/login", "", login).await;
        (world.user, world.admin_token) = (text(&signed_in["UserId"]), text(&signed_in["AccessToken"]));
        let admin = world.admin_token.clone();
        let machine = world.post("/api/organizations/api-access", &admin, json!({"Name": "erp"})).await;
        world.api_key = text(&machine["ApiKey"]);
        world.post("/api/organizations/price-tiers", &admin, json!({"Name": "Gold", "CurrencyCode": "EUR"})).await;
        let link = json!({"Email": "ada@a.example", "CustomerNumber": "C-1"});
        world.post("/api/organizations/users/associate-customer", &admin, link).await;
        world.writes = 0;
        world
    }

    async fn post(&mut self, path: &str, token: &str, body: Value) -> Value {
        let mut request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
        if !token.is_empty() {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let answer = self.call(request.body(body.to_string().into()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        if answer.body.is_empty() { Value::Null } else { answer.json() }
    }

    /// The answer to a request.
    pub(crate) async fn call(&mut self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let written = response.extensions().get::<Costs>().map_or(0.0, |costs| costs.write_units);
        self.writes += u32::from(written > 0.0);
        let header = |response: &Response<Body>, name: &str| {
            response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
        };
        let (content_type, request_id) = (header(&response, "content-type"), header(&response, "x-request-id"));
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes().to_vec();
        Answer { status, content_type, request_id, body, written }
    }

    /// Gives the world up where its admin is no longer signed in: the input changed a password, or left.
    pub(crate) async fn check(&mut self) {
        let request = Request::get("/api/organization").header("authorization", format!("Bearer {}", self.admin_token));
        if self.call(request.body(Body::empty()).unwrap()).await.status != StatusCode::OK {
            self.writes = MOST_WRITES + 1;
        }
    }
}

/// Asserts what every answer keeps, whatever it answers.
pub(crate) fn check_answer(answer: &Answer) {
    assert!(answer.status.as_u16() < 500, "{answer:?}");
    assert!(!answer.request_id.is_empty(), "{answer:?}");
    if answer.status.as_u16() < 400 {
        if answer.content_type == "application/json" && !answer.body.is_empty() {
            answer.json();
        }
        return;
    }
    let problem = answer.json();
    if answer.content_type == "application/json" {
        // The token endpoint's errors have a form of their own (RFC 6749, section 5.2).
        assert!(problem["error"].is_string() && problem["error_description"].is_string(), "{answer:?}");
        return;
    }
    assert_eq!(answer.content_type, "application/problem+json", "{answer:?}");
    let code = ProblemCode::ALL.iter().find(|code| code.as_str() == problem["code"]).expect("a code of the catalogue");
    assert!(problem["type"].as_str().unwrap().ends_with(&format!("/problems#{}", code.as_str())), "{answer:?}");
    assert_eq!(problem["status"], answer.status.as_u16(), "{answer:?}");
    assert_eq!((problem["title"].as_str(), code.status()), (Some(code.title()), answer.status), "{answer:?}");
    assert_eq!(problem["traceId"], answer.request_id, "{answer:?}");
    for (name, faults) in problem["errors"].as_object().into_iter().flatten() {
        let faults = faults.as_array().unwrap();
        assert!(!faults.is_empty() && faults.iter().all(|fault| fault.as_str().is_some_and(|fault| !fault.is_empty())));
        assert!(name.chars().count() < 2_000, "{answer:?}");
    }
    if answer.status == StatusCode::BAD_REQUEST {
        assert!(problem["errors"].is_object() || problem["detail"].is_string(), "a mistake is named: {answer:?}");
    }
    // A wrong password is counted, a right one is noted, and nothing else that is refused leaves a trace.
    let tried_a_password = problem["errors"]["OldPassword"].is_array()
        || matches!(code, ProblemCode::OrganizationNotFound | ProblemCode::NoRole | ProblemCode::CustomerInactive)
        || matches!(answer.status, StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS);
    if !tried_a_password {
        assert!(answer.written == 0.0, "what is refused changes nothing: {answer:?}");
    }
}
