//! `/api/organizations/users/associations/import`: many rows in one call.

use std::{cell::Cell, collections::BTreeMap, time::Duration};

use futures_util::future::join_all;
use local::{Bundle, Options};
use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::{
    associations::{FIELDS, LIST, associate},
    support::{Answer, Caller, Elsewhere, Gated, account_items, account_items_at, person, server, tenant},
};

const IMPORT: &str = "/api/organizations/users/associations/import";

async fn import_csv(caller: &impl Caller, file: impl Into<String>) -> Answer {
    caller.raw(Method::POST, IMPORT, Some("text/csv; charset=utf-8"), file.into()).await
}

fn csv_of(rows: &[(String, String)]) -> String {
    let lines = rows.iter().map(|(user, number)| format!("{user},{number}\r\n"));
    format!("UserId,CustomerNumber\r\n{}", lines.collect::<String>())
}

fn all_in(rows: usize, written: usize) -> Value {
    json!({"Rows": rows, "Written": written, "Unchanged": rows - written, "Rejected": []})
}

/// What both orders of the list show, page by page.
pub(crate) async fn listed(caller: &impl Caller) -> BTreeMap<String, String> {
    let mut orders = Vec::new();
    for order in FIELDS {
        let (mut rows, mut page) = (BTreeMap::new(), String::new());
        loop {
            let answer = caller.get(&format!("{LIST}?PageSize=1000&SortOn={order}{page}")).await.ok();
            let text = |row: &Value, field: &str| row[field].as_str().unwrap().to_owned();
            for row in answer["Data"].as_array().unwrap() {
                assert_eq!(rows.insert(text(row, "UserId"), text(row, "CustomerNumber")), None, "no user twice");
            }
            let Some(token) = answer["NextPageToken"].as_str() else {
                assert_eq!(answer["TotalCount"], rows.len());
                break;
            };
            page = format!("&PageToken={token}");
        }
        orders.push(rows);
    }
    let by_customer = orders.pop().unwrap();
    assert_eq!(orders, std::slice::from_ref(&by_customer));
    by_customer
}

#[tokio::test]
async fn each_good_row_is_in_and_each_bad_one_is_told_by_its_number() {
    let (tenant, ada, grace) = (tenant().await, person().await, person().await);
    let nobody = "kp_000000000000000000000000";
    let answer = json!({
        "Rows": 6,
        "Written": 2,
        "Unchanged": 0,
        "Rejected": [
            {"Row": 2, "errors": {"UserId": ["is no account's id"]}, "codes": {"UserId": ["account_not_found"]}},
            {"Row": 3, "errors": {"Email": ["has no account"]}, "codes": {"Email": ["account_not_found"]}},
            {
                "Row": 4,
                "errors": {"CustomerNumber": ["is required"], "Email": ["must be an e-mail address"]},
                "codes": {"CustomerNumber": ["required"], "Email": ["invalid_email"]},
            },
            {
                "Row": 5,
                "errors": {"CustomerNumber": ["must have at most 64 characters"]},
                "codes": {"CustomerNumber": ["too_long"]},
            },
        ],
    });
    let long = "x".repeat(65);
    let rows = json!([
        {"UserId": ada.id, "CustomerNumber": "C-1"},
        {"userid": nobody, "CustomerNumber": "C-1"},
        {"Email": "nobody@nowhere.example", "CustomerNumber": "C-1"},
        {"Email": "grace"},
        {"Email": grace.email, "CustomerNumber": long},
        {"EMAIL": grace.email.to_uppercase(), "customerNumber": " C, \"2\" "},
    ]);
    assert_eq!(tenant.admin.post(IMPORT, &json!({"rows": rows})).await.ok(), answer);
    let expected = BTreeMap::from([(ada.id.clone(), "C-1".to_owned()), (grace.id.clone(), "C, \"2\"".to_owned())]);
    assert_eq!(listed(&tenant.admin).await, expected);

    for (separator, end) in [(',', "\n"), (';', "\r\n")] {
        let mut file = String::from("\u{feff}userid;EMAIL;CustomerNumber\n");
        for row in [
            format!("{};;C-1", ada.id),
            format!("{nobody};;C-1"),
            ";nobody@nowhere.example;C-1".to_owned(),
            ";grace;".to_owned(),
            format!(";{};{long}", grace.email),
            format!(";{};\" C, \"\"2\"\" \"", grace.email),
        ] {
            file.push_str(&row);
            file.push_str(end);
        }
        let mut unchanged = answer.clone();
        (unchanged["Written"], unchanged["Unchanged"]) = (json!(0), json!(2));
        let file = if separator == ';' { file } else { file.replace(';', ",") };
        assert_eq!(import_csv(&tenant.admin, file).await.ok(), unchanged, "{separator}");
    }
    assert_eq!(listed(&tenant.admin).await, expected);
}

#[tokio::test]
async fn the_fields_of_a_row_are_judged_as_those_of_a_single_call() {
    let (tenant, grace) = (tenant().await, person().await);
    let rows = r#"{"Rows": [
        {"UserId": 1, "CustomerNumber": "C-1", "CustmerNumber": "C-2"},
        {"Email": "a@b.example", "email": "c@d.example", "CustomerNumber": "C-1"},
        7,
        {"UserId": "USER", "CustomerNumber": "C-1"}
    ]}"#;
    let rows = rows.replace("USER", &grace.id);
    let answer = tenant.admin.raw(Method::POST, IMPORT, Some("application/json"), rows).await.ok();
    let unknown = "is no field of this request; did you mean CustomerNumber?";
    let expected = json!({"Rows": 4, "Written": 1, "Unchanged": 0, "Rejected": [
        {
            "Row": 1,
            "errors": {"CustmerNumber": [unknown], "UserId": ["must be a string"]},
            "codes": {"CustmerNumber": ["unknown_field"], "UserId": ["wrong_type"]},
        },
        {"Row": 2, "errors": {"Email": ["must be given once"]}, "codes": {"Email": ["repeated"]}},
        {"Row": 3, "errors": {"Row": ["must be an object"]}, "codes": {"Row": ["wrong_type"]}},
    ]});
    assert_eq!(answer, expected);
    let file = format!("UserId,CustomerNumber\n{},C-1\n{0}\n", grace.id);
    let expected = json!({"Rows": 2, "Written": 0, "Unchanged": 1, "Rejected": [{
        "Row": 2,
        "errors": {"Row": ["has 1 cells, and the header has 2"]},
        "codes": {"Row": ["cell_count"]},
    }]});
    assert_eq!(import_csv(&tenant.admin, file).await.ok(), expected);
}

#[tokio::test]
async fn what_is_wrong_with_a_file_as_a_whole_is_refused_and_nothing_is_written() {
    let (tenant, grace) = (tenant().await, person().await);
    let admin = &tenant.admin;
    let good = format!("{},C-1\n", grace.id);
    let unknown = "is no field of this request; did you mean CustomerNumber?";
    import_csv(admin, format!("UserId,CustomerNumbr\n{good}")).await.fields(&json!({
        "CustomerNumbr": [unknown], "CustomerNumber": ["is required"],
    }));
    import_csv(admin, format!("UserId,Userid,CustomerNumber\n{good}")).await.fields(&json!({
        "UserId": ["must be given once"],
    }));
    let many = json!({"Rows": ["must be at most 1000, and there are 1001"]});
    import_csv(admin, format!("UserId,CustomerNumber\n{}", good.repeat(1_001))).await.fields(&many);
    admin.post(IMPORT, &json!({"Rows": vec![Value::Null; 1_001]})).await.fields(&many);
    admin.post(IMPORT, &json!({"Row": []})).await.fields(&json!({
        "Row": ["is no field of this request; did you mean Rows?"], "Rows": ["is required"],
    }));
    admin.post(IMPORT, &json!({"Rows": {}})).await.fields(&json!({"Rows": ["must be an array"]}));
    import_csv(admin, "").await.problem(400, "A body with rows is needed.");
    let text = admin.raw(Method::POST, IMPORT, Some("text/plain"), good.clone()).await;
    text.problem(415, "The body's Content-Type must be application/json or text/csv.");

    let limit = 1024 * 1024;
    let padding = |length: usize| format!("UserId,CustomerNumber\n{good}{}", "\n".repeat(length - 22 - good.len()));
    import_csv(admin, padding(limit + 1)).await.problem(413, "The body is longer than 1048576 bytes.");
    assert_eq!(listed(admin).await, BTreeMap::new());
    assert_eq!(import_csv(admin, padding(limit)).await.ok(), all_in(1, 1));
    assert_eq!(import_csv(admin, "UserId,CustomerNumber\n").await.ok(), all_in(0, 0));
}

#[tokio::test]
async fn several_rows_of_one_user_come_out_as_single_calls_in_their_order() {
    let (tenant, grace) = (tenant().await, person().await);
    let row = |number: &str| json!({"UserId": grace.id, "CustomerNumber": number});
    let by_address = json!({"Email": grace.email, "CustomerNumber": "C-2"});
    let rows = json!({"Rows": [row("C-1"), by_address, row("C-2"), row("C-3")]});
    let answer = json!({"Rows": 4, "Written": 3, "Unchanged": 1, "Rejected": []});
    assert_eq!(tenant.admin.post(IMPORT, &rows).await.ok(), answer);
    assert_eq!(listed(&tenant.admin).await, BTreeMap::from([(grace.id.clone(), "C-3".to_owned())]));
}

#[tokio::test]
async fn a_thousand_rows_are_made_moved_and_found_in_both_orders() {
    let tenant = tenant().await;
    let users = account_items(1_000).await;
    let rows = |shift: usize| -> Vec<_> {
        let number = |place: usize| format!("C-{:03}", (place * 7 + shift) % 100);
        users.iter().enumerate().map(|(place, user)| (user.clone(), number(place))).collect()
    };
    for shift in [0, 1] {
        // On a busy machine, one call may have no time for all.
        until_in(&tenant.admin, &csv_of(&rows(shift))).await;
        assert_eq!(import_csv(&tenant.admin, csv_of(&rows(shift))).await.ok(), all_in(1_000, 0));
        assert_eq!(listed(&tenant.admin).await, rows(shift).into_iter().collect());
    }
    // What a user's token carries is in as well.
    let (user, _) = &rows(1)[0];
    let tokens = json!({"Name": "ERP"});
    let machine = tenant.admin.post("/api/organizations/api-access", &tokens).await.ok();
    let sign_in =
        json!({"OrgCode": tenant.code, "ClientId": machine["ClientId"], "ClientSecret": machine["ClientSecret"]});
    let token = tenant.admin.post("/api/auth/login", &sign_in).await.ok()["AccessToken"].as_str().unwrap().to_owned();
    let by = Elsewhere { token: Some(token), ..Elsewhere::default() };
    let access = by.post("/api/auth/access", &json!({"OrgCode": tenant.code, "UserId": user})).await.ok();
    assert_eq!(access["CustomerNumber"], "C-001");
}

#[tokio::test]
async fn imports_and_single_calls_at_once_agree_in_both_orders() {
    let tenant = tenant().await;
    let users = account_items(120).await;
    let number = |user: usize, client: usize| format!("C-{:02}", (user + client * 5) % 30);
    let imports = (0..4).map(|client| {
        let (tenant, users) = (&tenant, &users);
        async move {
            let rows = users.iter().enumerate().map(|(place, user)| (user.clone(), number(place, client)));
            let mut rows: Vec<_> = rows.collect();
            if client % 2 == 1 {
                rows.reverse();
            }
            until_in(&tenant.admin, &csv_of(&rows)).await;
        }
    });
    let calls = (0..4).map(|client| {
        let (tenant, users) = (&tenant, &users);
        async move {
            for (place, user) in users.iter().enumerate().skip(client * 10).take(10) {
                while associate(tenant, user, &number(place, client)).await.status == 503 {}
            }
        }
    });
    tokio::join!(join_all(imports), join_all(calls));
    let listed = listed(&tenant.admin).await;
    assert_eq!(listed.len(), users.len());
    for (place, user) in users.iter().enumerate() {
        assert!((0..4).any(|client| listed[user] == number(place, client)), "{user} {}", listed[user]);
    }
}

/// Sends a file until each row is in; the only other outcome that is allowed asks to try again.
async fn until_in(caller: &impl Caller, file: &str) {
    loop {
        let answer = import_csv(caller, file).await;
        if answer.status == 503 {
            continue;
        }
        let answer = answer.ok();
        let rejected = answer["Rejected"].as_array().unwrap();
        assert!(rejected.iter().all(|row| row["codes"] == json!({"Row": ["not_attempted"]})), "{answer}");
        if rejected.is_empty() {
            return;
        }
    }
}

#[tokio::test]
async fn a_machine_imports_by_its_key_and_who_lost_the_role_imports_nothing() {
    let (tenant, grace) = (tenant().await, person().await);
    let machine = tenant.admin.post("/api/organizations/api-access", &json!({"Name": "ERP"})).await.ok();
    let rows = csv_of(&[(grace.id.clone(), "C-1".to_owned())]);
    let by_key = async || {
        let request = Client::new().post(format!("{}{IMPORT}", server().url));
        let request = request.header("x-api-key", machine["ApiKey"].as_str().unwrap());
        Answer::of(request.header("content-type", "text/csv").body(rows.clone()).send().await.unwrap()).await
    };
    assert_eq!(by_key().await.ok(), all_in(1, 1));
    let revoked = json!({"ClientId": machine["ClientId"]});
    tenant.admin.delete("/api/organizations/api-access", &revoked).await.ok();
    by_key().await.problem(401, "The API key is not valid.");

    let (colleague, person) = tenant.second_admin().await;
    let link = json!({"UserId": person.id});
    tenant.admin.delete("/api/organizations/users/admins", &link).await.ok();
    for file in [csv_of(&[(grace.id.clone(), "C-2".to_owned())]), csv_of(&[]), "Nonsense\n".to_owned()] {
        import_csv(&colleague, file).await.problem(403, "You are not an admin of this organization.");
    }
    assert_eq!(listed(&tenant.admin).await, BTreeMap::from([(grace.id, "C-1".to_owned())]));
}

#[tokio::test]
async fn an_admin_who_is_demoted_in_the_middle_of_an_import_writes_no_further_round() {
    let gated = Gated::start().await;
    let (tenant, person) = (gated.tenant().await, gated.person().await);
    tenant.admin.post("/api/organizations/users/admins", &json!({"Email": person})).await.ok();
    let (colleague, id) = gated.sign_in(&person, Some(&tenant.code)).await;
    let users = account_items_at(&gated.bundle.dynamodb_url(), Bundle::TABLE, 600).await;
    let rows: Vec<_> = users.into_iter().map(|user| (user, "C-1".to_owned())).collect();

    let mut first = gated.gate.hold(|call| call.is("TransactWriteItems", "#ASSOC#"));
    let mut imported = std::pin::pin!(import_csv(&colleague, csv_of(&rows)));
    tokio::select! {
        () = first.arrived() => {}
        answer = &mut imported => panic!("{answer:?}"),
    }
    tenant.admin.delete("/api/organizations/users/admins", &json!({"UserId": id})).await.ok();
    first.release();
    imported.await.problem(403, "You are not an admin of this organization.");
    // What the round before had begun is whole, in both orders.
    let listed = listed(&tenant.admin).await;
    assert!((1..=250).contains(&listed.len()), "{}", listed.len());
    assert!(listed.iter().all(|row| rows.contains(&(row.0.clone(), row.1.clone()))));
    let users = tenant.admin.get("/api/organizations/users?PageSize=1").await.ok();
    assert_eq!(users["TotalCount"], listed.len() + 1);
}

#[tokio::test]
async fn what_a_call_has_no_time_for_is_told_and_is_done_when_it_is_sent_again() {
    // A second of a call's time is kept for its answer.
    let options = Options { answer_time: Some(Duration::from_secs(2)), ..Options::in_memory() };
    let gated = Gated::start_with(&options, async |engine| engine).await;
    let tenant = gated.tenant().await;
    let users = account_items_at(&gated.bundle.dynamodb_url(), Bundle::TABLE, 1_000).await;
    let rows: Vec<_> = users.into_iter().map(|user| (user, "C-1".to_owned())).collect();
    // The first round of writes goes through, and a later one is held until the call's time has passed. So rows are
    // left, however quick the machine is.
    let writes = Cell::new(0);
    let mut held =
        gated.gate.hold(move |call| call.is("TransactWriteItems", "#ASSOC#") && writes.replace(writes.get() + 1) >= 20);
    tokio::spawn(async move {
        held.arrived().await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        held.release();
    });
    let (mut answers, mut left) = (Vec::new(), rows.len());
    while left > 0 {
        let answer = import_csv(&tenant.admin, csv_of(&rows)).await;
        if answer.status == 503 {
            answers.push(json!("none in time"));
            continue;
        }
        let answer = answer.ok();
        let count = |field: &str| usize::try_from(answer[field].as_u64().unwrap()).unwrap();
        let rejected = answer["Rejected"].as_array().unwrap();
        left = rejected.len();
        assert_eq!(count("Written") + count("Unchanged") + left, rows.len());
        for row in rejected {
            let errors = json!({"Row": ["was not done in time; send it again"]});
            assert_eq!((&row["errors"], &row["codes"]), (&errors, &json!({"Row": ["not_attempted"]})));
        }
        answers.push(json!([count("Written"), left]));
    }
    let is_partly_done = |answer: &Value| answer[0].as_u64() > Some(0) && answer[1].as_u64() > Some(0);
    assert!(answers.iter().any(is_partly_done), "no call had time for some rows alone: {answers:?}");
    assert_eq!(listed(&tenant.admin).await, rows.into_iter().collect());
}
