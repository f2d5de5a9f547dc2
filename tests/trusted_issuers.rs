//! Tokens of other identity providers.

use std::{io::Write, process::Command, sync::atomic::Ordering, time::Duration};

use futures_util::future::join_all;
use local::{Bundle, Options};
use serde_json::{Value, json};
use shared::{clock, digest::sha256_hex, dynamo};

use crate::support::{
    Answer, Caller, Elsewhere, Idp, IdpAnswer, IdpKey, PASSWORD, binary, claims_of, mails_at, start_bundle, unique,
};

const RSA: &str = include_str!("fixtures/rsa-2048.pem");
const ED25519: &str = include_str!("fixtures/ed25519.pem");
const ACCESS: &str = "/api/auth/access";

/// The domain of the founder's address.
const DOMAIN: &str = "founder.example";

struct World {
    bundle: Bundle,
    idp: Idp,
    key: IdpKey,
    /// Another identity provider that is trusted.
    second: Idp,
    second_key: IdpKey,
    /// What vouches for both.
    _ca_file: tempfile::NamedTempFile,
    anyone: Elsewhere,
    /// An organization, and its founder's address and id.
    code: String,
    email: String,
    founder: String,
}

impl World {
    async fn new(key: IdpKey) -> Self {
        Self::with_domains(key, &[DOMAIN]).await
    }

    /// A world whose first identity provider may speak for these domains.
    async fn with_domains(key: IdpKey, domains: &[&str]) -> Self {
        let second_key = IdpKey::p256();
        let idp = Idp::start(IdpAnswer::keys(&[key.jwk("one")])).await;
        let second = Idp::start(IdpAnswer::keys(&[second_key.jwk("one")])).await;
        let trusted = json!([
            {
                "Issuer": "https://other.example", "Audience": "shop", "KeySet": "https://localhost:1/keys",
                "Domains": [DOMAIN],
            },
            {"Issuer": idp.name, "Audience": "shop", "KeySet": idp.key_set_url, "Domains": domains},
            {"Issuer": second.name, "Audience": "shop", "KeySet": second.key_set_url, "Domains": ["*"]},
        ]);
        let mut ca_file = tempfile::NamedTempFile::new().unwrap();
        for idp in [&idp, &second] {
            ca_file.write_all(&std::fs::read(&idp.ca_file).unwrap()).unwrap();
        }
        let options = Options {
            trusted_issuers: Some(trusted.to_string()),
            trusted_issuers_ca_file: Some(ca_file.path().to_str().unwrap().to_owned()),
            ..Options::in_memory()
        };
        let bundle = start_bundle(&options).await.unwrap();
        let anyone = Elsewhere { url: Some(bundle.url()), ..Elsewhere::default() };
        let email = format!("{}@{DOMAIN}", unique("ada"));
        let user = json!({"FirstName": "Ada", "LastName": "Lovelace", "Email": email, "Password": PASSWORD});
        let body = json!({"Organization": {"Name": unique("Org")}, "User": user});
        let created = anyone.post("/api/organizations", &body).await.ok();
        let code = created["Slug"].as_str().unwrap().to_owned();
        let login = json!({"Email": email, "Password": PASSWORD});
        let signed_in = anyone.post("/api/auth/login", &login).await.ok();
        let founder = signed_in["UserId"].as_str().unwrap().to_owned();
        Self { bundle, idp, key, second, second_key, _ca_file: ca_file, anyone, code, email, founder }
    }

    fn claims(&self, subject: &str) -> Value {
        let now = clock::now();
        json!({
            "iss": self.idp.name, "aud": ["shop", "else"], "sub": subject, "iat": now, "exp": now + 300,
            "email": self.email.to_uppercase(), "email_verified": true,
        })
    }

    fn header(&self) -> Value {
        json!({"alg": self.key.algorithm(), "kid": "one", "typ": "JWT"})
    }

    async fn access(&self, token: &str) -> Answer {
        let caller = Elsewhere { token: Some(token.to_owned()), ..self.anyone.clone() };
        caller.post(ACCESS, &json!({"OrgCode": self.code})).await
    }

    async fn access_with(&self, claims: &Value) -> Answer {
        self.access(&self.key.sign(&self.header(), claims)).await
    }

    /// The second identity provider says of its subject what the first one does.
    async fn access_by_second(&self, subject: &str) -> Answer {
        let mut claims = self.claims(subject);
        claims["iss"] = json!(self.second.name);
        self.access(&self.second_key.sign(&json!({"alg": "ES256", "kid": "one", "typ": "JWT"}), &claims)).await
    }

    async fn put_item(&self, item: Value) {
        let config = dynamo::Table::client_config(Some(&self.bundle.dynamodb_url())).build();
        let item = serde_dynamo::to_item(item).unwrap();
        let client = aws_sdk_dynamodb::Client::from_conf(config);
        client.put_item().table_name(Bundle::TABLE).set_item(Some(item)).send().await.unwrap();
    }

    /// Binds the founder to an identity as versions did that let an account have one of each issuer.
    async fn bind_as_before(&self, issuer: &str, subject: &str) {
        let (identity, of_issuer) = (sha256_hex(&[issuer, subject]), sha256_hex(&[issuer]));
        let user = format!("USER#{}", self.founder);
        for (pk, sk, entity) in [
            (format!("IDENTITY#{identity}"), "IDENTITY".to_owned(), "external identity"),
            (user, format!("ISSUER#{of_issuer}"), "account's issuer"),
        ] {
            let binding = json!({"user_id": self.founder, "issuer": issuer, "subject": subject});
            let mut item = json!({"pk": pk, "sk": sk, "entity": entity});
            item.as_object_mut().unwrap().extend(binding.as_object().unwrap().clone());
            self.put_item(item).await;
        }
    }
}

const ANOTHER_ISSUER: &str = "The account is bound to another issuer.";
const ANOTHER_IDENTITY: &str = "The account is bound to another identity of this issuer.";
const FOREIGN_DOMAIN: &str = "The issuer of this token may not speak for e-mail addresses of this domain.";
const INVALID: &str = "The access token is malformed, wrongly signed, or not for this service.";

#[tokio::test]
async fn a_token_of_a_trusted_issuer_becomes_our_organization_token_by_each_algorithm() {
    for key in [IdpKey::rsa(RSA), IdpKey::p256(), IdpKey::ed25519(ED25519)] {
        let world = World::new(key).await;
        let algorithm = world.key.algorithm();
        let access = world.access_with(&world.claims("u-1")).await.ok();
        assert_eq!((&access["UserId"], &access["Roles"]), (&json!(world.founder), &json!(["admin"])), "{algorithm}");
        let token = access["AccessToken"].as_str().unwrap().to_owned();
        assert_eq!(claims_of(&token)["iss"], world.bundle.url(), "it is our own");
        let admin = Elsewhere { token: Some(token), ..world.anyone.clone() };
        admin.get("/api/organization").await.ok();
        let foreign = world.key.sign(&world.header(), &world.claims("u-1"));
        let foreign = Elsewhere { token: Some(foreign), ..world.anyone.clone() };
        for path in ["/api/organization", "/api/users/me"] {
            assert_eq!(foreign.get(path).await.status, 401, "elsewhere it stands for nothing");
        }
        world.bundle.stop().await;
    }
}

#[tokio::test]
async fn each_bad_claim_header_and_signature_is_refused() {
    let world = World::new(IdpKey::p256()).await;
    let now = clock::now();
    for (name, value, status) in [
        ("iss", json!("https://evil.example"), 401),
        ("aud", json!("other"), 401),
        ("aud", Value::Null, 401),
        ("exp", json!(now - 100), 401),
        ("exp", Value::Null, 401),
        ("nbf", json!(now + 300), 401),
        ("sub", json!(""), 401),
        ("sub", Value::Null, 401),
        ("email_verified", json!(false), 403),
        ("email_verified", Value::Null, 403),
        ("email_verified", json!(1), 403),
        ("email", Value::Null, 403),
        ("email", json!("no address"), 403),
        ("email", json!("nobody@nowhere.example"), 403),
        ("email", json!(format!("nobody@{DOMAIN}")), 403),
        ("iat", json!(now + 3_600), 401),
        ("iat", json!("now"), 401),
        ("exp", json!(now + 24 * 60 * 60 + 60), 401),
        ("exp", json!(2_800_000_000_u64), 401),
    ] {
        let mut claims = world.claims("u-1");
        claims[name] = value.clone();
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        }
        assert_eq!(world.access_with(&claims).await.status, status, "{name} {value}");
    }
    let claims = world.claims("u-1");
    let other = IdpKey::p256();
    for token in [
        other.sign(&world.header(), &claims),
        world.key.sign(&json!({"alg": "none", "kid": "one"}), &claims),
        world.key.sign(&json!({"alg": "HS256", "kid": "one"}), &claims),
        world.key.sign(&json!({"alg": "RS256", "kid": "one"}), &claims),
        world.key.sign(&json!({"alg": "ES256", "kid": "two"}), &claims),
        world.key.sign(&world.header(), &claims) + "x",
    ] {
        assert_eq!(world.access(&token).await.status, 401, "{token}");
    }
    for (name, value) in [
        ("crit", json!(["https://acme.example/bound"])),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("typ", json!("logout+jwt")),
        ("typ", json!("secevent+jwt")),
        ("typ", json!("application/logout+jwt")),
        ("typ", json!("")),
        ("typ", json!(1)),
    ] {
        let mut header = world.header();
        header[name] = value.clone();
        let answer = world.access(&world.key.sign(&header, &claims)).await;
        assert_eq!(answer.status, 401, "{name} {value}");
        answer.problem(401, INVALID);
    }
    for typ in ["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt", "application/JWT"] {
        let mut header = world.header();
        header["typ"] = json!(typ);
        assert_eq!(world.access(&world.key.sign(&header, &claims)).await.status, 200, "{typ}");
    }
    let untyped = world.key.sign(&json!({"alg": "ES256", "kid": "one"}), &claims);
    assert_eq!(world.access(&untyped).await.status, 200, "many providers say no type");
    let mut longest = claims.clone();
    (longest["iat"], longest["exp"]) = (json!(now - 60), json!(now - 60 + 24 * 60 * 60));
    assert_eq!(world.access_with(&longest).await.status, 200, "a day is the longest life");
    longest["iat"] = json!(now - 61);
    world.access_with(&longest).await.problem(401, INVALID);
    longest.as_object_mut().unwrap().remove("iat");
    assert_eq!(world.access_with(&longest).await.status, 200, "made now, for all that it says");
    longest["exp"] = json!(now + 24 * 60 * 60 + 60);
    world.access_with(&longest).await.problem(401, INVALID);
    // A key of another kind or use than it says is none.
    for (name, value) in [("alg", "RS256"), ("use", "enc"), ("kty", "oct"), ("crv", "P-384")] {
        let mut jwk = world.key.jwk("changed");
        jwk[name] = json!(value);
        let world = World::new(IdpKey::p256()).await;
        world.idp.answers(IdpAnswer::keys(&[jwk]));
        let token = world.key.sign(&json!({"alg": "ES256", "kid": "changed"}), &claims);
        assert_eq!(world.access(&token).await.status, 401, "{name}");
    }
}

#[tokio::test]
async fn a_key_set_that_cant_be_reached_is_503_and_never_accepted() {
    let world = World::new(IdpKey::p256()).await;
    let elsewhere = Idp::start(IdpAnswer::keys(&[world.key.jwk("one")])).await;
    for answer in [
        IdpAnswer::Status(500),
        IdpAnswer::Status(404),
        IdpAnswer::Redirect(elsewhere.key_set_url.clone()),
        IdpAnswer::Huge,
        IdpAnswer::KeySet(json!("no set")),
        IdpAnswer::Nothing,
    ] {
        // A failure is remembered for a second.
        tokio::time::sleep(Duration::from_millis(1100)).await;
        world.idp.answers(answer.clone());
        let refused = world.access_with(&world.claims("u-1")).await;
        refused.problem(503, "The service is busy, and nothing was changed; try again.");
        assert!(!refused.header("retry-after").is_empty(), "{answer:?}");
    }
    assert_eq!(elsewhere.fetches.load(Ordering::SeqCst), 0, "no redirect is followed");
    world.idp.answers(IdpAnswer::keys(&[world.key.jwk("one")]));
    tokio::time::sleep(Duration::from_millis(1100)).await;
    world.access_with(&world.claims("u-1")).await.ok();
    // A server that nothing vouches for.
    let mut claims = world.claims("u-1");
    claims["iss"] = json!("https://other.example");
    assert_eq!(world.access_with(&claims).await.status, 503);
}

#[tokio::test]
async fn a_flood_of_invented_keys_is_no_flood_of_fetches() {
    let world = World::new(IdpKey::p256()).await;
    world.access_with(&world.claims("u-1")).await.ok();
    let tokens: Vec<_> = (0..40)
        .map(|n| world.key.sign(&json!({"alg": "ES256", "kid": format!("invented-{n}")}), &world.claims("u-1")))
        .collect();
    let answers = join_all(tokens.iter().map(|token| world.access(token))).await;
    assert!(answers.iter().all(|answer| answer.status == 401));
    assert!(world.idp.fetches.load(Ordering::SeqCst) <= 2);
    world.access_with(&world.claims("u-1")).await.ok();
}

#[tokio::test]
async fn an_account_is_bound_to_issuer_and_subject_from_the_first_time_on() {
    let world = World::new(IdpKey::p256()).await;
    world.access_with(&world.claims("u-1")).await.ok();
    // The welcome, and what tells the owner.
    let mails = mails_at(&world.anyone, &world.email, 2).await;
    assert!(mails.iter().any(|mail| mail["Subject"] == "Another way to sign in was added"), "{mails:?}");
    // The address moved on, there; the account stays the subject's.
    let mut moved = world.claims("u-1");
    moved["email"] = json!("new@elsewhere.example");
    assert_eq!(world.access_with(&moved).await.ok()["UserId"], world.founder.as_str());
    // The address belongs to another subject now.
    let taken = world.access_with(&world.claims("u-2")).await;
    taken.problem(403, ANOTHER_IDENTITY);
    // Sixteen first times at once bind once.
    let other = World::new(IdpKey::p256()).await;
    let subjects: Vec<_> = (0..16).map(|n| other.claims(&format!("u-{}", n % 2))).collect();
    let answers = join_all(subjects.iter().map(|claims| other.access_with(claims))).await;
    let in_of = |parity: usize| answers.iter().skip(parity).step_by(2).filter(|answer| answer.status == 200).count();
    assert_eq!([in_of(0), in_of(1)].iter().filter(|count| **count == 8).count(), 1, "{:?}", [in_of(0), in_of(1)]);
    assert_eq!(in_of(0) + in_of(1), 8);
}

#[tokio::test]
async fn an_account_that_is_bound_to_an_issuer_is_bound_to_no_other_one() {
    let world = World::new(IdpKey::p256()).await;
    world.access_with(&world.claims("u-1")).await.ok();
    world.access_by_second("ada").await.problem(403, ANOTHER_ISSUER);
    world.access_by_second("ada").await.problem(403, ANOTHER_ISSUER);
    world.access_with(&world.claims("u-1")).await.ok();
    // Of issuers that bind at the same time, exactly one does.
    let world = World::new(IdpKey::p256()).await;
    let claims = world.claims("u-1");
    let (by_first, by_second) = tokio::join!(
        join_all((0..8).map(|_| world.access_with(&claims))),
        join_all((0..8).map(|_| world.access_by_second("ada"))),
    );
    let bound = |answers: &[Answer]| answers.iter().filter(|answer| answer.status == 200).count();
    let (first, second) = (bound(&by_first), bound(&by_second));
    assert!(matches!((first, second), (8, 0) | (0, 8)), "{first} {second}");
    let refused = if first == 0 { &by_first } else { &by_second };
    for answer in refused {
        answer.problem(403, ANOTHER_ISSUER);
    }
}

#[tokio::test]
async fn an_account_that_was_bound_to_several_issuers_stays_theirs_and_becomes_nobody_elses() {
    let world = World::new(IdpKey::p256()).await;
    world.bind_as_before("https://gone.example", "u-0").await;
    // A binding from before counts, also where its issuer is trusted no more.
    world.access_with(&world.claims("u-1")).await.problem(403, ANOTHER_ISSUER);
    world.bind_as_before(&world.idp.name, "u-1").await;
    world.bind_as_before(&world.second.name, "ada").await;
    for _ in 0..2 {
        assert_eq!(world.access_with(&world.claims("u-1")).await.ok()["UserId"], world.founder.as_str());
        assert_eq!(world.access_by_second("ada").await.ok()["UserId"], world.founder.as_str());
        world.access_with(&world.claims("u-2")).await.problem(403, ANOTHER_IDENTITY);
        world.access_by_second("eve").await.problem(403, ANOTHER_IDENTITY);
    }
}

#[tokio::test]
async fn an_issuer_speaks_for_the_addresses_of_its_domains_alone() {
    let world = World::with_domains(IdpKey::p256(), &["other.example", "sub.founder.example"]).await;
    world.access_with(&world.claims("u-1")).await.problem(403, FOREIGN_DOMAIN);
    // The refusal tells nobody whether there is such an account.
    let mut claims = world.claims("u-1");
    claims["email"] = json!(format!("nobody@{DOMAIN}"));
    world.access_with(&claims).await.problem(403, FOREIGN_DOMAIN);
    world.access_by_second("ada").await.ok();
    let listed = World::with_domains(IdpKey::p256(), &["other.example", &DOMAIN.to_uppercase()]).await;
    listed.access_with(&listed.claims("u-1")).await.ok();
    // Of an account that is bound already, no address is asked.
    let mut moved = listed.claims("u-1");
    moved["email"] = json!("ada@moved.example");
    assert_eq!(listed.access_with(&moved).await.ok()["UserId"], listed.founder.as_str());
}

#[tokio::test]
async fn a_start_with_an_issuer_that_has_no_domains_is_one_clear_line_and_exit_code_1() {
    let trusted =
        json!([{"Issuer": "https://id.acme.example", "Audience": "shop", "KeySet": "https://id.acme.example/keys"}]);
    let mut command = Command::new(binary("local"));
    command.args(["--in-memory", "--port", "0", "--dynamodb-port", "0"]).env_remove("PORT");
    let output = command.args(["--trusted-issuers", &trusted.to_string()]).output().unwrap();
    let expected = "error: the environment variable TRUSTED_ISSUERS must say each issuer's Domains, the domains of the \
                    addresses that it may speak for, as [\"acme.example\"]; [\"*\"] is every domain\n";
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap().as_str()), (Some(1), expected));
}

#[tokio::test]
async fn the_first_proof_by_an_issuer_ends_what_a_squatter_has() {
    let world = World::new(IdpKey::p256()).await;
    let login = json!({"Email": world.email, "Password": PASSWORD});
    let before = world.anyone.post("/api/auth/login", &login).await.ok();
    let before = Elsewhere { token: Some(before["AccessToken"].as_str().unwrap().to_owned()), ..world.anyone.clone() };
    world.access_with(&world.claims("u-1")).await.ok();
    assert_eq!(before.post(ACCESS, &json!({"OrgCode": world.code})).await.status, 401);
    assert_eq!(world.anyone.post("/api/auth/login", &login).await.status, 401);
}

#[tokio::test]
async fn an_identity_enriches_for_nobody_else() {
    let world = World::new(IdpKey::p256()).await;
    let token = world.key.sign(&world.header(), &world.claims("u-1"));
    let caller = Elsewhere { token: Some(token), ..world.anyone.clone() };
    let body = json!({"OrgCode": world.code, "UserId": world.founder});
    caller.post(ACCESS, &body).await.problem(403, "Only a machine may enrich a token for another user.");
    let unknown = caller.post(ACCESS, &json!({"OrgCode": "org_unknown99"})).await;
    unknown.fields(&json!({"OrgCode": ["is no organization's code"]}));
}
