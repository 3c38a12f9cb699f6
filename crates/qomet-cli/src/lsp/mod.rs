//! `lsp`: a language server for documents, on standard input and output.
//!
//! What an editor shows while a document is written: every mistake at its place, what a property means, what may stand
//! here, the repair. All of it comes from the registry and the same check as `check`'s.
//!
//! Not here: what is right and wrong, where in a text something is (`qomet_config::Outline`), and the wording.
//!
//! Why lsp-server and not tower-lsp: all but the checks is done in milliseconds, one after the other as it comes, so there is
//! no need for an asynchronous runtime. Of lsp-server it is the messages that are used.
//!
//! ```text
//! wire         messages on a stream
//! address      what an editor calls a document
//! shape        the shapes of the protocol in which addresses stand
//! session      messages in order
//! workspace    the documents that are open, and what is known of them
//! sets         which documents belong together
//! text         a document: its text, and lines and columns in UTF-16
//! check        mistakes as an editor shows them, with their repairs
//! subject      from a place in a text to the type or property that it is about
//! complete     what may stand there
//! propose      how it is written
//! hover        what it means
//! links        who names whom
//! navigate     where a link leads, who names an object, and what there is
//! ```

mod address;
mod check;
mod complete;
mod hover;
mod links;
mod navigate;
mod propose;
mod session;
mod sets;
mod shape;
mod subject;
#[cfg(test)]
mod tests;
mod text;
mod wire;
mod workspace;

use std::io::{BufReader, stdin, stdout};

use qomet::TypeRegistry;

use crate::outcome::{Outcome, Trouble};

/// Runs the command until the editor says `exit` or goes away.
///
/// # Errors
/// What comes is not the protocol.
pub(crate) fn lsp(registry: TypeRegistry) -> Result<Outcome, Trouble> {
    session::serve(registry, BufReader::new(stdin()), stdout().lock())
}
