//! The table of all wordings.

use std::fmt::Write;
use std::path::PathBuf;

use crate::*;

#[test]
fn every_error_has_one_wording() {
    let mut table = String::new();
    for error in MemoryError::samples() {
        let (property, host) = (error.property().unwrap_or("-"), if error.is_host() { " host" } else { "" });
        writeln!(table, "{} [{property}]{host}\n  {error}", error.code()).unwrap();
        let parts = [("expected", error.expected()), ("found", error.found()), ("help", error.help())];
        for (name, text) in parts.into_iter().filter_map(|(name, text)| Some((name, text?))) {
            writeln!(table, "  {name}: {text}").unwrap();
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn an_undo_says_how_it_left_the_file_and_why() {
    let path = PathBuf::from("/mem/ram.img");
    let left = [Left::Replaced, Left::Resized, Left::InUse { length: 8192 }];
    let texts = left.map(|left| MemoryError::NotUndone { path: path.clone(), left }.to_string());
    assert_eq!(
        texts,
        [
            "'/mem/ram.img' was left as it is: it is another file now",
            "'/mem/ram.img' was left as it is: its length is no longer what it was grown to",
            "'/mem/ram.img' was left 8192 bytes (8 KiB) long: others of this model use it",
        ]
    );
}

#[test]
fn every_warning_has_one_wording() {
    let mut table = String::new();
    for warning in MemoryWarning::samples() {
        writeln!(table, "{} [{}]\n  {warning}", warning.code(), warning.property().unwrap_or("-")).unwrap();
        if let Some(help) = warning.help() {
            writeln!(table, "  help: {help}").unwrap();
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn every_text_starts_low_and_ends_without_a_full_stop() {
    let texts = MemoryError::samples()
        .into_iter()
        .flat_map(|error| [Some(error.to_string()), error.expected(), error.help()].into_iter().flatten());
    let wrong: Vec<_> = texts
        .filter(|text| {
            text.ends_with('.') || text.starts_with(|c: char| c.is_uppercase()) && !text.starts_with("RLIMIT")
        })
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
}
