//! The examples of `explain` that need more than a document: exchanges of the protocol and commands of a shell. Documents run
//! beside the command itself, programs in Rust as tests of the documentation of `qomet-cli`.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::File;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use qomet::TypeRegistry;

use super::process::{Running, Said, program, run_with_input};
use crate::folder::Folder;

const EXAMPLES: &str = include_str!("../../crates/qomet-cli/src/explain/examples.md");

/// What no example can provoke wherever it is run, and what it takes.
const NEEDS_MORE: &[(&str, &str)] = &[
    ("align-not-device", "needs a device DAX"),
    ("already-refused", "a program that asks for the outcome of what was refused before"),
    ("binding-forbidden", "a seccomp profile forbids mbind"),
    ("built-without", "a program built without a feature"),
    ("connection-forbidden", "permissions, which root does not notice"),
    ("connection-lost", "a connection that breaks"),
    ("dax-needs-share", "needs a device DAX"),
    ("descriptor-name", "a client that passes a descriptor"),
    ("device-refused", "a vhost-user device fails"),
    ("device-too-short", "needs a block device or a device DAX"),
    ("file-gone", "another process, while the memory is in use"),
    ("file-length-changed", "another process, between two calls"),
    ("file-lock-conflict", "another process that uses the file"),
    ("file-not-readable", "permissions, which root does not notice"),
    ("file-not-writable", "permissions, which root does not notice"),
    ("file-range-locked", "another process that uses the file"),
    ("file-sealed", "a client that passes a sealed memfd"),
    ("folder-not-writable", "permissions, which root does not notice"),
    ("host-refused", "the host lacks memory or permission"),
    ("huge-pool-too-small", "a kernel with huge pages"),
    ("interrupted", "a signal"),
    ("job-not-cancellable", "work that is ending at this moment"),
    ("kvm-refused", "KVM fails"),
    ("negative-number", "a client that passes a descriptor"),
    ("no-backing-page", "a file system fills up while memory is made present"),
    ("no-event-loop", "the host has no more descriptors"),
    ("no-huge-pages", "a kernel without huge pages"),
    ("no-keyrings", "a kernel without keyrings"),
    ("no-randomness", "a filter forbids getrandom"),
    ("no-read-only-slots", "a KVM without read-only memory"),
    ("not-bound", "the kernel refuses NUMA nodes that exist"),
    ("not-kept", "QEMU as the server"),
    ("not-put-back", "QEMU as the server, and somebody who changes its objects meanwhile"),
    ("not-synced", "a disk that fails"),
    ("not-undone", "the host refuses something, and its undoing as well"),
    ("not-waited-for", "a program that has a thread wait for a regular file"),
    ("not-watched", "the host has no more inotify watches"),
    ("one-node-preferred", "a kernel before 5.15"),
    ("populate-failed", "the kernel fails while memory is made present"),
    ("random-source-ended", "a device that ends"),
    ("secret-not-text", "a user of secrets that takes text only"),
    ("sensitive-not-a-string", "a type written without the macro, which refuses it first"),
    ("server-busy", "other clients of a server that takes one at a time"),
    ("template-handed-out", "a file that is there, on a command line"),
    ("text-too-long", "a document of more than 4 GiB"),
    ("too-few-addresses", "the process has no range of addresses left"),
    ("too-many-clients", "other clients"),
    ("too-many-descriptors", "a client that takes descriptors"),
    ("too-many-objects", "a server with millions of objects"),
    ("too-many-properties", "a type with more properties than anybody writes down"),
    ("too-many-slots", "KVM has fewer slots than there are backends"),
    ("type-cycle", "types written without the macro, whose structs hold those of their parents"),
    ("vm-memory-refused", "the crate vm-memory fails"),
];

/// A section of the examples.
struct Example {
    code: &'static str,
    /// What each block is written in, and its lines: what provokes the code, then the same mended.
    blocks: Vec<(&'static str, &'static str)>,
}

fn examples() -> Vec<Example> {
    let sections = EXAMPLES.split("\n## ").skip(1);
    sections
        .map(|section| {
            let (code, rest) = section.split_once('\n').expect("a line with the code");
            let blocks = rest.split("```").skip(1).step_by(2);
            Example {
                code,
                blocks: blocks.map(|block| block.split_once('\n').expect("a language")).collect(),
            }
        })
        .collect()
}

/// Whether the program told a code, to people or to a client.
fn tells(said: &Said, code: &str) -> bool {
    let told = [said.out.as_str(), &said.err].concat();
    told.contains(&format!("[{code}]")) || told.contains(&format!("\"code\":\"{code}\""))
}

/// Runs commands in an empty folder, with the program as `qomet`.
fn shell(commands: &str) -> Said {
    let (folder, tools) = (Folder::new(), Folder::new());
    symlink(program([""; 0]).get_program(), tools.join("qomet")).unwrap();
    let mut path = OsString::from(tools.path());
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap());
    let mut command = Command::new("sh");
    command.args(["-c", commands]).current_dir(folder.path()).env("PATH", path).env_remove("NO_COLOR");
    command.stdin(File::open("/dev/null").unwrap()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Running::start(command).end()
}

#[test]
fn every_code_has_an_example_or_a_reason_for_having_none() {
    let types = TypeRegistry::builder().add(qomet_backends::types());
    let types = types.explain(qomet_backends::explanations());
    let registry = types.explain(qomet_vmm::EXPLANATIONS.iter().copied()).build().unwrap();
    let codes: BTreeSet<_> = qomet_qmp::explanations(&registry).map(|(code, _)| code).collect();
    let shown: BTreeSet<_> = examples().iter().map(|example| example.code).collect();
    let needs_more: BTreeSet<_> = NEEDS_MORE.iter().map(|(code, _)| *code).collect();
    let known: BTreeSet<_> = &shown | &needs_more;

    assert_eq!((shown.len(), needs_more.len()), (examples().len(), NEEDS_MORE.len()), "one stands twice");
    assert_eq!(&shown & &needs_more, BTreeSet::new(), "what has an example needs no reason for having none");
    assert_eq!(&codes - &known, BTreeSet::new(), "no example");
    assert_eq!(&known - &codes, BTreeSet::new(), "no such code");
}

#[test]
fn every_exchange_of_an_example_is_refused_with_its_code() {
    let mut count = 0;
    for Example { code, blocks } in examples() {
        let Some(("qmp", messages)) = blocks.first().copied() else { continue };
        let input = format!("{{\"execute\": \"qmp_capabilities\"}}\n{messages}");
        let said = run_with_input(["run", "--qmp", "stdio"], &input);
        assert!(tells(&said, code), "{code}: {}{}", said.out, said.err);
        count += 1;
    }
    assert!(count >= 20, "{count}");
}

#[test]
fn every_command_of_an_example_is_refused_with_its_code_and_runs_when_it_is_mended() {
    let mut count = 0;
    for Example { code, blocks } in examples() {
        for (at, (_, commands)) in
            blocks.iter().enumerate().filter(|(_, (language, _))| *language == "console")
        {
            let said = shell(commands);
            assert_eq!(tells(&said, code), at == 0, "{code}: {commands}{}{}", said.out, said.err);
            assert!(at == 0 || said.code == Some(0), "{code}: {commands}{}{}", said.out, said.err);
            count += 1;
        }
    }
    assert!(count >= 50, "{count}");
}

#[test]
fn every_program_of_an_example_asks_for_its_code() {
    for Example { code, blocks } in examples() {
        for (_, program) in blocks.iter().filter(|(language, _)| *language == "rust") {
            assert!(program.contains(&format!("\"{code}\"")), "{code}: {program}");
        }
    }
}

#[test]
fn an_explained_code_comes_with_an_example_and_how_it_is_mended() {
    let said = super::process::run(["explain", "unknown-property"]);

    insta::assert_snapshot!(said.out, @r#"
    unknown-property

    The type has no property of that name. 'qomet describe TYPE' or qom-list-properties lists those that
    it has; the nearest name is suggested.

    Example, a document:

        {"qom-type": "memory-backend-ram", "id": "ram0", "sise": "1G"}

    Mended:

        {"qom-type": "memory-backend-ram", "id": "ram0", "size": "1G"}
    "#);
}
