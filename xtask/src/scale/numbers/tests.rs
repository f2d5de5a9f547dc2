use super::*;

#[test]
fn numbers_are_rounded_for_readers() {
    assert_eq!(
        [0.5, 9.25, 28.9, 999.6, 1_234.0, 86_400_000.0].map(rounded).join(" "),
        "0.5 9.25 29 1,000 1,230 86,400,000"
    );
    assert_eq!([0.0, 0.000_2, 0.1, 7.68, 14.0, 1_066.7].map(decimal).join(" "), "0 0.0002 0.1 7.68 14 1,067");
}
