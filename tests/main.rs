//! Tests of everything together: documents that are rejected, every wording, and the program itself.
//!
//! ```text
//! apply        plans: what they say is what happens; failures in the middle
//! rejections   one document for each mistake, and what is said of it (the documents: rejections/)
//! repairs      documents as people write them, and what they make of them by what they are told (the documents: repairs/)
//! reports      what programs are told of the rejected documents
//! wordings     every message of every crate in one table
//! documents    documents with planted mistakes, and arbitrary ones
//! planted      documents of all languages with mistakes planted into them
//! rules        every row of the memory rules has a test
//! schema       the JSON Schema says what `check` says
//! program      the program: exit codes, output, signals, what it leaves behind
//! dummies      object types with all kinds of properties
//! folder       a folder of files for one test
//! ```
#![forbid(unsafe_code)]
// Tests may assert in the shortest way; clippy.toml knows only functions that carry #[test].
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod apply;
mod documents;
mod dummies;
mod folder;
mod planted;
mod program;
mod rejections;
mod repairs;
mod reports;
mod rules;
mod schema;
mod wordings;
