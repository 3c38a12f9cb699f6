//! `lsp`: a language server for documents, on standard input and output.
//!
//! What an editor shows while a document is written: every mistake at its place, what a property means, what may stand
//! here, the repair. All of it comes from the registry and the same check as `check`'s.
//!
//! Not here: what is right and wrong, where in a text something is (`qomet_config::Outline`), and the wording. A document
//! is checked by itself: an editor does not say which files are meant to be created together.
//!
//! Why lsp-server and not tower-lsp: a document is checked in milliseconds, so there is nothing to do at the same time and
//! no need for an asynchronous runtime.
//!
//! ```text
//! session      messages in order, and the documents that are open
//! text         a document: its text, and lines and columns in UTF-16
//! check        mistakes as an editor shows them, with their repairs
//! subject      from a place in a text to the type or property that it is about
//! complete     what may stand there
//! propose      how it is written
//! hover        what it means
//! navigate     where a link leads, and what there is
//! ```

mod check;
mod complete;
mod hover;
mod navigate;
mod propose;
mod session;
mod subject;
#[cfg(test)]
mod tests;
mod text;

use lsp_server::Connection;
use qomet::TypeRegistry;

use crate::outcome::{Outcome, Trouble};

/// Runs the command until the editor says `exit` or goes away.
///
/// # Errors
/// What comes is not the protocol.
pub(crate) fn lsp(registry: TypeRegistry) -> Result<Outcome, Trouble> {
    let (connection, threads) = Connection::stdio();
    let served = session::serve(registry, &connection);
    // The threads end when nobody can send any more.
    drop(connection);
    let closed = threads.join().map_err(|error| Trouble(format!("the editor's messages: {error}")));
    closed.and(served)
}
