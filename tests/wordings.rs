//! Every message of every crate in one table, and the rules that all of them keep.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use qomet::{Diagnostic, ModelErrorKind, Problem, TypeRegistry};
use qomet_backends::BackendErrorKind;
use qomet_backends::memory::{Fault, FdsetFault, Warning};
use qomet_backends::thread::ThreadFault;
use qomet_config::SyntaxErrorKind;
use qomet_memory::{MemoryError, MemoryWarning};
use qomet_qmp::ClientError;
use qomet_vmm::VmmError;

/// One of each kind, with the crate that words it.
fn samples() -> Vec<(&'static str, Diagnostic)> {
    fn all<P: Problem>(
        from: &'static str,
        kinds: Vec<P>,
    ) -> impl Iterator<Item = (&'static str, Diagnostic)> {
        kinds.into_iter().map(move |kind| (from, Diagnostic::new(kind)))
    }
    let faults = MemoryError::samples().into_iter().map(Fault).collect();
    let warnings = MemoryWarning::samples().into_iter().map(Warning).collect();
    all("qomet", ModelErrorKind::samples())
        .chain(all("qomet-config", SyntaxErrorKind::samples()))
        .chain(all("qomet-memory", faults))
        .chain(all("qomet-memory", warnings))
        .chain(all("qomet-qmp", ClientError::samples()))
        .chain(all("qomet-backends", BackendErrorKind::samples()))
        .chain(all("qomet-backends", ThreadFault::samples()))
        .chain(all("qomet-backends", FdsetFault::samples()))
        .chain(all("qomet-vmm", VmmError::samples()))
        .collect()
}

#[test]
fn the_table_of_all_messages() {
    let mut table = String::new();
    for (from, sample) in samples() {
        let problem = sample.problem();
        let _ = writeln!(table, "{} ({} of {from})", sample.code(), sample.severity().as_str());
        let facts = [
            ("message", Some(sample.to_string())),
            ("expected", problem.expected()),
            ("found", problem.found()),
            ("help", problem.help()),
            ("suggestion", problem.suggestion()),
        ];
        for (name, fact) in facts {
            if let Some(fact) = fact {
                let _ = writeln!(table, "    {name}: {fact}");
            }
        }
    }
    insta::with_settings!({
        snapshot_path => "snapshots",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, { insta::assert_snapshot!("every_message", table) });
}

/// A message without what differs from one bag to the next: names in quotes, and numbers.
pub(crate) fn without_names(message: &str) -> String {
    let mut out = String::new();
    for (at, part) in message.split('\'').enumerate() {
        out.push_str(if at % 2 == 1 { "'…'" } else { part });
    }
    let mut last = ' ';
    out.retain(|one| {
        let again = one.is_ascii_digit() && last.is_ascii_digit();
        last = one;
        !again
    });
    out.replace(|one: char| one.is_ascii_digit(), "0")
}

#[test]
fn two_mistakes_differ_in_more_than_names() {
    let mut codes: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (_, sample) in samples() {
        let codes = codes.entry(without_names(&sample.to_string())).or_default();
        if !codes.contains(&sample.code()) {
            codes.push(sample.code());
        }
    }
    codes.retain(|_, codes| codes.len() > 1);

    assert!(codes.is_empty(), "{codes:#?}");
}

#[test]
fn codes_are_in_kebab_case() {
    let is_kebab = |code: &str| {
        code.split('-').all(|word| {
            !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        })
    };
    let wrong: Vec<_> = samples().iter().map(|(_, one)| one.code()).filter(|code| !is_kebab(code)).collect();

    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn a_code_belongs_to_one_crate() {
    let mut crates: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (from, sample) in samples() {
        let known = crates.entry(sample.code()).or_default();
        if !known.contains(&from) {
            known.push(from);
        }
    }
    // What the host refuses is one kind to whoever reads codes, whichever crate asked it.
    crates.remove("host-refused");
    crates.retain(|_, crates| crates.len() > 1);

    assert!(crates.is_empty(), "{crates:?}");
}

#[test]
fn a_code_is_an_error_or_a_warning() {
    let mut severities = BTreeMap::new();
    let mut both: Vec<_> = samples()
        .iter()
        .filter(|(_, one)| *severities.entry(one.code()).or_insert(one.severity()) != one.severity())
        .map(|(_, one)| one.code())
        .collect();
    both.dedup();

    assert!(both.is_empty(), "{both:?}");
}

#[test]
fn messages_start_in_lower_case_and_have_no_full_stop() {
    let texts = samples().into_iter().flat_map(|(_, one)| [Some(one.to_string()), one.problem().help()]);
    // A name may start with a capital: U+00A0, RLIMIT_FSIZE, JSON, Linux.
    let is_name = |text: &str| {
        let first = text.split([' ', '+']).next().unwrap_or_default();
        first.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_') || first == "Linux"
    };
    let is_wrong = |text: &String| {
        text.ends_with(['.', '!', '\n', ' ']) || (text.starts_with(char::is_uppercase) && !is_name(text))
    };
    let wrong: Vec<String> = texts.flatten().filter(is_wrong).collect();

    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A sample of a kind that authors make has a code of its own.
const OF_AUTHORS: &str = "out-of-paper";

#[test]
fn every_code_is_explained() {
    let registry = TypeRegistry::builder()
        .add(qomet_backends::types())
        .explain(qomet_backends::explanations())
        .explain(qomet_vmm::EXPLANATIONS.iter().copied())
        .build()
        .unwrap();
    let mut missing: Vec<_> = samples()
        .iter()
        .map(|(_, one)| one.code())
        .filter(|code| *code != OF_AUTHORS && qomet_qmp::explain(&registry, code).is_err())
        .collect();
    missing.dedup();

    assert!(missing.is_empty(), "without an explanation: {missing:?}");
}

#[test]
fn explanations_are_sentences() {
    let registry = TypeRegistry::builder().explain(qomet_backends::explanations()).build().unwrap();
    let wrong: Vec<_> = qomet_qmp::explanations(&registry)
        .filter(|(_, text)| !text.ends_with(['.', ']', '=']) || text.contains("  ") || text.contains('\n'))
        .collect();

    assert!(wrong.is_empty(), "{wrong:#?}");
}
