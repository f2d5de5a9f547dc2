//! The function binaries behind a gateway, as they are deployed: the bundle beside them lends its DynamoDB and its
//! mailbox.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use emulator::{Environment, Function, Gateway, deployed_functions, deployed_routes};
use local::{Bundle, Consumer, Options};
use serde_json::{Value, json};
use shared::{
    ids::{OrganizationId, random_id},
    table::index_partitions,
};
use tokio::net::TcpListener;

use super::{
    Caller, Elsewhere, Idp, IdpAnswer, IdpKey, PASSWORD,
    billing::{STRIPE_SECRET, operator_key_hashes},
    binaries::binary,
    server::{MAX_INVITATIONS, Server},
    world::unique,
};

/// A gateway over every function, and what is beside it.
pub(crate) struct Deployment {
    pub(crate) server: Server,
    pub(crate) gateway: Gateway,
    _bundle: Bundle,
    /// Its certificate's file is read at each start of `auth`.
    _idp: Idp,
}

/// The partitions that each function's actions touched.
static NEEDED: Mutex<BTreeMap<String, Needs>> = Mutex::new(BTreeMap::new());

/// Actions, each with its partitions.
type Needs = BTreeMap<String, BTreeSet<String>>;

impl Deployment {
    /// Starts it where addresses have to be proven, or where not.
    pub(crate) async fn start(requires_proof: bool) -> Self {
        let bundle = Bundle::start(&Options { no_mailer: true, ..Options::in_memory() }).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let environment = Environment::new(&url, Bundle::TABLE, [random_id(48), random_id(48)])
            .with_table_at(&bundle.dynamodb_url())
            .with_mails_to(&bundle.ses_url())
            .with("OPERATOR_KEY_HASHES", &operator_key_hashes())
            .with("STRIPE_WEBHOOK_SECRETS", STRIPE_SECRET)
            .with("REQUIRE_VERIFIED_EMAIL", &requires_proof.to_string());
        let environment = if requires_proof {
            environment.with("MAX_INVITATIONS_PER_DAY", &MAX_INVITATIONS.to_string())
        } else {
            environment
        };
        // What no test of the shared API comes to, but a function needs access for.
        let key = IdpKey::p256();
        let idp = Idp::start(IdpAnswer::keys(&[key.jwk("one")])).await;
        let trusted = json!({"Issuer": idp.name, "Audience": "shop", "KeySet": idp.key_set_url, "Domains": ["*"]});
        let trusted = json!([trusted]).to_string();
        let environment = environment
            .with("TRUSTED_ISSUERS", &trusted)
            .with("TRUSTED_ISSUERS_CA_FILE", idp.ca_file.to_str().unwrap())
            .with("RUST_LOG", "info,iam=trace");
        let functions = deployed_functions().into_iter().map(|function| {
            let variables = environment.of(&function);
            Function::new(&function.name, binary(&function.name), variables)
        });
        let gateway = Gateway::new(deployed_routes(), functions.collect(), Some(&bundle.url()));
        tokio::spawn(gateway.clone().serve(listener));
        bundle.feed(MailerFunction(gateway.clone())).unwrap();
        sign_in_from_elsewhere(&url, &idp, &key).await;
        note_traced(&gateway);
        let auth = NEEDED.lock().unwrap_or_else(PoisonError::into_inner).get("auth").cloned().unwrap_or_default();
        assert!(!auth.is_empty(), "auth called the table and traced nothing: is the target of the IAM trace another?");
        let server = Server::at(url, &bundle);
        Self { server, gateway, _bundle: bundle, _idp: idp }
    }

    /// Keeps the file `path` at what each function has needed so far of the table, here and in every other deployment.
    pub(crate) async fn note_access(&self, path: PathBuf) {
        loop {
            tokio::time::sleep(Duration::from_millis(500)).await;
            note_traced(&self.gateway);
            let needed = NEEDED.lock().unwrap_or_else(PoisonError::into_inner);
            let needed: BTreeMap<_, _> = needed.iter().map(|(name, own)| (name, with_index_actions(own))).collect();
            let text = serde_json::to_string_pretty(&needed).unwrap();
            std::fs::write(&path, text + "\n").unwrap();
        }
    }
}

/// The partitions of a key's kind, as IAM's `dynamodb:LeadingKeys` names them: `?` is one character and `*` any.
fn partitions_like(partition: &str) -> String {
    match partition.split_once('#') {
        // An organization's id has 24 characters; what follows it says which of its partitions.
        Some(("ORG", rest)) => format!("ORG#{}{}", "?".repeat(24), rest.get(24..).unwrap_or_default()),
        Some((kind, _)) => format!("{kind}#*"),
        None => partition.to_owned(),
    }
}

/// What the counted index does in an order's partition. Which of it a run does depends on the buckets that random keys
/// fall into, and on what meets there.
const INDEX_ACTIONS: [&str; 6] = ["ConditionCheckItem", "DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"];

/// A function's needs, with all that the index does in each order in which the function counts.
fn with_index_actions(traced: &Needs) -> Needs {
    let orders = index_partitions(&OrganizationId::random()).map(|partition| partitions_like(&partition));
    let updated = traced.get("dynamodb:UpdateItem").into_iter().flatten();
    let counted: Vec<_> = updated.filter(|partition| orders.contains(partition)).collect();
    let mut needs = traced.clone();
    for (action, order) in INDEX_ACTIONS.iter().flat_map(|action| counted.iter().map(move |order| (action, *order))) {
        needs.entry(format!("dynamodb:{action}")).or_default().insert(order.clone());
    }
    needs
}

/// Adds what the functions behind this gateway have traced since they were last asked.
fn note_traced(gateway: &Gateway) {
    // A deployment that failed has said why; the others go on.
    let mut needed = NEEDED.lock().unwrap_or_else(PoisonError::into_inner);
    for function in gateway.functions() {
        let of_function = needed.entry(function.name().to_owned()).or_default();
        for line in function.take_lines() {
            let line: Value = serde_json::from_str(&line).unwrap_or_else(|_| json!({"panic": line}));
            assert!(line["panic"].is_null(), "{}: {line}", function.name());
            if let (Some(action), Some(partitions)) = (line["action"].as_str(), line["partitions"].as_str()) {
                of_function.entry(action.to_owned()).or_default().insert(partitions_like(partitions));
            }
        }
    }
}

/// A founder whose address another issuer proves.
async fn sign_in_from_elsewhere(url: &str, idp: &Idp, key: &IdpKey) {
    let anyone = Elsewhere { url: Some(url.to_owned()), ..Elsewhere::default() };
    let email = format!("{}@elsewhere.example", unique("ada"));
    let user = json!({"FirstName": "Ada", "LastName": "Lovelace", "Email": email, "Password": PASSWORD});
    let created =
        anyone.post("/api/organizations", &json!({"Organization": {"Name": unique("Org")}, "User": user})).await;
    let now = shared::clock::now();
    let code = created.ok()["Slug"].clone();
    // The proof of the address; then an identity that comes too late.
    for (subject, status) in [("u-1", 200), ("u-2", 403)] {
        let claims = json!({
            "iss": idp.name, "aud": "shop", "sub": subject, "exp": now + 300, "email": email, "email_verified": true,
        });
        let token = Some(key.sign(&json!({"alg": "ES256", "kid": "one"}), &claims));
        let access = Elsewhere { token, ..anyone.clone() }.post("/api/auth/access", &json!({"OrgCode": code})).await;
        assert_eq!(access.status, status, "{access:?}");
    }
}

/// The mailer's binary, fed by the bundle's stream.
struct MailerFunction(Gateway);

impl Consumer for MailerFunction {
    async fn handle(&self, event: Value) -> Result<Value, String> {
        let mailer = self.0.function("mailer").ok_or("no mailer")?;
        let answer = mailer.invoke(event.to_string().into()).await?;
        serde_json::from_slice(&answer).map_err(|error| error.to_string())
    }
}
