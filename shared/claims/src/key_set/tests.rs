use tokio::time::advance;

use super::*;
use crate::{SigningKey, made_up_source::MadeUpSource};

fn key(number: u8) -> PublicKey {
    SigningKey::derive(&format!("a secret of many characters, {number}")).unwrap().public().clone()
}

async fn known(set: &KeySet, kid: &str) -> bool {
    set.decoding_key(kid).await.unwrap().is_some()
}

#[tokio::test(start_paused = true)]
async fn a_known_key_is_read_once_in_five_minutes() {
    let source = MadeUpSource::default();
    source.publish(key(1));
    let set = KeySet::load(source.clone()).await;
    for _ in 0..3 {
        assert!(known(&set, &key(1).kid).await);
    }
    assert_eq!(source.reads(), (1, 0));
    advance(CACHE_TTL).await;
    assert!(known(&set, &key(1).kid).await);
    assert_eq!(source.reads(), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_key_that_was_published_since_is_found_by_a_look_up() {
    let source = MadeUpSource::default();
    let set = KeySet::load(source.clone()).await;
    source.publish(key(1));
    assert!(known(&set, &key(1).kid).await);
    assert!(known(&set, &key(1).kid).await);
    assert_eq!(source.reads(), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn an_absent_key_is_looked_up_once_in_five_seconds() {
    let source = MadeUpSource::default();
    let set = KeySet::load(source.clone()).await;
    assert!(!known(&set, "made-up").await);
    advance(NEGATIVE_TTL.saturating_sub(Duration::from_millis(1))).await;
    assert!(!known(&set, "made-up").await);
    assert_eq!(source.reads(), (1, 1));
    advance(Duration::from_millis(1)).await;
    assert!(!known(&set, "made-up").await);
    assert_eq!(source.reads(), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_made_up_keys_makes_one_look_up_a_second() {
    let source = MadeUpSource::default();
    let set = KeySet::load(source.clone()).await;
    for second in 0..3 {
        for number in 0..100 {
            let found = set.decoding_key(&format!("made-up {second} {number}")).await;
            assert!(matches!(found, Ok(None)) == (number == 0), "{second} {number}");
            assert!(number == 0 || matches!(found, Err(KeySourceError::Unavailable(_))));
        }
        advance(MIN_LOOKUP_INTERVAL).await;
    }
    assert_eq!(source.reads(), (1, 3));
}

#[tokio::test(start_paused = true)]
async fn at_most_a_thousand_absent_keys_are_remembered() {
    let set = KeySet::load(MadeUpSource::default()).await;
    // One look-up a second would never fill the memory: an absent key is forgotten after five.
    for number in 1..MAX_ABSENT_IDS {
        set.known().absent.insert(format!("made-up {number}"), Instant::now());
    }
    assert!(!known(&set, "the last that fits").await);
    assert_eq!(set.known().absent.len(), MAX_ABSENT_IDS);
    advance(MIN_LOOKUP_INTERVAL).await;
    assert!(!known(&set, "one more").await);
    assert_eq!(set.known().absent.len(), MAX_ABSENT_IDS);
    assert!(!set.known().absent.contains_key("one more"));
    advance(NEGATIVE_TTL).await;
    assert!(!known(&set, "after the others were forgotten").await);
    assert_eq!(set.known().absent.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_stale_set_whose_source_is_out_of_reach_verifies_nothing_until_it_is_back() {
    let source = MadeUpSource::default();
    source.publish(key(1));
    let set = KeySet::load(source.clone()).await;
    source.is_out_of_reach(true);
    assert!(known(&set, &key(1).kid).await, "a fresh set asks nobody");
    advance(CACHE_TTL).await;
    assert!(matches!(set.decoding_key(&key(1).kid).await, Err(KeySourceError::Unavailable(_))));
    source.is_out_of_reach(false);
    assert!(known(&set, &key(1).kid).await);
}

#[tokio::test(start_paused = true)]
async fn a_start_without_its_source_reads_the_keys_when_the_first_token_comes() {
    let source = MadeUpSource::default();
    source.publish(key(1));
    source.is_out_of_reach(true);
    let set = KeySet::load(source.clone()).await;
    source.is_out_of_reach(false);
    assert!(known(&set, &key(1).kid).await);
    assert_eq!(source.reads(), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_key_that_has_ended_verifies_nothing_and_is_not_shown() {
    let source = MadeUpSource::default();
    source.publish(PublicKey { ended_at: Some(now() - 1), ..key(1) });
    source.publish(PublicKey { ended_at: Some(now() + 60), ..key(2) });
    let set = KeySet::load(source.clone()).await;
    assert!(!known(&set, &key(1).kid).await);
    assert!(known(&set, &key(2).kid).await);
    let shown: Vec<_> = set.public_keys().await.unwrap().into_iter().map(|key| key.kid).collect();
    assert_eq!(shown, [key(2).kid]);
    assert_eq!(source.reads(), (1, 0), "an ended key is known: nothing is looked up");
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_made_up_keys_stops_no_known_key() {
    let source = MadeUpSource::default();
    source.publish(key(1));
    let set = KeySet::load(source.clone()).await;
    assert!(!known(&set, "made-up").await);
    assert!(matches!(set.decoding_key("another").await, Err(KeySourceError::Unavailable(_))));
    assert!(known(&set, &key(1).kid).await);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_waited_for_its_look_up_was_not_taken_as_absent() {
    let source = MadeUpSource::default();
    let set = KeySet::load(source.clone()).await;
    assert!(!known(&set, "made-up").await);
    source.publish(key(1));
    assert!(matches!(set.decoding_key(&key(1).kid).await, Err(KeySourceError::Unavailable(_))));
    advance(MIN_LOOKUP_INTERVAL).await;
    assert!(known(&set, &key(1).kid).await);
    assert_eq!(source.reads(), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_look_up_that_fails_says_nothing_of_the_key_and_waits_a_second_for_the_next() {
    let source = MadeUpSource::default();
    let set = KeySet::load(source.clone()).await;
    source.publish(key(1));
    source.is_out_of_reach(true);
    assert!(matches!(set.decoding_key(&key(1).kid).await, Err(KeySourceError::Unavailable(_))));
    source.is_out_of_reach(false);
    assert!(matches!(set.decoding_key(&key(1).kid).await, Err(KeySourceError::Unavailable(_))));
    assert_eq!(source.reads(), (1, 1));
    advance(MIN_LOOKUP_INTERVAL).await;
    assert!(known(&set, &key(1).kid).await);
}

#[tokio::test(start_paused = true)]
async fn a_read_that_fails_keeps_the_keys_that_were_known() {
    let source = MadeUpSource::default();
    source.publish(key(1));
    let set = KeySet::load(source.clone()).await;
    source.is_out_of_reach(true);
    assert!(matches!(set.refresh().await, Err(KeySourceError::Unavailable(_))));
    assert!(known(&set, &key(1).kid).await);
    assert_eq!(set.public_keys().await.unwrap(), [key(1)]);
    advance(CACHE_TTL).await;
    assert!(matches!(set.public_keys().await, Err(KeySourceError::Unavailable(_))));
}

#[tokio::test(start_paused = true)]
async fn a_key_that_ended_since_verifies_nothing_once_the_set_is_read_again() {
    let source = MadeUpSource::default();
    source.publish(key(1));
    let set = KeySet::load(source.clone()).await;
    source.publish(PublicKey { ended_at: Some(now()), ..key(1) });
    assert!(known(&set, &key(1).kid).await, "a fresh set asks nobody");
    advance(CACHE_TTL).await;
    assert!(!known(&set, &key(1).kid).await);
}

#[tokio::test(start_paused = true)]
async fn an_ended_key_that_a_look_up_finds_is_taken_as_absent() {
    let source = MadeUpSource::default();
    let set = KeySet::load(source.clone()).await;
    source.publish(PublicKey { ended_at: Some(now() - 1), ..key(1) });
    assert!(!known(&set, &key(1).kid).await);
    assert!(!known(&set, &key(1).kid).await);
    assert_eq!(source.reads(), (1, 1));
}
