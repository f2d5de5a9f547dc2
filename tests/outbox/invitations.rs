//! Open invitations, which the mailer forgets 30 days after their last mail.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Mood, unique};

use super::world::{World, feed};

const INVITATIONS: &str = "/api/organizations/invitations";
const DAY: u64 = 24 * 60 * 60;

/// What the table has of invitations and their rows, and how many entries wait in the queue.
async fn left(world: &World) -> (Vec<String>, usize) {
    let page = world.client().scan().table_name(local::Bundle::TABLE).send().await.unwrap();
    assert!(page.last_evaluated_key.is_none());
    let items = page.items.unwrap();
    let text = |item: &std::collections::HashMap<_, aws_sdk_dynamodb::types::AttributeValue>, name: &str| {
        item.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default()
    };
    let of_invitations = items.iter().map(|item| (text(item, "pk"), text(item, "sk"), item));
    let kept = of_invitations.filter(|(pk, _, item)| {
        pk.ends_with("#INVITATIONS") || (pk.contains("#USERS#") && item.contains_key("invitation_id"))
    });
    let mut kept: Vec<_> = kept.map(|(_, sk, _)| sk.split('#').next().unwrap_or_default().to_owned()).collect();
    kept.sort();
    (kept, items.iter().filter(|item| text(item, "pk").starts_with("WAIT#")).count())
}

async fn invite(world: &World) -> (String, Value) {
    let email = format!("{}@person.example", unique("grace"));
    let made = world.call(Method::POST, INVITATIONS, json!({"Email": email, "Roles": ["admin"]})).await;
    assert_eq!(made.status, 201, "{made:?}");
    (email, made.json())
}

#[tokio::test]
async fn an_open_invitation_is_forgotten_thirty_days_after_its_last_mail() {
    let world = World::new(&unique("Org"), Mood::Sends).await;
    let mailer = world.mailer();
    let (email, _) = invite(&world).await;
    assert_eq!(world.sweep(&mailer).await, 0);
    // The stream brings the entry at once, and it waits.
    assert_eq!(feed(&mailer, &world.records().await).await, 0);
    let (kept, entries) = left(&world).await;
    assert!(kept.contains(&"INVITATION".to_owned()) && kept.contains(&"OPEN".to_owned()), "{kept:?}");
    assert_eq!(entries, 1);
    assert_eq!(world.ses.sends()[&email], 1);

    world.pass(30 * DAY - 60);
    world.sweep(&mailer).await;
    assert_eq!(left(&world).await, (kept, 1));
    world.pass(120);
    for _ in 0..2 {
        assert_eq!(world.sweep(&mailer).await, 0);
    }
    assert_eq!(left(&world).await, (Vec::new(), 0));
    assert_eq!(world.call(Method::GET, INVITATIONS, json!({})).await.ok(), json!([]));
    assert_eq!(world.ses.sends()[&email], 1);
}

#[tokio::test]
async fn an_invitation_that_was_mailed_since_is_put_off_and_a_closed_one_loses_its_entry_alone() {
    let world = World::new(&unique("Org"), Mood::Sends).await;
    let mailer = world.mailer();
    let ((_, sent_again), (_, withdrawn)) = (invite(&world).await, invite(&world).await);
    let path = |invitation: &Value| format!("{INVITATIONS}/{}", invitation["InvitationId"].as_str().unwrap());
    world.call(Method::DELETE, &path(&withdrawn), json!({})).await.ok();
    let pk = format!("ORG#{}#INVITATIONS", organization(&world).await);
    let text = aws_sdk_dynamodb::types::AttributeValue::S;
    let call = world.client().update_item().table_name(local::Bundle::TABLE).key("pk", text(pk));
    let sk = format!("INVITATION#{}", sent_again["InvitationId"].as_str().unwrap());
    let later = aws_sdk_dynamodb::types::AttributeValue::N((shared::clock::now() + 10 * DAY).to_string());
    let call = call.key("sk", text(sk)).update_expression("SET mailed_at = :later");
    call.expression_attribute_values(":later", later).send().await.unwrap();
    world.pass(31 * DAY);
    world.sweep(&mailer).await;
    let (kept, entries) = left(&world).await;
    assert_eq!((kept.iter().filter(|kind| *kind == "INVITATION").count(), entries), (2, 1), "{kept:?}");
    world.pass(10 * DAY);
    world.sweep(&mailer).await;
    let (kept, entries) = left(&world).await;
    assert_eq!((kept, entries), (vec!["INVITATION".to_owned()], 0), "the withdrawn one is DynamoDB's to delete");
}

async fn organization(world: &World) -> String {
    let view = world.call(Method::GET, "/api/organization", json!({})).await.ok();
    view["Organization"]["OrganizationId"].as_str().unwrap().to_owned()
}
