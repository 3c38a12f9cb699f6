//! Every row of the memory rules has a test that is named after it: `a5_…`, `a08_c10_…` or `c01_…`.
//!
//! The rules are facts that bit users of comparable systems; a row without a test is a promise that nobody keeps. What
//! a test of that name really shows is for its reader to judge.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The sections of the memory rules, and how many rows each has.
const SECTIONS: [(char, u32); 4] = [('a', 28), ('b', 7), ('c', 14), ('d', 15)];

/// The row that a word of a name stands for: `c09` is row 9 of section C.
fn row(word: &str) -> Option<(char, u32)> {
    let section = word.chars().next()?;
    let number = word.get(1..).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    Some((section, number.parse().ok()?))
}

/// Adds the rows that the names of tests below a folder begin with.
fn add_rows(folder: &Path, rows: &mut BTreeSet<(char, u32)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            add_rows(&path, rows);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let tests = text.split("#[test]").skip(1);
            let names = tests.filter_map(|test| test.split("fn ").nth(1)?.split('(').next());
            names.for_each(|name| rows.extend(name.split('_').map_while(row)));
        }
    }
}

#[test]
fn every_row_has_a_test_of_its_name() {
    let mut rows = BTreeSet::new();
    add_rows(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates"), &mut rows);

    let all = SECTIONS.iter().flat_map(|(section, count)| (1..=*count).map(|number| (*section, number)));
    let missing: Vec<_> = all.filter(|row| !rows.contains(row)).collect();

    assert!(missing.is_empty(), "rows without a test: {missing:?}");
}

#[test]
fn a_name_may_stand_for_several_rows() {
    let rows: Vec<_> = "a08_c10_huge_pages_that_are_not_there".split('_').map_while(row).collect();
    assert_eq!(rows, [('a', 8), ('c', 10)]);
}
