//! The commands of the program `qomet`, for any program's types.
//!
//! [`main`] is the whole program: it parses the command line, checks and creates objects, and shows what types
//! there are. The binary `qomet` calls it with the types of `qomet-backends`; an author's program calls it with its
//! own and has all commands:
//!
//! ```no_run
//! use std::process::ExitCode;
//! use qomet::{Diagnostic, TypeRegistry};
//!
//! fn main() -> Result<ExitCode, Vec<Diagnostic>> {
//!     Ok(qomet_cli::main(TypeRegistry::builder().build()?))
//! }
//! ```
//!
//! Results go to standard output, diagnostics for people to standard error. Exit codes: 0 fine, 1 rejected, 2
//! there is something to do (`plan`), 3 the host refused what was asked, 64 a usage error, a file that cannot be read or
//! written, or a server that cannot be reached.
//!
//! Not here: what is right and wrong (`qomet-config` and the types decide), and the wording of diagnostics.
//!
//! ```text
//! arguments   the command line
//! console     where text goes: colours, width, closed pipes
//! log         what the crates below tell of themselves
//! host        everything else that touches the host: files and signals
//! lsp         a language server for editors
//! check, run, preview, map, convert, types, describe, explain, schema    one command each
//! client      the commands that ask a server
//! outcome, progress, table, text, input  what they share
//! ```
#![forbid(unsafe_code)]

mod arguments;
mod check;
mod client;
mod console;
mod convert;
mod describe;
mod explain;
mod host;
mod inherit;
mod input;
mod log;
#[cfg(feature = "lsp")]
mod lsp;
mod map;
mod outcome;
mod preview;
mod progress;
mod run;
mod schema;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod types;

/// The examples of the README, as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

use std::ffi::OsString;
use std::process::ExitCode;

use qomet::TypeRegistry;

use arguments::{Arguments, Command};
use client::arguments::Connection;
use console::Console;
use outcome::{Outcome, Trouble};

/// Runs the program: arguments, input and output are those of the process.
///
/// Returns when the command has ended; a running `run` releases what it holds first.
#[must_use]
pub fn main(registry: TypeRegistry) -> ExitCode {
    let mut console = Console::standard();
    execute(registry, std::env::args_os(), &mut console).into()
}

/// The program without a process around it.
fn execute(
    registry: TypeRegistry,
    arguments: impl IntoIterator<Item = OsString>,
    console: &mut Console,
) -> Outcome {
    let outcome = match arguments::parse(arguments, console.width()) {
        Ok(Arguments { connection, command }) => command_of(registry, command, &connection, console),
        Err(message) => Ok(console.clap(&message)),
    };
    let outcome = outcome.and_then(|outcome| console.finish().map(|()| outcome));
    outcome.unwrap_or_else(|Trouble(trouble)| {
        console.complain(&format!("error: {trouble}\n"));
        Outcome::Usage
    })
}

/// Runs a command; `outer` is what stands before it of a server.
fn command_of(
    registry: TypeRegistry,
    command: Command,
    outer: &Connection,
    console: &mut Console,
) -> Result<Outcome, Trouble> {
    match command {
        Command::Client(command) => client::run(registry, &command, outer, console),
        Command::Types(arguments) => match client::address(&arguments.connection.or(outer))? {
            Some(address) => Ok(client::types(registry, &arguments, &address, outer, console)),
            None => types::types(&registry, &arguments, console),
        },
        Command::Describe(arguments) => match client::address(&arguments.connection.or(outer))? {
            Some(address) => Ok(client::describe(registry, &arguments, &address, outer, console)),
            None => describe::describe(&registry, &arguments, console),
        },
        Command::Map(arguments) => {
            let connection = arguments.connection.or(outer);
            let is_given = !arguments.files.is_empty() || !arguments.lines.objects.is_empty();
            match client::address(&connection)? {
                // The address of a server may stand in the environment.
                _ if is_given && connection.connect.is_none() => {
                    map::of_documents(registry, &arguments, console)
                }
                Some(_) if is_given => Err(Trouble("either documents or --connect, not both".to_owned())),
                Some(address) => Ok(client::map(registry, &arguments, &address, outer, console)),
                None => {
                    Err(Trouble("nothing to draw: give documents, --object, or --connect ADDR".to_owned()))
                }
            }
        }
        _ if outer.connect.is_some() => {
            Err(Trouble("this command asks no server: leave --connect out".to_owned()))
        }
        Command::Check(arguments) => check::check(registry, &arguments, console),
        Command::Run(arguments) => run::run(registry, &arguments, console),
        Command::Preview(arguments) => preview::preview(registry, &arguments, console),
        Command::Convert(arguments) => convert::convert(registry, &arguments, console),
        Command::Explain(arguments) => explain::explain(&registry, &arguments, console),
        #[cfg(feature = "lsp")]
        Command::Lsp(_) => lsp::lsp(registry),
        Command::Schema(arguments) => schema::schema(&registry, &arguments, console),
    }
}
