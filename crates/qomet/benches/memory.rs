//! What an object costs in memory and in allocations. Its own program, because the counting allocator slows others.
#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark stops at once")]

use std::collections::BTreeMap;

use allocation_counter::measure;
use qomet_testkit::build;
use qomet_testkit::measure::Report;

fn main() {
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let mut report = Report::default();
    // The struct alone; QEMU's 168 bytes are 128 of properties and 40 that every object has.
    for kind in ["sized-128", "sized-168"] {
        for count in [1_000usize, 100_000, 1_000_000] {
            row(&mut report, kind, count);
        }
    }
    print!("{}", report.table());
}

fn row(report: &mut Report, kind: &str, count: usize) {
    let model = build::model();
    let ids: Vec<String> = (0..count).map(|number| format!("obj{number:06}")).collect();
    let mut held = None;
    let ours = measure(|| {
        let drafts = ids.iter().map(|id| build::draft(&model, kind, id, &[]));
        drop(build::create(model.batch(drafts.collect())).unwrap());
        held = Some(());
    });
    let mut map = BTreeMap::new();
    let anchor = measure(|| {
        for id in &ids {
            map.insert(id.clone(), Box::new([0u8; 168]));
        }
    });
    assert!(held.is_some() && map.len() == count);
    let each = |bytes: i64| bytes as f64 / count as f64;
    let (ours_each, anchor_each) = (each(ours.bytes_current), each(anchor.bytes_current));
    report.push(
        &format!("bytes per {kind} object in the tree, {count} objects; anchor: BTreeMap of boxes of 168"),
        format!("{ours_each:.0}"),
        format!("{anchor_each:.0}"),
        format!("{:.2}×", ours_each / anchor_each),
        "≤ 300",
        Some(ours_each <= 300.0),
    );
    report.push(
        &format!("allocations per {kind} object, batch of {count}"),
        format!("{:.2}", ours.count_total as f64 / count as f64),
        format!("{:.2}", anchor.count_total as f64 / count as f64),
        "",
        "≤ 2",
        Some(ours.count_total as f64 / count as f64 <= 2.05),
    );
    drop((model, map));
}
