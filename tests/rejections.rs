//! Documents that are rejected, each beside the snapshot of what is said of it: see `rejections/README.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use qomet::{Diagnostic, Level, Model};
use qomet_backends::memory::MemoryHost;
use qomet_config::{Dialect, Documents, Sources, render_human, render_json};
use qomet_memory::{Call, Errno, Faults, Host};

use crate::dummies;
use crate::folder::Folder;
use crate::wordings::without_names;

/// What a document calls the folder of its files; as long as the name of the real one, so that no mark moves.
const FOLDER: &str = "/tmp/qomet-folder";

/// What the host has unless a document says otherwise, so that the outcome does not depend on the machine.
const MEMORY: u64 = 1 << 50;

/// The endings of documents, which say how they are read: JSON, sections, lines in both dialects, command lines.
const ENDINGS: [&str; 5] = ["json", "ini", "keyval", "opts", "sh"];

/// What the head of a document says.
struct Rejection {
    name: String,
    /// Its ending.
    ending: &'static str,
    /// What the parser gets.
    bytes: Vec<u8>,
    /// `LINE:COLUMN CODE` of every mistake, `warning` before the code of what is only that.
    mistakes: Vec<String>,
    folder: Folder,
    host: Host,
}

#[test]
fn every_document_is_rejected_for_its_mistakes_and_nothing_else() {
    let names = documents();
    let wrong: Vec<&String> =
        names.iter().filter(|name| catch_unwind(AssertUnwindSafe(|| judge(name))).is_err()).collect();

    assert!(wrong.is_empty(), "{} of {} documents: {wrong:#?}", wrong.len(), names.len());
    assert!(names.len() >= 200, "{} documents", names.len());
}

#[test]
fn two_mistakes_in_documents_differ_in_more_than_names() {
    let mut codes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for name in names("snap") {
        // What people are told stands first, then what programs are told.
        let text = fs::read_to_string(home().join(format!("{name}.snap"))).unwrap();
        let (_, report) = text.split_once("\n{\n").unwrap();
        let report: serde_json::Value = serde_json::from_str(&format!("{{{report}")).unwrap();
        for told in report["diagnostics"].as_array().unwrap() {
            let (message, code) = (told["message"].as_str().unwrap(), told["code"].as_str().unwrap());
            codes.entry(without_names(message)).or_default().insert(code.to_owned());
        }
    }
    assert!(codes.len() >= 200, "{} messages", codes.len());
    codes.retain(|_, codes| codes.len() > 1);
    assert!(codes.is_empty(), "{codes:#?}");
}

#[test]
fn every_snapshot_has_its_document() {
    assert_eq!(names("snap"), documents());
}

#[test]
fn some_documents_have_several_mistakes() {
    let several = documents().iter().filter(|name| Rejection::read(name).mistakes.len() > 1).count();

    assert!(several >= 12, "{several}");
}

/// All documents, without the ending.
fn documents() -> Vec<String> {
    let mut names: Vec<String> = ENDINGS.into_iter().flat_map(names).collect();
    names.sort();
    names
}

/// The documents or snapshots, without the ending.
fn names(ending: &str) -> Vec<String> {
    let files = fs::read_dir(home()).unwrap().map(|entry| entry.unwrap().path());
    let mut names: Vec<String> = files
        .filter(|path| path.extension().is_some_and(|one| one == ending))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

/// The documents that are JSON as RFC 8259 has it, without the comments at their head.
pub(crate) fn documents_in_json() -> Vec<String> {
    let text = |name: &String| {
        let text = String::from_utf8(Rejection::read(name).bytes).ok()?;
        let start = text.lines().take_while(|line| line.starts_with("//")).map(|line| line.len() + 1).sum();
        let document: String = text.get::<std::ops::RangeFrom<usize>>(start..)?.to_owned();
        serde_json::from_str::<serde_json::Value>(&document).is_ok().then_some(document)
    };
    names("json").iter().filter_map(text).collect()
}

/// Shows what is found in each document.
pub(crate) fn each_report(mut show: impl FnMut(&str, &[Diagnostic], &Sources)) {
    for name in documents() {
        let rejection = Rejection::read(&name);
        let model = Model::new(dummies::registry());
        model.services().put(MemoryHost(rejection.host.clone()));
        let mut documents = Documents::new();
        rejection.add_to(&mut documents);
        let found = documents.plan(&model, Level::Host).into_diagnostics();
        show(&name, &found, documents.sources());
    }
}

fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("rejections")
}

fn judge(name: &str) {
    let rejection = Rejection::read(name);
    let model = Model::new(dummies::registry());
    model.services().put(MemoryHost(rejection.host.clone()));
    let before = rejection.folder.contents();
    let mut documents = Documents::new();
    rejection.add_to(&mut documents);

    let plan = documents.plan(&model, Level::Host);

    let found = plan.diagnostics();
    let shown = rejection.show(found, documents.sources());
    let places: Vec<String> = found.iter().map(|one| place(one, documents.sources())).collect();
    assert_eq!(places, rejection.mistakes, "{name}\n{shown}");
    let refused = found.iter().any(Diagnostic::is_error);
    assert_eq!(plan.is_accepted(), !refused, "{name}");
    if refused {
        assert!(plan.carry_out().0.is_err(), "{name}: created what the check refused");
        assert!(model.is_empty() || model.children(model.objects()).is_empty(), "{name}: an object stays");
    }
    assert_eq!(rejection.folder.contents(), before, "{name}: the files are no longer what they were");
    insta::with_settings!({
        snapshot_path => "rejections",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, { insta::assert_snapshot!(name, shown) });
}

fn place(diagnostic: &Diagnostic, sources: &Sources) -> String {
    let location = diagnostic.place().and_then(|place| sources.locate(place));
    let place = location.map_or("-".to_owned(), |at| format!("{}:{}", at.start.line, at.start.column));
    let severity = if diagnostic.is_error() { "" } else { "warning " };
    format!("{place} {severity}{}", diagnostic.code())
}

impl Rejection {
    fn read(name: &str) -> Self {
        let path = |ending: &&str| home().join(format!("{name}.{ending}"));
        let ending = ENDINGS.into_iter().find(|ending| path(ending).exists()).unwrap();
        let text = fs::read_to_string(path(&ending)).unwrap();
        let comment = if ending == "json" { "//" } else { "#" };
        let folder = Folder::named_like(FOLDER);
        let (mut mistakes, mut faults, mut utf16) = (Vec::new(), Faults::none().memory(MEMORY), false);
        for line in text.lines().take_while(|line| line.starts_with(comment)) {
            let line = line.trim_start_matches(comment);
            if let Some(mistake) = line.strip_prefix("~ ") {
                mistakes.push(mistake.to_owned());
            } else if let Some(step) = line.strip_prefix("$ ") {
                let words: Vec<&str> = step.split(' ').collect();
                match words[..] {
                    ["utf-16"] => utf16 = true,
                    ["host", ref words @ ..] => faults = host(faults, words, &folder),
                    _ => set_up(&folder, &words),
                }
            }
        }
        assert!(text.starts_with(&format!("{comment} ")), "{name} does not say what is wrong with it");
        assert!(!mistakes.is_empty(), "{name} does not say where it is wrong");
        let text = text.replace(FOLDER, folder.path().to_str().unwrap());
        // A line is by itself.
        let text = match ending {
            "keyval" | "opts" => text.lines().last().unwrap().to_owned(),
            _ => text,
        };
        let bytes = if utf16 { encode(&text) } else { expand(text.as_bytes()) };
        Rejection { name: name.to_owned(), ending, bytes, mistakes, folder, host: Host::with(faults) }
    }

    fn add_to(&self, documents: &mut Documents) {
        let (name, bytes) = (format!("{}.{}", self.name, self.ending), self.bytes.clone());
        match self.ending {
            "keyval" => documents.add_line(&name, bytes, Dialect::Keyval),
            "opts" => documents.add_line(&name, bytes, Dialect::Opts),
            "sh" => documents.add_command_line(&name, bytes),
            _ => documents.add(&name, bytes),
        }
    }

    /// What people and what programs are told.
    fn show(&self, found: &[Diagnostic], sources: &Sources) -> String {
        let human = render_human(found, sources, false);
        let json = format!("{:#}\n", render_json(found, sources));
        let mut shown = human.replace(self.folder.path().to_str().unwrap(), FOLDER);
        let _ = write!(shown, "\n{}", json.replace(self.folder.path().to_str().unwrap(), FOLDER));
        assert!(!shown.contains('\u{1b}') && !shown.contains('\0'), "{}: {shown:?}", self.name);
        shown
    }
}

fn set_up(folder: &Folder, words: &[&str]) {
    match words {
        ["file", name, length] => drop(folder.file(name, length.parse().unwrap())),
        ["folder", name] => folder.folder(name),
        ["fifo", name] => folder.fifo(name),
        ["socket", name] => folder.socket(name),
        ["link", name, target] => folder.link(name, target),
        ["alias", name, of] => folder.alias(name, of),
        other => panic!("README.md does not say what {other:?} means"),
    }
}

fn host(faults: Faults, words: &[&str], folder: &Folder) -> Faults {
    let call = |name: &str| match name {
        "read-access" => Call::AccessRead,
        "write-access" => Call::Access,
        other => panic!("README.md has no call {other}"),
    };
    let errno = |name: &str| match name {
        "EACCES" => Errno::EACCES,
        "EROFS" => Errno::EROFS,
        "ELOOP" => Errno::ELOOP,
        other => panic!("README.md has no error {other}"),
    };
    match words {
        ["refuses", name, error] => faults.call(call(name), errno(error)),
        ["file-size-limit", bytes] => faults.file_size_limit(bytes.parse().unwrap()),
        ["free-space", bytes] => faults.free_space(bytes.parse().unwrap()),
        ["memory", bytes] => faults.memory(bytes.parse().unwrap()),
        ["has-dax", length, align] => faults.sysfs(device_dax(folder, length, align)),
        other => panic!("README.md does not say what {other:?} means"),
    }
}

/// A sysfs in which `/dev/zero` is a device DAX.
fn device_dax(folder: &Folder, length: &str, align: &str) -> PathBuf {
    ["sysfs", "sysfs/dev", "sysfs/dev/char", "sysfs/dev/char/1:5"]
        .iter()
        .for_each(|name| folder.folder(name));
    folder.link("sysfs/dev/char/1:5/subsystem", "../../../bus/dax");
    folder.text("sysfs/dev/char/1:5/size", length);
    folder.text("sysfs/dev/char/1:5/align", align);
    folder.join("sysfs")
}

fn encode(text: &str) -> Vec<u8> {
    std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

/// Puts bytes in place of `{{byte:XX}}`, and so many of a text in place of `{{N:TEXT}}`.
fn expand(text: &[u8]) -> Vec<u8> {
    let find = |from: &[u8], what: &[u8]| from.windows(what.len()).position(|window| window == what);
    let (mut out, mut rest) = (Vec::new(), text);
    while let Some(start) = find(rest, b"{{") {
        let length = find(&rest[start..], b"}}").unwrap();
        let (before, inside) = (&rest[..start], &rest[start + 2..start + length]);
        out.extend_from_slice(before);
        let (what, of) = std::str::from_utf8(inside).unwrap().split_once(':').unwrap();
        match what {
            "byte" => out.push(u8::from_str_radix(of, 16).unwrap()),
            times => out.extend(of.repeat(times.parse().unwrap()).bytes()),
        }
        rest = &rest[start + length + 2..];
    }
    out.extend_from_slice(rest);
    out
}
