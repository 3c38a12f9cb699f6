//! The rows of "In process" that need no document, each against an anchor that does only what cannot be avoided.
//!
//! `cargo bench -p qomet --bench in_process`. Anchor and ours are measured in turn in one run; a row is met by its
//! time or, on a slow machine, by its ratio to the anchor where the target's own limit is known.
//!
//! ```text
//! properties   accessors, handles, by name, casts, drafts, refusals
//! tree         paths, links, adding and removing
//! threads      two readers
//! ```
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs, reason = "a benchmark stops at once")]

#[path = "in_process/bare.rs"]
mod bare;
#[path = "in_process/properties.rs"]
mod properties;
#[path = "in_process/threads.rs"]
mod threads;
#[path = "in_process/tree.rs"]
mod tree;

use qomet_testkit::measure::Report;

fn main() {
    // `cargo test --benches` only wants to know that it starts.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let mut report = Report::default();
    properties::measure(&mut report);
    tree::measure(&mut report);
    threads::measure(&mut report);
    print!("{}", report.table());
}
