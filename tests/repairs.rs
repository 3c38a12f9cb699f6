//! Documents as people write them who have never seen Qomet, each with five mistakes or more, and the same repaired by what
//! they are told alone.
//!
//! `repairs/NAME.ENDING` is what they wrote, `NAME.snap` what they see, `NAME.repaired.ENDING` what they made of it. Who
//! changes a message reads the snapshot and asks: could I have written the repaired document, had I only this? A value
//! that nobody but its author can know, such as a name, is the exception.

use std::fs;
use std::path::{Path, PathBuf};

use qomet::{Diagnostic, Level, Model};
use qomet_backends::memory::MemoryHost;
use qomet_config::{Dialect, Documents, render_human};
use qomet_memory::{Faults, Host};

use crate::dummies;
use crate::folder::Folder;

/// What a document calls the folder of its files; as long as the name of the real one, so that no mark moves.
const FOLDER: &str = "/tmp/qomet-folder";

/// What people wrote.
const DOCUMENTS: [&str; 11] = [
    "javascript.json",
    "one-file.json",
    "links.json",
    "limits.json",
    "who-may.json",
    "secrets.json",
    "nested.json",
    "sections.ini",
    "lines.keyval",
    "pasted.sh",
    "guest.xml",
];

/// A folder with the files that the documents are about, and a host that has much memory.
struct Bench {
    folder: Folder,
    model: Model,
}

/// What is found in a text, and what people see of it.
struct Found {
    mistakes: Vec<Diagnostic>,
    shown: String,
    is_accepted: bool,
}

impl Bench {
    fn new() -> Self {
        let folder = Folder::named_like(FOLDER);
        folder.file("old.img", 65536);
        folder.file("bios.img", 4096);
        folder.text("key", "0123456789");
        folder.text("rules.json", r#"{"rules": [{"match": "anna", "policy": "allow"}]}"#);
        folder.folder("images");
        let model = Model::new(dummies::registry());
        model.services().put(MemoryHost(Host::with(Faults::none().memory(1 << 50))));
        Bench { folder, model }
    }

    fn check(&self, name: &str) -> Found {
        let text = fs::read_to_string(home().join(name)).unwrap();
        let text = text.replace(FOLDER, self.folder.path().to_str().unwrap());
        let mut documents = Documents::new();
        match name.rsplit_once('.').unwrap().1 {
            "keyval" => {
                let lines = text.lines().enumerate();
                lines.for_each(|(at, line)| {
                    documents.add_line(&format!("--object #{}", at + 1), line, Dialect::Keyval);
                });
            }
            "sh" => documents.add_command_line(name, text),
            "xml" => documents.add_libvirt(name, text),
            _ => documents.add(name, text),
        }
        let plan = documents.plan(&self.model, Level::Host);
        let shown = render_human(plan.diagnostics(), documents.sources(), false);
        let shown = shown.replace(self.folder.path().to_str().unwrap(), FOLDER);
        let is_accepted = plan.is_accepted();
        Found { mistakes: plan.into_diagnostics(), shown, is_accepted }
    }
}

fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("repairs")
}

/// What somebody made of it.
fn repaired(name: &str) -> String {
    let (stem, ending) = name.rsplit_once('.').unwrap();
    format!("{stem}.repaired.{ending}")
}

#[test]
fn what_people_see_of_their_mistakes() {
    let bench = Bench::new();
    for name in DOCUMENTS {
        let shown = bench.check(name).shown;
        insta::with_settings!({
            snapshot_path => "repairs",
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, { insta::assert_snapshot!(name.rsplit_once('.').unwrap().0, shown) });
    }
}

#[test]
fn every_mistake_comes_with_what_to_do() {
    let bench = Bench::new();
    for name in DOCUMENTS {
        let found = bench.check(name);
        let silent = |one: &&Diagnostic| one.problem().help().is_none() && one.code() != "out-of-range";
        let silent: Vec<&Diagnostic> = found.mistakes.iter().filter(silent).collect();
        assert!(found.mistakes.len() >= 5, "{name}: {}", found.shown);
        assert!(silent.is_empty(), "{name}: {silent:#?}");
    }
}

#[test]
fn what_is_repaired_as_they_are_told_is_accepted() {
    let bench = Bench::new();
    for name in DOCUMENTS {
        let found = bench.check(&repaired(name));
        assert!(found.is_accepted && found.mistakes.is_empty(), "{name}: {}", found.shown);
    }
}

#[test]
fn every_file_here_belongs_to_a_document() {
    let mut wanted: Vec<String> = Vec::new();
    for name in DOCUMENTS {
        let snapshot = format!("{}.snap", name.rsplit_once('.').unwrap().0);
        wanted.extend([name.to_owned(), repaired(name), snapshot]);
    }
    let mut there: Vec<String> = fs::read_dir(home())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.ends_with(".snap.new"))
        .collect();
    wanted.sort();
    there.sort();

    assert_eq!(there, wanted);
}
