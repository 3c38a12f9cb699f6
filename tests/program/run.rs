//! `run`: what it makes, holds and leaves behind.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::signal::Signal;

use super::process::{Running, Said, Terminal, program, wait_until};
use crate::folder::Folder;

const PAGE: u64 = 4096;

/// A folder with a document in it: RAM of its own, and two windows of one file.
struct Machine {
    folder: Folder,
    document: PathBuf,
    file: PathBuf,
}

impl Machine {
    fn new() -> Self {
        let folder = Folder::new();
        let file = folder.join("ram.img");
        let path = file.display();
        let text = format!(
            r#"[
  {{"qom-type": "memory-backend-file", "id": "high", "size": "8K", "offset": "4K", "share": true, "mem-path": "{path}"}},
  {{"qom-type": "memory-backend-ram", "id": "own", "size": "1M"}},
  {{"qom-type": "memory-backend-file", "id": "low", "size": "4K", "share": true, "mem-path": "{path}"}}
]"#
        );
        let document = folder.text("vm.json", text);
        folder.folder("tmp");
        Machine { folder, document, file }
    }

    /// The program with the document; its temporary files, if it had any, would be in the folder too.
    fn command(&self, more: &[&str]) -> Command {
        let mut arguments: Vec<OsString> = vec!["run".into(), self.document.clone().into()];
        arguments.extend(more.iter().map(OsString::from));
        let mut command = program(arguments);
        command.env("TMPDIR", self.folder.join("tmp")).current_dir(self.folder.join("tmp"));
        command
    }

    fn start(&self) -> Running {
        let running = Running::start(self.command(&[]));
        running.wait_for("until SIGINT or SIGTERM");
        running
    }

    fn once(&self) -> Said {
        Running::start(self.command(&["--once"])).end()
    }

    /// What there is beside the document and the folder for temporary files.
    fn left(&self) -> Vec<String> {
        let mut left = self.folder.contents();
        left.retain(|entry| !entry.starts_with("vm.json ") && entry != "tmp folder 0");
        left
    }
}

/// The offsets and lengths of the mappings of a file, and whether they are shared, in the order of offsets.
fn mappings(process: u32, file: &Path) -> Vec<(u64, u64, bool)> {
    let maps = fs::read_to_string(format!("/proc/{process}/maps")).unwrap_or_default();
    let hex = |text: &str| u64::from_str_radix(text, 16).unwrap();
    let mut found: Vec<_> = maps
        .lines()
        .filter(|line| line.ends_with(file.to_str().unwrap()))
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let (start, end) = words[0].split_once('-').unwrap();
            (hex(words[2]), hex(end) - hex(start), words[1].ends_with('s'))
        })
        .collect();
    found.sort_unstable();
    found
}

const BOTH: [(u64, u64, bool); 2] = [(0, PAGE, true), (PAGE, 2 * PAGE, true)];

#[test]
fn while_it_holds_the_file_is_mapped_at_both_offsets() {
    let machine = Machine::new();

    let running = machine.start();

    // Neighbours in the file may be neighbours in memory, but there are guard pages between them.
    assert_eq!(mappings(running.pid(), &machine.file), BOTH);
    assert_eq!(machine.left(), ["ram.img file 12288"]);
}

#[test]
fn windows_are_shown_where_they_are_in_the_file() {
    let machine = Machine::new();

    let said = machine.once();

    let rows: Vec<String> =
        said.out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for row in ["0 B 4 KiB 4 KiB low (shared)", "4 KiB 12 KiB 8 KiB high (shared)"] {
        assert!(rows.iter().any(|one| one == row), "{row}: {}", said.out);
    }
}

#[test]
fn what_is_held_is_shown() {
    let machine = Machine::new();

    let said = machine.once();

    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    for part in [
        "high: memory-backend-file",
        "own: memory-backend-ram",
        "1 MiB",
        "rom",
        "low (shared)",
        "high (shared)",
    ] {
        assert!(said.out.contains(part), "{part}: {}", said.out);
    }
    assert!(!said.out.contains("until SIGINT"), "{}", said.out);
}

#[test]
fn sigterm_and_sigint_end_it_with_0_and_only_the_file_stays() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let machine = Machine::new();
        let running = machine.start();

        running.signal(signal);

        let said = running.end();
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{signal}");
        assert_eq!(machine.left(), ["ram.img file 12288"]);
    }
}

#[test]
fn once_leaves_at_once_and_again_with_the_file_that_is_there() {
    let machine = Machine::new();

    assert_eq!([machine.once().code, machine.once().code], [Some(0), Some(0)]);

    assert_eq!(machine.left(), ["ram.img file 12288"]);
}

#[test]
fn after_a_kill_a_new_run_works_and_nothing_is_left_over() {
    let machine = Machine::new();
    let running = machine.start();
    running.signal(Signal::SIGKILL);
    assert_eq!(running.end().code, None);
    assert_eq!(machine.left(), ["ram.img file 12288"]);

    let again = machine.start();

    assert_eq!(mappings(again.pid(), &machine.file), BOTH);
    again.signal(Signal::SIGTERM);
    assert_eq!(again.end().code, Some(0));
    assert_eq!(machine.left(), ["ram.img file 12288"]);
}

#[test]
fn a_kill_in_the_middle_does_not_keep_the_next_run_from_working() {
    for _ in 0..20 {
        let machine = Machine::new();
        let running = Running::start(machine.command(&[]));
        wait_until("the file", || machine.file.exists());
        running.signal(Signal::SIGKILL);
        running.end();

        let said = machine.once();

        assert_eq!(said.code, Some(0), "{}", said.err);
        assert_eq!(machine.left(), ["ram.img file 12288"]);
    }
}

#[test]
fn a_refused_object_leaves_no_file_and_no_growth() {
    let machine = Machine::new();
    let short = machine.folder.file("short.img", 0);
    let object = |id: &str, more: &str| {
        let path = short.display();
        format!("memory-backend-file,id={id},size=4K,mem-path={path}{more}")
    };
    let (good, bad) = (object("good", ""), object("bad", ",offset=100"));

    let said = Running::start(machine.command(&["--object", &good, "--object", &bad])).end();

    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    assert!(
        said.err.contains("error[not-a-page-multiple]") && said.err.contains("--object #2, byte "),
        "{}",
        said.err
    );
    assert_eq!(machine.left(), ["short.img file 0"]);
}

#[test]
fn a_host_that_refuses_ends_it_with_3_and_what_was_made_is_undone() {
    let machine = Machine::new();
    let large = "memory-backend-ram,id=large,size=4E";

    let said = Running::start(machine.command(&["--object", large])).end();

    assert_eq!((said.code, said.out.as_str()), (Some(3), ""), "{}", said.err);
    assert!(said.err.contains("error[address-range-too-large]: object 'large'"), "{}", said.err);
    assert_eq!(machine.left(), Vec::<String>::new());
}

#[test]
fn a_limit_of_the_process_is_told_and_does_not_kill_it() {
    let machine = Machine::new();
    let inner = machine.command(&["--once"]);
    let mut command = Command::new("sh");
    command.args(["-c", r#"ulimit -f 4; exec "$0" "$@""#]).arg(inner.get_program()).args(inner.get_args());
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());

    let said = Running::start(command).end();

    assert_eq!(said.code, Some(3), "{}", said.err);
    assert!(said.err.contains("error[file-size-limit]"), "{}", said.err);
    assert_eq!(machine.left(), Vec::<String>::new());
}

#[test]
fn a_device_without_memory_is_refused_when_it_is_mapped() {
    let object = "memory-backend-file,id=null,size=4K,mem-path=/dev/null,share=on";

    let said = super::process::run(["run", "--once", "--object", object]);

    assert_eq!(said.code, Some(1), "{}", said.err);
    assert!(said.err.contains("error[not-mappable]"), "{}", said.err);
}

#[test]
fn a_folder_gives_memory_of_a_file_without_a_name() {
    let folder = Folder::new();
    let object = format!(
        r#"{{"qom-type": "memory-backend-file", "id": "m", "size": 4096, "mem-path": "{}"}}"#,
        folder.path().display()
    );
    let running = Running::start(program(["run", "--object", &object]));
    running.wait_for("until SIGINT or SIGTERM");

    assert!(folder.contents().is_empty());
    running.signal(Signal::SIGKILL);
    running.end();
    assert!(folder.contents().is_empty());
}

#[test]
fn it_goes_on_when_nobody_reads_what_it_says() {
    let machine = Machine::new();
    let mut command = machine.command(&[]);
    command.stdout(std::io::pipe().unwrap().1);

    let running = Running::start(command);

    wait_until("the mappings", || mappings(running.pid(), &machine.file) == BOTH);
    running.signal(Signal::SIGTERM);
    assert_eq!(running.end().code, Some(0));
}

#[test]
fn the_example_of_the_readme_runs() {
    let folder = Folder::new();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/qomet-cli/examples");
    let text = fs::read_to_string(examples.join("guest-memory.json")).unwrap();
    let file = folder.join("guest-memory");
    let text = text.replace("/tmp/qomet-guest-memory", file.to_str().unwrap());
    let document = folder.text("vm.json", text);
    let running = Running::start(program(["run".as_ref(), document.as_os_str()]));

    running.wait_for("until SIGINT or SIGTERM");

    let held = mappings(running.pid(), &file);
    assert_eq!(held, [(0, 64 << 20, true), (64 << 20, 128 << 20, true)]);
}

#[test]
fn sighup_applies_the_documents_again() {
    let machine = Machine::new();
    let running = machine.start();
    let other = machine.folder.join("other.img");
    let text = fs::read_to_string(&machine.document).unwrap();
    // `low` is gone, `high` has another file, `own` stays.
    let low = text.rfind(",\n").unwrap();
    let text = format!("{}\n]", &text[..low]).replace("ram.img", "other.img");
    fs::write(&machine.document, text).unwrap();

    running.signal(Signal::SIGHUP);
    let maps = || fs::read_to_string(format!("/proc/{}/maps", running.pid())).unwrap();
    wait_until("the other file to be mapped alone", || {
        maps().contains("other.img") && !maps().contains("ram.img")
    });
    running.signal(Signal::SIGTERM);

    let said = running.end();
    assert_eq!((said.code, said.err.as_str()), (Some(0), "applied again: 2 of 3 objects changed\n"));
    assert_eq!(fs::metadata(other).unwrap().len(), 3 * PAGE);
}

#[test]
fn a_document_that_is_wrong_at_sighup_changes_nothing() {
    let machine = Machine::new();
    let running = machine.start();
    let before = machine.left();
    fs::write(&machine.document, "[{\"qom-type\": \"memory-backend-ram\", \"id\": \"own\"}]").unwrap();

    running.signal(Signal::SIGHUP);
    // Of two signals that wait the program takes the lower number first, which is that of SIGHUP.
    running.signal(Signal::SIGTERM);

    let said = running.end();
    assert_eq!(said.code, Some(0));
    assert!(
        said.err.contains("missing-property") && said.err.contains("everything stays as it is"),
        "{}",
        said.err
    );
    assert_eq!(machine.left(), before);
}

/// The program, creating memory that is made present, and leaving.
fn preallocating(folder: &Folder, more: &[&str]) -> Command {
    let text = r#"[{"qom-type": "memory-backend-ram", "id": "ram0", "size": "64M", "prealloc": true}]"#;
    let document = folder.text("ram.json", text);
    let mut arguments: Vec<OsString> = vec!["run".into(), document.into(), "--once".into()];
    arguments.extend(more.iter().map(OsString::from));
    program(arguments)
}

#[test]
fn how_far_preallocation_is_stands_in_lines_of_json_of_which_the_last_is_the_end() {
    let said = Running::start(preallocating(&Folder::new(), &["--json"])).end();

    let lines: Vec<serde_json::Value> =
        said.err.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let last = &lines.last().unwrap()["progress"];
    assert_eq!(said.code, Some(0));
    assert_eq!((&last["id"], &last["done"]), (&"ram0".into(), &(64 << 20).into()));
    assert_eq!(last["done"], last["total"]);
    assert!(last["rate"].as_u64().unwrap() > 0);
}

#[test]
fn how_far_preallocation_is_is_a_bar_on_a_terminal_and_nothing_elsewhere() {
    let folder = Folder::new();
    let mut terminal = Terminal::start(preallocating(&folder, &[]));
    terminal.shows("ram0 [");
    terminal.shows("of 64.00 MiB");
    assert_eq!(terminal.end(), Some(0));

    let said = Running::start(preallocating(&folder, &[])).end();
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
}
