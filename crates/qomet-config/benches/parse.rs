//! The tape against `serde_json::Value`, on the same 10 MB documents, in turn: compare ratios of one run.

use divan::Bencher;
use divan::counter::BytesCount;
use qomet::Diagnostics;
use qomet_config::{JsonOutput, Sources, Syntax, Tape};

fn main() {
    divan::main();
}

/// 230,000 bags of two properties, as a program would print them without spaces: 10 MB.
fn small_bags() -> String {
    list(230_000, |number| format!(r#"{{"qom-type":"rng-builtin","id":"rng{number:06}"}}"#))
}

/// 100,000 bags of five properties: 12 MB.
fn large_bags() -> String {
    list(100_000, |number| {
        format!(
            r#"{{"qom-type":"memory-backend-file","id":"mem{number:06}","size":{},"share":true,"mem-path":"/dev/shm/guest-{number}"}}"#,
            number * 4096
        )
    })
}

/// The same, as people indent it: 20 MB.
fn indented_bags() -> String {
    let value: serde_json::Value = serde_json::from_str(&large_bags()).unwrap_or_default();
    serde_json::to_string_pretty(&value).unwrap_or_default()
}

fn list(count: usize, bag: impl Fn(usize) -> String) -> String {
    let bags: Vec<_> = (0..count).map(bag).collect();
    format!("[{}]", bags.join(","))
}

fn document(name: &str) -> String {
    match name {
        "small" => small_bags(),
        "large" => large_bags(),
        _ => indented_bags(),
    }
}

#[divan::bench(args = ["small", "large", "indented"])]
fn tape(bencher: Bencher, name: &str) {
    let mut diagnostics = Diagnostics::new();
    let mut sources = Sources::new();
    let text = document(name);
    let length = text.len();
    let source = sources.add(name, text, &mut diagnostics);
    bencher
        .counter(BytesCount::new(length))
        .bench_local(|| Tape::parse(&sources, source, Syntax::DOCUMENT, &mut diagnostics).len());
}

/// With the check for UTF-8 and the copy of the text that `Sources::add` includes.
#[divan::bench(args = ["small", "large", "indented"])]
fn bytes_to_tape(bencher: Bencher, name: &str) {
    let bytes = document(name).into_bytes();
    bencher.counter(BytesCount::new(bytes.len())).bench_local(|| {
        let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
        let source = sources.add(name, bytes.clone(), &mut diagnostics);
        Tape::parse(&sources, source, Syntax::DOCUMENT, &mut diagnostics).len()
    });
}

#[divan::bench(args = ["small", "large", "indented"])]
fn serde_json_value(bencher: Bencher, name: &str) {
    let text = document(name);
    bencher
        .counter(BytesCount::new(text.len()))
        .bench_local(|| serde_json::from_str::<serde_json::Value>(&text));
}

#[divan::bench]
fn dump_21_properties(bencher: Bencher) {
    use qomet::Output;
    let mut buffer = String::new();
    bencher.bench_local(|| {
        let mut text = std::mem::take(&mut buffer);
        text.clear();
        let mut out = JsonOutput::after(text);
        out.begin_struct();
        for name in ["size", "offset", "align", "prealloc-threads", "host-nodes", "reserve-size", "x-limit"] {
            out.member(name);
            out.size(divan::black_box(1 << 30));
        }
        for name in ["share", "merge", "dump", "prealloc", "reserve", "readonly", "pmem"] {
            out.member(name);
            out.boolean(divan::black_box(true));
        }
        for name in ["mem-path", "policy", "rom", "type", "id", "alias", "description"] {
            out.member(name);
            out.string(divan::black_box("/dev/shm/guest-ram"));
        }
        out.end_struct();
        buffer = out.finish();
        buffer.len()
    });
}
