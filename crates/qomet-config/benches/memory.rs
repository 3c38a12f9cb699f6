//! The most memory that a large document takes. Its own program, because the counting allocator slows others.
//!
//! `cargo bench -p qomet-config --bench memory`. Bytes are counted as they are asked of the allocator, so the figures are
//! the same on every machine. The objects are what is left of them when everything else is gone: drafts of a plan,
//! and what a model has more than an empty one.
#![allow(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    missing_docs,
    reason = "a benchmark stops at once"
)]

#[path = "documents/bags.rs"]
mod bags;

use std::hint::black_box;
use std::sync::Arc;

use allocation_counter::measure;
use bags::{BAGS, count, document, name};
use qomet::{Level, Model, Native};
use qomet_config::Documents;
use qomet_testkit::build;
use qomet_testkit::measure::Report;

fn main() {
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let mut report = Report::default();
    let (text, registry) = (document(), Arc::new(qomet_testkit::registry()));
    let model = Model::new(registry.clone());
    let plan = measure(|| {
        let mut documents = Documents::new();
        documents.add("bags", text.as_bytes());
        drop(black_box(documents.plan(&model, Level::Graph)));
    });
    let mut drafts = Vec::with_capacity(BAGS);
    let objects = measure(|| {
        drafts.extend((0..BAGS).map(|number| {
            let properties = [
                ("count-1", Native::Uint(count(number))),
                ("flag-3", Native::Bool(true)),
                ("name-5", Native::Str(name(number).into())),
            ];
            build::draft(&model, "level-5", &format!("obj{number:06}"), &properties)
        }));
    });
    row(&mut report, "checked plan", &text, plan.bytes_max, objects.bytes_current);
    drop(drafts);
    let live = measure(|| {
        let mut documents = Documents::new();
        documents.add("bags", text.as_bytes());
        let (made, found) = documents.plan(&model, Level::Host).carry_out();
        assert!(found.is_empty() && made.unwrap().len() == BAGS);
    });
    row(&mut report, "live objects", &text, live.bytes_max, live.bytes_current);
    print!("{}", report.table());
}

/// `peak` and `objects` in bytes; the text's own copy is a part of the peak.
fn row(report: &mut Report, what: &str, text: &str, peak: u64, objects: i64) {
    let times = |bytes: f64| bytes / text.len() as f64;
    let beside = times(peak as f64 - objects as f64);
    report.push(
        &format!(
            "peak memory of a document → {what}, times the text, beside the objects; anchor: the objects"
        ),
        format!("{beside:.2}×"),
        format!("{:.2}×", times(objects as f64)),
        "",
        "≤ 3.00×",
        Some(beside <= 3.0),
    );
}
