//! Documents to objects and objects to text, each against serde_json in the same run.
//!
//! `cargo bench -p qomet-config --bench documents`. What stands in the report is time without the dropping of what
//! was made, for both. The same documents' memory is the benchmark `memory`. `-- --only plan 20` (or `live`,
//! or `bag` for 10,000 of it) is for profilers and for comparing two builds in turn: that row alone so many times, and its
//! best time.
#![allow(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    missing_docs,
    reason = "a benchmark stops at once, and its numbers are small"
)]

#[path = "documents/bags.rs"]
mod bags;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bags::{BAGS, bag, document};
use qomet::{Level, Model, Output, TypeRegistry};
use qomet_config::{Documents, JsonOutput};
use qomet_testkit::build;
use qomet_testkit::measure::{Goal, Report};
use serde::Deserialize;

const ROUNDS: usize = 9;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.get(1).map(String::as_str) {
        // `cargo test --benches` only wants to know that it starts.
        Some("--test") => return,
        Some("--only") => return only(arguments.get(2).unwrap(), arguments.get(3).unwrap()),
        _ => {}
    }
    let mut report = Report::default();
    one_bag(&mut report);
    dump(&mut report);
    many_bags(&mut report);
    print!("{}", report.table());
}

fn there_and_back(model: &Model, text: &str) {
    let mut documents = Documents::new();
    documents.add("bag", text.as_bytes());
    let (made, found) = documents.plan(model, Level::Host).carry_out();
    let object = made.unwrap().remove(0);
    assert!(found.is_empty());
    model.delete(&object).unwrap();
}

fn one_bag(report: &mut Report) {
    let model = build::model();
    let text = bag(1);
    let mut map: std::collections::HashMap<String, Arc<[u64; 40]>> = std::collections::HashMap::new();
    report.compare(
        "JSON bag (5 properties) → live object in the tree → removed; anchor: serde_json Value, in and out of a map",
        Goal::at_most(700.0),
        || there_and_back(&model, black_box(&text)),
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

/// What a program has that knows one type only and checks nothing.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(dead_code, reason = "what is read is the measure")]
struct Bag<'a> {
    qom_type: &'a str,
    id: &'a str,
    #[serde(rename = "count-1")]
    count: u64,
    #[serde(rename = "flag-3")]
    flag: bool,
    #[serde(rename = "name-5")]
    name: String,
}

/// The documents, and everything that is done with them.
struct Large {
    text: String,
    registry: Arc<TypeRegistry>,
}

impl Large {
    fn new() -> Self {
        Large { text: document(), registry: Arc::new(qomet_testkit::registry()) }
    }

    fn plan(&self) -> Duration {
        let (model, bytes) = (Model::new(self.registry.clone()), self.text.clone());
        let mut documents = Documents::new();
        let (add, ()) = timed(|| documents.add("bags", bytes));
        let (took, plan) = timed(|| documents.plan(&model, Level::Graph));
        assert!(plan.is_accepted());
        add + took
    }

    fn live(&self) -> Duration {
        let (model, bytes) = (Model::new(self.registry.clone()), self.text.clone());
        let mut documents = Documents::new();
        let (add, ()) = timed(|| documents.add("bags", bytes));
        let (took, (made, found)) = timed(|| documents.plan(&model, Level::Host).carry_out());
        assert!(found.is_empty() && made.unwrap().len() == BAGS);
        add + took
    }

    fn structs(&self) -> Duration {
        timed(|| serde_json::from_str::<Vec<Bag<'_>>>(&self.text).unwrap()).0
    }

    fn value(&self) -> Duration {
        timed(|| serde_json::from_str::<serde_json::Value>(&self.text).unwrap()).0
    }

    fn sonic(&self) -> Duration {
        timed(|| sonic_rs::from_str::<sonic_rs::Value>(&self.text).unwrap()).0
    }
}

fn only(row: &str, rounds: &str) {
    let large = Large::new();
    let (model, text) = (build::model(), bag(1));
    let round = || match row {
        "plan" => large.plan(),
        "live" => large.live(),
        _ => timed(|| (0..10_000).for_each(|_| there_and_back(&model, &text))).0,
    };
    let best = (0..rounds.parse().unwrap()).map(|_| round()).min().unwrap();
    println!("{row}: {:.2} ms", best.as_secs_f64() * 1e3);
}

fn many_bags(report: &mut Report) {
    let large = Large::new();
    let mut best = [Duration::MAX; 5];
    for _ in 0..ROUNDS {
        let round = [large.plan(), large.structs(), large.value(), large.sonic(), large.live()];
        best.iter_mut().zip(round).for_each(|(best, took)| *best = took.min(*best));
    }
    let [plan, structs, value, sonic, live] = best.map(|best| best.as_secs_f64());
    let megabytes = large.text.len() as f64 / 1e6;
    let speed = |took: f64| format!("{:.0} MB/s", megabytes / took);
    let is_fast = megabytes / plan >= 300.0;
    let name = format!("document of {BAGS} bags ({megabytes:.1} MB) → checked plan");
    for (peer, theirs, wanted) in [
        // What it took where the target was set: 860 and 83 MB/s.
        ("serde_json into structs", structs, Some(300.0 / 860.0)),
        ("serde_json Value", value, Some(300.0 / 83.0)),
        ("sonic-rs Value", sonic, None),
    ] {
        let ratio = theirs / plan;
        report.push(
            &format!("{name}; anchor: {peer}"),
            speed(plan),
            speed(theirs),
            format!("{ratio:.2}×"),
            wanted.map_or(String::new(), |wanted| format!("≥ 300 MB/s or {wanted:.2}×")),
            wanted.map(|wanted| is_fast || ratio >= wanted),
        );
    }
    let each = |took: f64| format!("{:.0} ns", took * 1e9 / BAGS as f64);
    report.push(
        "the same → live objects, each; anchor: serde_json into structs",
        each(live),
        each(structs),
        format!("{:.2}×", live / structs),
        "≤ 600 ns",
        Some(live * 1e9 / BAGS as f64 <= 600.0),
    );
}
