//! `/api/organizations/price-tiers`.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Caller, Member, Operator, tenant};

const PATH: &str = "/api/organizations/price-tiers";

#[track_caller]
fn done(answer: &Answer) {
    assert_eq!((answer.status, answer.text.as_str()), (200, ""), "{answer:?}");
}

async fn add(admin: &Member, name: &str, currency: &str) {
    done(&admin.post(PATH, &json!({"Name": name, "CurrencyCode": currency})).await);
}

async fn change(admin: &Member, old: &str, new: &str) -> Answer {
    put(admin, &json!({"OldName": old, "NewName": new, "CurrencyCode": "EUR"})).await
}

async fn put(admin: &Member, body: &Value) -> Answer {
    admin.send(admin.request(Method::PUT, PATH).json(body)).await
}

async fn customer(admin: &Member, number: &str, tier: &str) -> Answer {
    let body = json!({"CustomerNumber": number, "CompanyName": "Acme Retail", "Pricing": tier});
    admin.send(admin.request(Method::PUT, "/api/customers").json(&body)).await
}

#[tokio::test]
async fn tiers_are_added_listed_by_name_changed_and_removed() {
    let admin = tenant().await.admin;
    assert_eq!(admin.get(PATH).await.ok(), json!([]));
    for (name, currency) in [("silver", "USD"), (" Gold ", "eur"), ("Ärzte", "CHF")] {
        add(&admin, name, currency).await;
    }
    let gold = json!({"Name": "Gold", "CurrencyCode": "EUR"});
    let silver = json!({"Name": "silver", "CurrencyCode": "USD"});
    let doctors = json!({"Name": "Ärzte", "CurrencyCode": "CHF"});
    assert_eq!(admin.get(PATH).await.ok(), json!([gold, silver, doctors]));

    done(&put(&admin, &json!({"OldName": "SILVER", "NewName": "Platinum", "CurrencyCode": "gbp"})).await);
    done(&put(&admin, &json!({"OldName": "gold", "NewName": "Gold"})).await);
    let gold = json!({"Name": "Gold", "CurrencyCode": "USD"});
    let platinum = json!({"Name": "Platinum", "CurrencyCode": "GBP"});
    assert_eq!(admin.get(PATH).await.ok(), json!([gold, platinum, doctors]));

    done(&admin.delete(PATH, &json!({"Name": "GOLD"})).await);
    done(&admin.send(admin.request(Method::DELETE, &format!("{PATH}?Name=%C3%A4RZTE"))).await);
    assert_eq!(admin.get(PATH).await.ok(), json!([platinum]));
}

#[tokio::test]
async fn every_bad_field_is_named() {
    let admin = tenant().await.admin;
    let currency = json!(["must be the code of an active ISO 4217 currency such as EUR"]);
    let required = json!(["is required"]);
    let long = "x".repeat(101);
    let cases = [
        (Method::POST, json!({}), json!({"Name": required, "CurrencyCode": required})),
        (Method::POST, json!({"Name": "a", "CurrencyCode": "BGN"}), json!({"CurrencyCode": currency})),
        (
            Method::POST,
            json!({"Name": long, "CurrencyCode": 978}),
            json!({"Name": ["must have at most 100 characters"], "CurrencyCode": ["must be a string"]}),
        ),
        (Method::POST, json!({"Name": " ", "CurrencyCode": "EUR"}), json!({"Name": ["must have 1 to 100 characters"]})),
        (Method::PUT, json!({}), json!({"OldName": required, "NewName": required})),
        (
            Method::PUT,
            json!({"OldName": "a", "NewName": "b\u{1}", "CurrencyCode": "AAA"}),
            json!({"NewName": ["must not hold control characters"], "CurrencyCode": currency}),
        ),
        (
            Method::PUT,
            json!({"OldName": "none", "NewName": "None"}),
            json!({"OldName": ["is no price tier of this organization"]}),
        ),
        (
            Method::PUT,
            json!({"OldName": "none", "NewName": "some"}),
            json!({"OldName": ["is no price tier of this organization"]}),
        ),
        (Method::DELETE, json!({}), json!({"Name": required})),
        (Method::DELETE, json!({"Name": "none"}), json!({"Name": ["is no price tier of this organization"]})),
    ];
    for (method, body, errors) in cases {
        admin.send(admin.request(method, PATH).json(&body)).await.fields(&errors);
    }
    assert_eq!(admin.get(PATH).await.ok(), json!([]));
}

#[tokio::test]
async fn a_name_is_taken_within_its_organization_alone_whatever_its_case() {
    let (ours, theirs) = (tenant().await.admin, tenant().await.admin);
    add(&ours, "Straße", "EUR").await;
    add(&ours, "Weg", "EUR").await;
    add(&theirs, "Straße", "USD").await;
    let taken = ours.post(PATH, &json!({"Name": "STRASSE", "CurrencyCode": "USD"})).await;
    taken.fields(&json!({"Name": ["is taken"]}));
    change(&ours, "weg", "strasse").await.fields(&json!({"NewName": ["is taken"]}));
    let expected = json!([
        {"Name": "Straße", "CurrencyCode": "EUR"},
        {"Name": "Weg", "CurrencyCode": "EUR"},
    ]);
    assert_eq!(ours.get(PATH).await.ok(), expected);
}

#[tokio::test]
async fn a_rename_in_case_only_and_back_and_forth_keeps_the_customers() {
    let admin = tenant().await.admin;
    add(&admin, "Gold", "EUR").await;
    customer(&admin, "C-1", "gold").await.ok();
    for (old, new) in [("Gold", "GOLD"), ("gold", "Silver"), ("SILVER", "Gold"), ("Gold", "Gold")] {
        done(&change(&admin, old, new).await);
        assert_eq!(admin.get(PATH).await.ok(), json!([{"Name": new, "CurrencyCode": "EUR"}]));
        assert_eq!(admin.get("/api/customers/C-1").await.ok()["Pricing"], new);
    }
    // The name that was left is free again.
    add(&admin, "Silver", "EUR").await;
}

#[tokio::test]
async fn a_tier_with_customers_is_not_removed_and_says_how_many() {
    let admin = tenant().await.admin;
    add(&admin, "Gold", "EUR").await;
    add(&admin, "Silver", "EUR").await;
    let removal = json!({"Name": "Gold"});
    for number in 1..=20 {
        customer(&admin, &format!("C-{number}"), "Gold").await.ok();
        let expected = match number {
            1 => "can't be removed: 1 customer is on it".to_owned(),
            _ => format!("can't be removed: {number} customers are on it"),
        };
        admin.delete(PATH, &removal).await.fields(&json!({"Name": [expected]}));
    }
    // Written again, moved away, removed: the count follows.
    customer(&admin, "C-1", "Gold").await.ok();
    for number in 1..=19 {
        customer(&admin, &format!("C-{number}"), "Silver").await.ok();
    }
    admin.delete(PATH, &removal).await.fields(&json!({"Name": ["can't be removed: 1 customer is on it"]}));
    admin.delete("/api/customers/C-20", &json!({})).await.ok();
    done(&admin.delete(PATH, &removal).await);
    let expected = json!({"Name": ["can't be removed: 19 customers are on it"]});
    admin.delete(PATH, &json!({"Name": "Silver"})).await.fields(&expected);
}

#[tokio::test]
async fn an_organization_has_at_most_100_tiers() {
    let tenant = tenant().await;
    Operator.subscribe(&tenant.id, "enterprise").await;
    let admin = tenant.admin;
    let bodies: Vec<_> = (0..105).map(|n| json!({"Name": format!("Tier {n:03}"), "CurrencyCode": "EUR"})).collect();
    for body in &bodies[..95] {
        done(&admin.post(PATH, body).await);
    }
    let answers = join_all(bodies[95..].iter().map(|body| admin.post(PATH, body))).await;
    let (added, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!((added.len(), refused.len()), (5, 5));
    for answer in refused {
        answer.fields(&json!({"Name": ["can't be added: there are 100 price tiers already"]}));
    }
    assert_eq!(admin.get(PATH).await.ok().as_array().unwrap().len(), 100);
    done(&admin.delete(PATH, &json!({"Name": "Tier 000"})).await);
    add(&admin, "One more", "EUR").await;
}

#[tokio::test]
async fn sixteen_adds_of_one_tier_give_one_200() {
    let admin = tenant().await.admin;
    let names = ["Gold", "GOLD", "gold", "gOLD"];
    let bodies: Vec<_> = (0..16).map(|n| json!({"Name": names[n % 4], "CurrencyCode": "EUR"})).collect();
    let answers = join_all(bodies.iter().map(|body| admin.post(PATH, body))).await;
    let (added, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!((added.len(), refused.len()), (1, 15));
    for answer in refused {
        answer.fields(&json!({"Name": ["is taken"]}));
    }
    assert_eq!(admin.get(PATH).await.ok().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_tier_deleted_while_customers_are_put_onto_it_is_never_gone_under_one() {
    let admin = tenant().await.admin;
    add(&admin, "Other", "EUR").await;
    for round in 0..50 {
        add(&admin, "Gold", "EUR").await;
        let numbers: Vec<_> = (0..3).map(|n| format!("R{round}-{n}")).collect();
        let puts = join_all(numbers.iter().map(|number| customer(&admin, number, "Gold")));
        let removal = json!({"Name": "Gold"});
        let (puts, removed) = futures_util::future::join(puts, admin.delete(PATH, &removal)).await;
        let put = puts.iter().filter(|answer| answer.status == 200).count();
        for answer in puts.iter().filter(|answer| answer.status != 200) {
            answer.fields(&json!({"Pricing": ["is no price tier of this organization"]}));
        }
        let tiers = admin.get(PATH).await.ok().as_array().unwrap().len();
        if removed.status == 200 {
            assert_eq!((put, tiers), (0, 1), "round {round}: no customer is on a tier that is gone");
        } else {
            let Some(errors) = removed.json().get("errors").cloned() else { panic!("{removed:?}") };
            let said = errors["Name"][0].as_str().unwrap().to_owned();
            assert!(said.starts_with("can't be removed: "), "{said}");
            assert!(put > 0 && tiers == 2, "round {round}: a delete that should not have been refused");
            for (number, answer) in numbers.iter().zip(&puts) {
                if answer.status == 200 {
                    assert_eq!(admin.get(&format!("/api/customers/{number}")).await.ok()["Pricing"], "Gold");
                    admin.delete(&format!("/api/customers/{number}"), &json!({})).await.ok();
                }
            }
            done(&admin.delete(PATH, &removal).await);
        }
    }
}

#[tokio::test]
async fn a_patch_changes_what_it_names_of_a_tier_and_leaves_the_rest() {
    let admin = tenant().await.admin;
    add(&admin, "Gold", "EUR").await;
    add(&admin, "Silver", "USD").await;
    let customer = json!({"CustomerNumber": "C-1", "CompanyName": "A", "Pricing": "Gold"});
    admin.send(admin.request(Method::PUT, "/api/customers").json(&customer)).await.ok();
    for (patch, tier) in [
        (json!({"Name": "gold"}), json!({"Name": "Gold", "CurrencyCode": "EUR"})),
        (json!({"Name": "gold", "NewName": "GOLD"}), json!({"Name": "GOLD", "CurrencyCode": "EUR"})),
        (json!({"Name": "Gold", "NewName": " Premium "}), json!({"Name": "Premium", "CurrencyCode": "EUR"})),
        (json!({"Name": "Premium", "CurrencyCode": "chf"}), json!({"Name": "Premium", "CurrencyCode": "CHF"})),
        (
            json!({"Name": "Premium", "NewName": "Gold", "CurrencyCode": "NOK"}),
            json!({"Name": "Gold", "CurrencyCode": "NOK"}),
        ),
    ] {
        assert_eq!(admin.patch(PATH, &patch).await.ok(), tier);
        assert_eq!(admin.get(PATH).await.ok(), json!([tier, {"Name": "Silver", "CurrencyCode": "USD"}]));
        let customer = admin.get("/api/customers/C-1").await.ok();
        assert_eq!((&customer["Pricing"], &customer["CurrencyCode"]), (&tier["Name"], &tier["CurrencyCode"]));
    }
}

#[tokio::test]
async fn a_patch_of_a_tier_names_every_bad_field_and_changes_nothing() {
    let admin = tenant().await.admin;
    add(&admin, "Gold", "EUR").await;
    add(&admin, "Silver", "USD").await;
    let before = admin.get(PATH).await.ok();
    admin.patch(PATH, &json!({})).await.fields(&json!({"Name": ["is required"]}));
    admin.patch(PATH, &json!({"Name": "Gold", "NewName": null, "CurrencyCode": null})).await.fields(&json!({
        "NewName": ["can't be removed"], "CurrencyCode": ["can't be removed"],
    }));
    admin.patch(PATH, &json!({"Name": "Gold", "NewName": "x".repeat(101), "CurrencyCode": "DEM"})).await.fields(
        &json!({
            "NewName": ["must have at most 100 characters"],
            "CurrencyCode": ["must be the code of an active ISO 4217 currency such as EUR"],
        }),
    );
    admin.patch(PATH, &json!({"Name": "Bronze"})).await.fields(&json!({
        "Name": ["is no price tier of this organization"],
    }));
    admin.patch(PATH, &json!({"Name": "Gold", "NewName": "sILVER"})).await.fields(&json!({"NewName": ["is taken"]}));
    assert_eq!(admin.get(PATH).await.ok(), before);
}

#[tokio::test]
async fn patches_of_one_tier_at_once_all_take_effect() {
    let admin = tenant().await.admin;
    add(&admin, "Gold", "EUR").await;
    let patches = [json!({"Name": "Gold", "CurrencyCode": "CHF"}), json!({"Name": "gold", "NewName": "GOLD"})];
    for answer in futures_util::future::join_all(patches.iter().map(|patch| admin.patch(PATH, patch))).await {
        answer.ok();
    }
    assert_eq!(admin.get(PATH).await.ok(), json!([{"Name": "GOLD", "CurrencyCode": "CHF"}]));
}
