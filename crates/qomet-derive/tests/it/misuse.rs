//! Every misuse is a compile error at the right token that says what to write.
//!
//! One mistake a fixture, but for `several_mistakes.rs`. After a change of wording, accept with
//! `TRYBUILD=overwrite cargo test -p qomet-derive misuse` and read the difference.

#[test]
fn every_misuse_is_a_compile_error() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
