//! JSON: text to a flat tape of tokens, and from there to values; values to text.
//!
//! [`Tape::parse`] reads a text once, reports every mistake of syntax and goes on; [`Node`] walks the result;
//! [`JsonInput`] and [`JsonOutput`] are the visitors of the object model.
//!
//! Not here: what members a document or bag has, and duplicate names (whoever reads a struct sees them).
//!
//! Why not serde_json: it stops at the first mistake, knows places only by line and column of where it noticed,
//! and building its `Value` costs several times the parsing. serde_json still writes reports.

mod escape;
mod input;
#[cfg(test)]
mod input_tests;
mod names;
mod node;
mod output;
mod parse;
mod recover;
mod recover_brackets;
mod recover_string;
mod scan;
mod tape;
#[cfg(test)]
mod tests;

pub(crate) use input::Count;
pub use input::{JsonInput, Leniency};
pub(crate) use names::Names;
pub use node::{Elements, Members, Node};
pub use output::JsonOutput;
pub use tape::{Syntax, Tape};
