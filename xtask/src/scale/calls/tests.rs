use super::*;
use crate::scale::tests::is_about;

#[test]
fn all_calls_are_the_whole_load() {
    assert!(is_about(mean(|_| 1.0), 1.0));
}
