//! Help and usage errors.

use std::ffi::OsString;

use super::*;

#[test]
fn help_lists_the_commands() {
    insta::assert_snapshot!(qomet(&["--help"]));
}

#[test]
fn help_of_check() {
    insta::assert_snapshot!(qomet(&["check", "--help"]));
}

#[test]
fn help_of_run() {
    insta::assert_snapshot!(qomet(&["run", "--help"]));
}

#[test]
fn help_of_convert() {
    insta::assert_snapshot!(qomet(&["convert", "--help"]));
}

#[test]
fn help_of_types() {
    insta::assert_snapshot!(qomet(&["types", "--help"]));
}

#[test]
fn help_of_describe() {
    insta::assert_snapshot!(qomet(&["describe", "--help"]));
}

#[test]
fn help_of_schema() {
    insta::assert_snapshot!(qomet(&["schema", "--help"]));
}

#[test]
fn examples_name_the_program() {
    let (registry, out) = (TypeRegistry::builder().build().unwrap(), Kept::default());
    let mut console = Console::of(io::empty(), out.clone(), io::sink(), 100);
    let arguments = ["/opt/bin/my-vmm", "run", "--help"].map(OsString::from);
    execute(registry, arguments, &mut console);
    assert!(out.text().contains("  my-vmm run vm.json --once"), "{}", out.text());
}

#[test]
fn without_a_command_help_goes_to_standard_error() {
    let ended = qomet(&[]);
    assert_eq!((ended.code, ended.out.as_str()), (64, ""));
    assert!(ended.err.contains("Usage: qomet"));
}

#[test]
fn an_unknown_command_is_a_usage_error() {
    insta::assert_snapshot!(qomet(&["chek", "a.json"]));
}

#[test]
fn an_unknown_format_is_a_usage_error() {
    insta::assert_snapshot!(qomet(&["check", "-", "--format", "nonsense"]));
}

#[test]
fn check_without_files_is_a_usage_error() {
    insta::assert_snapshot!(qomet(&["check"]));
}

#[test]
fn run_without_files_or_objects_is_a_usage_error() {
    insta::assert_snapshot!(qomet(&["run", "--once"]));
}

#[test]
fn a_schema_of_one_type_is_not_for_folders() {
    assert_eq!(qomet(&["schema", "printer", "--out", "x"]).code, 64);
}
