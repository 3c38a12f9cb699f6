//! Property bags: the languages they are written in, and what can be said about them.
//!
//! This crate turns text into values for the object model and mistakes into diagnostics that name their place.
//! The lower half is here: [`Sources`] holds the texts, [`Tape`] is a parsed one, [`TapeInput`] and
//! [`JsonOutput`] are the visitors, [`render_human`] and [`render_json`] show diagnostics.
//!
//! ```
//! use qomet::Diagnostics;
//! use qomet_config::{Sources, Syntax, Tape, render_human};
//!
//! let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
//! let source = sources.add("vm.json", "[{\"id\": \"ram0\" \"size\": 1G}]", &mut diagnostics);
//! let tape = Tape::parse(&sources, source, Syntax::DOCUMENT, &mut diagnostics);
//! assert_eq!(tape.root().elements().count(), 1);
//! let found = diagnostics.take();
//! let codes: Vec<_> = found.iter().map(|one| one.code()).collect();
//! assert_eq!(codes, ["missing-comma", "unquoted-value"]);
//! assert!(render_human(&found, &sources, false).contains("vm.json:1:15"));
//! ```
//!
//! ```text
//! source     the texts, and lines and columns in them
//! json, line, ini    the syntaxes: each makes tapes
//! import     texts that hold bags among other things
//! tape       what every syntax becomes, and its visitor
//! write      bags to text again, in any language
//! document   from tapes to checked plans
//! schema     types, described
//! outline    what stands where, for editors
//! render     diagnostics, shown
//! ```
#![forbid(unsafe_code)]

mod document;
mod explain;
mod import;
mod ini;
mod json;
mod line;
mod outline;
mod render;
mod schema;
mod source;
mod syntax_error;
mod tape;
mod write;

pub use document::{Documents, Plan, read_bag, read_bag_beside};
pub use explain::EXPLANATIONS;
pub use json::{JsonOutput, Syntax};
pub use line::Help;
pub use outline::{Outline, Spot, Step, What};
pub use render::{Reporter, render_github, render_human, render_json, render_sarif};
pub use schema::{
    Impact, SchemaChange, default_value, describe_property, describe_type, describe_types, document_schema,
    example_bag, qapi_schema, schema_diff, type_schema,
};
pub use source::{Location, Position, Source, Sources, TEXT_LIMIT};
pub use syntax_error::{MISTAKES_LIMIT, SyntaxErrorKind};
pub use tape::{Dialect, Elements, Leniency, Members, Node, Tape, TapeInput};
pub use write::Language;
