//! The commands that ask a server: look into a live program, Qomet's or QEMU's, and change it.
//!
//! Each command is a file and a function from a [`Session`] and its arguments to an outcome. The program calls one and
//! is done; the shell calls many on one connection.
//!
//! ```text
//! arguments   the command line
//! session     a connection, and what is known of the server's types
//! target      PATH.PROPERTY: where the path ends, and what was meant where there is none
//! value       values as people read and write them
//! schema      names of enums that QEMU tells nowhere else
//! foreign     plans for a server that does not plan: QEMU
//! report      how refusals look
//! tree, list, get, set, add, del, plan (and apply), dump, types, describe, watch, qmp, shell    one command each
//! ```
//!
//! Not here: the protocol and the best way to read objects (`qomet_qmp::Client`).

pub(crate) mod arguments;

mod add;
mod del;
mod describe;
mod dump;
mod foreign;
mod get;
mod list;
mod plan;
mod qmp;
mod report;
mod schema;
mod session;
mod set;
#[cfg(feature = "shell")]
mod shell;
mod target;
mod tree;
mod types;
mod value;
mod watch;

use qomet::{Model, TypeRegistry};
use qomet_qmp::{Client, Options, ServerAddress};

use crate::arguments::{Describe, Map, Types};
use crate::console::Console;
use crate::host;
use crate::outcome::{Outcome, Trouble};
use arguments::{Command, Connection};
pub(crate) use report::Failure;
use session::Session;

/// What a command comes to.
type Done = Result<Outcome, Failure>;

/// The address in the environment, if there is one and the command line has none.
///
/// # Errors
/// It is no address.
pub(crate) fn address(connection: &Connection) -> Result<Option<ServerAddress>, Trouble> {
    if let Some(address) = &connection.connect {
        return Ok(Some(address.clone()));
    }
    match host::environment("QOMET_SOCKET") {
        None => Ok(None),
        Some(text) => match text.parse() {
            Ok(address) => Ok(Some(address)),
            Err(error) => Err(Trouble(format!("QOMET_SOCKET: {error}"))),
        },
    }
}

/// Runs one of the commands.
///
/// # Errors
/// There is no address.
pub(crate) fn run(
    registry: TypeRegistry,
    command: &Command,
    outer: &Connection,
    console: &mut Console,
) -> Result<Outcome, Trouble> {
    let connection = command.connection().or(outer);
    let address = address(&connection)?.ok_or_else(|| {
        Trouble("no server is named: give --connect ADDR, or set QOMET_SOCKET to its address".to_owned())
    })?;
    let done = connect(registry, &address, &connection).and_then(|mut session| match command {
        #[cfg(feature = "shell")]
        Command::Shell(_) => shell::run(session, console),
        command => execute(command, &mut session, console),
    });
    Ok(done.unwrap_or_else(|failure| failure.show(console)))
}

/// `types` of a server.
pub(crate) fn types(
    registry: TypeRegistry,
    arguments: &Types,
    address: &ServerAddress,
    outer: &Connection,
    console: &mut Console,
) -> Outcome {
    let done = connect(registry, address, &arguments.connection.or(outer))
        .and_then(|mut session| types::types(&mut session, arguments, console));
    done.unwrap_or_else(|failure| failure.show(console))
}

/// `describe` of a server's type.
pub(crate) fn describe(
    registry: TypeRegistry,
    arguments: &Describe,
    address: &ServerAddress,
    outer: &Connection,
    console: &mut Console,
) -> Outcome {
    let done = connect(registry, address, &arguments.connection.or(outer))
        .and_then(|mut session| describe::describe(&mut session, arguments, console));
    done.unwrap_or_else(|failure| failure.show(console))
}

/// `map` of a server.
pub(crate) fn map(
    registry: TypeRegistry,
    arguments: &Map,
    address: &ServerAddress,
    outer: &Connection,
    console: &mut Console,
) -> Outcome {
    let done = connect(registry, address, &arguments.connection.or(outer))
        .and_then(|mut session| crate::map::of_server(&mut session.client, arguments, console));
    done.unwrap_or_else(|failure| failure.show(console))
}

/// Runs a command on a connection.
fn execute(command: &Command, session: &mut Session, console: &mut Console) -> Done {
    match command {
        Command::Tree(arguments) => tree::tree(session, arguments, console),
        Command::List(arguments) => list::list(session, arguments, console),
        Command::Get(arguments) => get::get(session, arguments, console),
        Command::Set(arguments) => set::set(session, arguments, console),
        Command::Add(arguments) => add::add(session, arguments, console),
        Command::Del(arguments) => del::del(session, arguments, console),
        Command::Plan(arguments) => plan::plan(session, arguments, console),
        Command::Apply(arguments) => plan::apply(session, arguments, console),
        Command::Dump(arguments) => dump::dump(session, arguments, console),
        Command::Watch(arguments) => watch::watch(session, arguments, console),
        Command::Qmp(arguments) => qmp::qmp(session, arguments, console),
        #[cfg(feature = "shell")]
        Command::Shell(_) => Err(Failure::usage("this is a shell already", "")),
    }
}

fn connect(
    registry: TypeRegistry,
    address: &ServerAddress,
    connection: &Connection,
) -> Result<Session, Failure> {
    let mut options = Options::default();
    if let Some(timeout) = connection.timeout {
        options.connect_timeout = timeout;
        options.reply_timeout = Some(timeout);
    }
    Ok(Session::new(Client::connect(address, options)?, Model::new(registry)))
}
