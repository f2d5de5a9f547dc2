use futures_util::future::join_all;
use tokio::time::advance;

use super::*;
use crate::{SigningKey, made_up_source::MadeUpSource};

fn key(number: u8) -> PublicKey {
    SigningKey::derive(&format!("a secret of many characters, {number}")).unwrap().public().clone()
}

/// An id that no key has.
fn made_up(number: usize) -> String {
    format!("{number:0>THUMBPRINT_LENGTH$}")
}

async fn known(set: &KeySet, kid: &str) -> bool {
    set.decoding_key(kid).await.unwrap().is_some()
}

/// A set that has read a source, or has tried to.
async fn filled(source: &MadeUpSource) -> KeySet {
    let set = KeySet::new(source.clone());
    set.fill().await;
    set
}

/// A source with one key, and a set that has read it.
async fn source_and_set() -> (MadeUpSource, KeySet) {
    let source = MadeUpSource::default();
    source.publish(key(1));
    let set = filled(&source).await;
    (source, set)
}

#[tokio::test(start_paused = true)]
async fn a_known_key_is_read_once_in_five_minutes() {
    let (source, set) = source_and_set().await;
    for _ in 0..3 {
        assert!(known(&set, &key(1).kid).await);
    }
    assert_eq!(source.reads(), 1);
    advance(CACHE_TTL).await;
    assert!(known(&set, &key(1).kid).await);
    assert_eq!(source.reads(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_set_that_is_stale_soon_is_read_once_beside_the_calls_and_no_call_waits() {
    let (source, set) = source_and_set().await;
    assert!(set.refresh_ahead().is_none(), "a fresh set");
    advance(REFRESH_AHEAD_AGE).await;
    let read = set.refresh_ahead().unwrap();
    assert!(set.refresh_ahead().is_none(), "somebody reads it already");
    assert!(known(&set, &key(1).kid).await);
    read.await.unwrap();
    advance(CACHE_TTL.saturating_sub(Duration::from_millis(1))).await;
    assert!(known(&set, &key(1).kid).await);
    assert_eq!(source.reads(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_read_ahead_that_fails_is_tried_again_beside_the_next_call() {
    let (source, set) = source_and_set().await;
    advance(REFRESH_AHEAD_AGE).await;
    source.is_out_of_reach(true);
    set.refresh_ahead().unwrap().await.unwrap();
    source.is_out_of_reach(false);
    set.refresh_ahead().unwrap().await.unwrap();
    assert_eq!(source.reads(), 3);
    assert!(set.refresh_ahead().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_key_that_was_published_since_is_found_by_a_look_up() {
    let (source, set) = source_and_set().await;
    source.publish(key(2));
    assert!(known(&set, &key(2).kid).await);
    assert!(known(&set, &key(2).kid).await);
    assert_eq!(source.reads(), 2);
}

#[tokio::test(start_paused = true)]
async fn several_calls_at_once_with_a_new_key_share_one_look_up_and_all_find_it() {
    let (source, set) = source_and_set().await;
    source.publish(key(2));
    let kid = key(2).kid;
    let found = join_all((0..10).map(|_| known(&set, &kid))).await;
    assert_eq!(found, [true; 10]);
    assert_eq!(source.reads(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_made_up_keys_is_refused_by_one_look_up_a_second() {
    let (source, set) = source_and_set().await;
    for second in 0..3 {
        let flood: Vec<_> = (0..100).map(|number| made_up(second * 100 + number)).collect();
        let found = join_all(flood.iter().map(|kid| set.decoding_key(kid))).await;
        assert!(found.iter().all(|found| matches!(found, Ok(None))), "{found:?}");
        assert_eq!(source.reads(), 2 + second);
        assert!(known(&set, &key(1).kid).await, "a known key needs no look-up");
        advance(MIN_LOOKUP_INTERVAL).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_key_is_found_a_second_after_its_publication_however_many_made_up_ones_are_asked_for() {
    let (source, set) = source_and_set().await;
    for number in 0..10 {
        // The flood has used up the look-up of this second.
        assert!(!known(&set, &made_up(number)).await);
        let new = key(2 + u8::try_from(number).unwrap());
        source.publish(new.clone());
        assert!(!known(&set, &new.kid).await, "not yet: only a key that another one can't sign for signs so early");
        advance(MIN_LOOKUP_INTERVAL).await;
        assert!(!known(&set, &made_up(1_000 + number)).await);
        assert!(known(&set, &new.kid).await, "the flood's own look-up has found it");
    }
}

#[tokio::test(start_paused = true)]
async fn a_text_that_is_no_thumbprint_is_refused_without_a_look_up() {
    let (source, set) = source_and_set().await;
    let thumbprint = key(1).kid;
    for text in ["", "made-up", &"x".repeat(2_000), &thumbprint[1..], &format!("{thumbprint}A"), &"ä".repeat(43)] {
        assert!(!known(&set, text).await, "{text}");
    }
    for bad in ['#', '=', '+', '/', '\u{1f}'] {
        assert!(!known(&set, &format!("{}{bad}", &thumbprint[1..])).await, "{bad}");
    }
    assert_eq!(source.reads(), 1);
}

#[tokio::test(start_paused = true)]
async fn before_the_first_key_is_published_only_a_look_up_tells_that_a_key_is_made_up() {
    let source = MadeUpSource::default();
    let set = filled(&source).await;
    assert!(!known(&set, &made_up(1)).await);
    // Published and signing at once: nothing else can sign.
    source.publish(key(1));
    assert!(matches!(set.decoding_key(&key(1).kid).await, Err(KeySourceError::Unavailable(_))));
    advance(MIN_LOOKUP_INTERVAL).await;
    assert!(known(&set, &key(1).kid).await);
    // An ended key signs no more than one that was never there.
    source.publish(PublicKey { ended_at: Some(now()), ..key(1) });
    advance(CACHE_TTL).await;
    assert!(!known(&set, &made_up(2)).await);
    advance(MIN_LOOKUP_INTERVAL).await;
    assert!(!known(&set, &made_up(3)).await, "looked up");
    assert!(matches!(set.decoding_key(&made_up(4)).await, Err(KeySourceError::Unavailable(_))));
}

#[tokio::test(start_paused = true)]
async fn an_unknown_key_is_refused_without_the_source_only_while_the_set_has_every_key_that_signs() {
    let (source, set) = source_and_set().await;
    source.is_out_of_reach(true);
    assert!(!known(&set, &made_up(1)).await);
    advance(COMPLETE_FOR.saturating_sub(Duration::from_millis(1))).await;
    assert!(!known(&set, &made_up(2)).await);
    advance(Duration::from_millis(1)).await;
    assert!(matches!(set.decoding_key(&made_up(3)).await, Err(KeySourceError::Unavailable(_))));
    assert!(known(&set, &key(1).kid).await, "a known key is good for longer");
    source.is_out_of_reach(false);
    advance(MIN_LOOKUP_INTERVAL).await;
    assert!(!known(&set, &made_up(3)).await);
}

#[tokio::test(start_paused = true)]
async fn a_known_key_is_good_for_an_hour_more_where_the_source_is_out_of_reach_and_no_other_is() {
    let (source, set) = source_and_set().await;
    source.is_out_of_reach(true);
    advance(CACHE_TTL).await;
    let kid = key(1).kid;
    assert!(join_all((0..10).map(|_| known(&set, &kid))).await.into_iter().all(|is_known| is_known));
    assert_eq!(source.reads(), 2, "those who waited share the failure, and others don't wait");
    assert!(set.decoding_key(&made_up(2)).await.is_err());
    advance(GRACE.saturating_sub(Duration::from_millis(1))).await;
    assert!(known(&set, &kid).await);
    advance(Duration::from_millis(1)).await;
    assert!(set.decoding_key(&kid).await.is_err());
    source.is_out_of_reach(false);
    source.publish(PublicKey { ended_at: Some(now()), ..key(1) });
    assert!(!known(&set, &kid).await, "and is read again as soon as that is possible");
}

#[tokio::test(start_paused = true)]
async fn a_start_without_its_source_reads_the_keys_when_the_first_token_comes() {
    let source = MadeUpSource::default();
    source.publish(key(1));
    source.is_out_of_reach(true);
    let set = filled(&source).await;
    source.is_out_of_reach(false);
    assert!(known(&set, &key(1).kid).await);
    assert_eq!(source.reads(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_has_ended_verifies_nothing_and_is_not_shown() {
    let source = MadeUpSource::default();
    source.publish(PublicKey { ended_at: Some(now() - 1), ..key(1) });
    source.publish(PublicKey { ended_at: Some(now() + 60), ..key(2) });
    let set = filled(&source).await;
    assert!(!known(&set, &key(1).kid).await);
    assert!(known(&set, &key(2).kid).await);
    let shown: Vec<_> = set.public_keys().await.unwrap().into_iter().map(|key| key.kid).collect();
    assert_eq!(shown, [key(2).kid]);
    assert_eq!(source.reads(), 1, "an ended key is known: nothing is looked up");
}

#[tokio::test(start_paused = true)]
async fn a_look_up_that_fails_keeps_the_keys_and_waits_a_second_for_the_next() {
    let (source, set) = source_and_set().await;
    source.publish(key(2));
    source.is_out_of_reach(true);
    assert!(!known(&set, &key(2).kid).await);
    source.is_out_of_reach(false);
    assert!(!known(&set, &key(2).kid).await);
    assert!(known(&set, &key(1).kid).await);
    assert_eq!(source.reads(), 2);
    advance(MIN_LOOKUP_INTERVAL).await;
    assert!(known(&set, &key(2).kid).await);
}

#[tokio::test(start_paused = true)]
async fn a_read_that_fails_keeps_the_keys_that_were_known() {
    let (source, set) = source_and_set().await;
    source.is_out_of_reach(true);
    assert!(matches!(set.refresh().await, Err(KeySourceError::Unavailable(_))));
    assert!(known(&set, &key(1).kid).await);
    assert_eq!(set.public_keys().await.unwrap(), [key(1)]);
    advance(CACHE_TTL).await;
    assert!(matches!(set.public_keys().await, Err(KeySourceError::Unavailable(_))));
}

#[tokio::test(start_paused = true)]
async fn a_key_that_ended_since_verifies_nothing_once_the_set_is_read_again() {
    let (source, set) = source_and_set().await;
    source.publish(PublicKey { ended_at: Some(now()), ..key(1) });
    assert!(known(&set, &key(1).kid).await, "a fresh set asks nobody");
    advance(CACHE_TTL).await;
    assert!(!known(&set, &key(1).kid).await);
}

#[tokio::test(start_paused = true)]
async fn an_ended_key_that_a_look_up_finds_verifies_nothing() {
    let (source, set) = source_and_set().await;
    source.publish(PublicKey { ended_at: Some(now() - 1), ..key(2) });
    assert!(!known(&set, &key(2).kid).await);
    assert!(!known(&set, &key(2).kid).await);
    assert_eq!(source.reads(), 2);
}
