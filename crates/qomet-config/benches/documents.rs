//! Documents to objects and objects to text, each against serde_json in the same run.
//!
//! `cargo bench -p qomet-config --bench documents`. What stands in the report is time without the dropping of what
//! was made, for both. The rows of peak memory come from processes of their own, one for each side.
#![allow(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    missing_docs,
    reason = "a benchmark stops at once, and its numbers are small"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use qomet::{Level, Model, Output, TypeRegistry};
use qomet_config::{Documents, JsonOutput};
use qomet_testkit::build;
use qomet_testkit::measure::{Goal, Report};

const BAGS: usize = 100_000;
const ROUNDS: usize = 7;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.get(1).map(String::as_str) {
        // `cargo test --benches` only wants to know that it starts.
        Some("--test") => return,
        Some("--peak") => return println!("{}", peak(arguments.get(2).unwrap())),
        _ => {}
    }
    let mut report = Report::default();
    one_bag(&mut report);
    dump(&mut report);
    many_bags(&mut report);
    memory(&mut report);
    print!("{}", report.table());
}

fn bag(number: usize) -> String {
    format!(
        r#"{{"qom-type":"level-5","id":"obj{number:06}","count-1":{},"flag-3":true,"name-5":"/dev/shm/guest-{number}"}}"#,
        number * 4096
    )
}

fn document() -> String {
    let bags: Vec<String> = (0..BAGS).map(bag).collect();
    format!("[{}]", bags.join(","))
}

fn one_bag(report: &mut Report) {
    let model = build::model();
    let text = bag(1);
    let mut map: std::collections::HashMap<String, Arc<[u64; 40]>> = std::collections::HashMap::new();
    report.compare(
        "JSON bag (5 properties) → live object in the tree → removed; anchor: serde_json Value, in and out of a map",
        Goal::at_most(700.0),
        || {
            let mut documents = Documents::new();
            documents.add("bag", black_box(&text).as_bytes());
            let (made, found) = documents.plan(&model, Level::Host).carry_out();
            let object = made.unwrap().remove(0);
            assert!(found.is_empty());
            model.delete(&object).unwrap();
        },
        || {
            let value: serde_json::Value = serde_json::from_str(black_box(&text)).unwrap();
            let id = value.get("id").unwrap().as_str().unwrap();
            map.insert(id.to_owned(), Arc::new([0; 40]));
            drop(black_box(map.remove(id)));
        },
    );
}

fn dump(report: &mut Report) {
    let model = build::model();
    let object = build::object(&model, "everything", "e0");
    let names: Vec<&str> = object
        .class()
        .properties()
        .iter()
        .filter(|one| !one.sensitive && !matches!(one.name, "limits" | "list" | "which" | "number"))
        .map(|one| one.name)
        .take(21)
        .collect();
    let write = |out: &mut JsonOutput| {
        out.begin_struct();
        for name in &names {
            out.member(name);
            object.write(name, out).unwrap();
        }
        out.end_struct();
    };
    let mut first = JsonOutput::compact();
    write(&mut first);
    let value: serde_json::Value = serde_json::from_str(first.as_str()).unwrap();
    assert_eq!(value.as_object().unwrap().len(), 21);
    let (mut buffer, mut bytes) = (String::with_capacity(1024), Vec::with_capacity(1024));
    report.compare(
        "dump 21 properties to JSON text; anchor: serde_json, from a Value",
        Goal::of_limit(700.0, 420.0),
        || {
            let mut text = std::mem::take(&mut buffer);
            text.clear();
            let mut out = JsonOutput::after(text);
            write(&mut out);
            buffer = out.finish();
            black_box(buffer.len());
        },
        || {
            bytes.clear();
            serde_json::to_writer(&mut bytes, black_box(&value)).unwrap();
            black_box(bytes.len());
        },
    );
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let made = work();
    (start.elapsed(), made)
}

fn many_bags(report: &mut Report) {
    let text = document();
    let registry = Arc::new(qomet_testkit::registry());
    let anchor = || timed(|| serde_json::from_str::<serde_json::Value>(&text).unwrap()).0;
    let plan = || {
        let (model, bytes) = (Model::new(registry.clone()), text.clone());
        let mut documents = Documents::new();
        let (add, ()) = timed(|| documents.add("bags", bytes));
        let (took, plan) = timed(|| documents.plan(&model, Level::Graph));
        assert!(plan.is_accepted());
        add + took
    };
    let megabytes = text.len() as f64 / 1e6;
    let (mut ours, mut theirs) = (f64::MAX, f64::MAX);
    for _ in 0..ROUNDS {
        ours = ours.min(plan().as_secs_f64());
        theirs = theirs.min(anchor().as_secs_f64());
    }
    let ratio = theirs / ours;
    let speed = megabytes / ours;
    report.push(
        &format!("document of {BAGS} bags ({megabytes:.1} MB) → checked plan; anchor: serde_json Value"),
        format!("{speed:.0} MB/s"),
        format!("{:.0} MB/s", megabytes / theirs),
        format!("{ratio:.2}×"),
        "≥ 300 MB/s or 3.61×",
        Some(speed >= 300.0 || ratio >= 300.0 / 83.0),
    );
    report.push(
        "the same, at least as fast as serde_json reads a Value",
        "",
        "",
        format!("{ratio:.2}×"),
        "≥ 1.00×",
        Some(ratio >= 1.0),
    );
    let live = || {
        let (model, bytes) = (Model::new(registry.clone()), text.clone());
        let mut documents = Documents::new();
        let (add, ()) = timed(|| documents.add("bags", bytes));
        let (took, (made, found)) = timed(|| documents.plan(&model, Level::Host).carry_out());
        assert!(found.is_empty() && made.unwrap().len() == BAGS);
        add + took
    };
    report.rounds(
        "the same → live objects, each; anchor: serde_json Value, each",
        Goal::at_most(600.0),
        BAGS as f64,
        ROUNDS,
        live,
        anchor,
    );
}

/// The most memory this process had, in KiB, and what it has now.
fn resident(line: &str) -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|one| one.strip_prefix(line))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

/// How many times the length of the text one side needs beside the text.
fn peak(side: &str) -> f64 {
    let (text, registry) = (document(), Arc::<TypeRegistry>::new(qomet_testkit::registry()));
    let before = resident("VmRSS:").unwrap_or(f64::NAN);
    match side {
        "plan" | "live" => {
            let model = Model::new(registry);
            let mut documents = Documents::new();
            documents.add("bags", text.as_bytes());
            let plan = documents.plan(&model, if side == "plan" { Level::Graph } else { Level::Host });
            if side == "live" {
                drop(black_box(plan.carry_out().0.unwrap()));
            } else {
                drop(black_box(plan));
            }
        }
        _ => drop(black_box(serde_json::from_str::<serde_json::Value>(&text).unwrap())),
    }
    (resident("VmHWM:").unwrap_or(f64::NAN) - before) * 1024.0 / text.len() as f64
}

fn memory(report: &mut Report) {
    let of = |side: &str| -> Option<f64> {
        let program = std::env::current_exe().ok()?;
        let output = std::process::Command::new(program).args(["--peak", side]).output().ok()?;
        String::from_utf8(output.stdout).ok()?.trim().parse().ok()
    };
    let Some(anchor) = of("value").filter(|peak| peak.is_finite()) else { return };
    for (side, what) in [("plan", "checked plan"), ("live", "live objects")] {
        let Some(ours) = of(side) else { continue };
        report.push(
            &format!("peak memory of document → {what}, times the text; anchor: serde_json Value"),
            format!("{ours:.1}×"),
            format!("{anchor:.1}×"),
            format!("{:.2}×", ours / anchor),
            "",
            None,
        );
    }
}
