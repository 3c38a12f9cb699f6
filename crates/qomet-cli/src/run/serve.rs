//! Serving the model to clients: the sockets of `--qmp` and `--qmp-readonly`.

use qomet::Model;
use qomet_backends::memory::{HandedMemory, memory_table, query_memdev};
use qomet_backends::thread::query_iothreads;
use qomet_qmp::{
    Address, Cause, Command, Dispatcher, Handed, Limits, Listener, Server, notify_ready, notify_stopping,
    raise_descriptor_limit,
};

use super::monitor;
use super::reload::Reload;
use crate::arguments::Run;
use crate::host::{self, Stop};
use crate::outcome::Trouble;
use crate::text::reason;

/// What clients are told of the program.
const PACKAGE: &str = concat!("qomet ", env!("CARGO_PKG_VERSION"));

/// How many descriptors are left for everything but clients.
const RESERVE: u64 = 64;

/// Whether standard input and output belong to a client.
///
/// # Errors
/// They would belong to two, or to a document too.
pub(super) fn takes_stdio(arguments: &Run) -> Result<bool, Trouble> {
    let all = arguments.qmp.iter().chain(&arguments.qmp_readonly);
    match all.filter(|address| **address == Address::Stdio).count() {
        0 => Ok(false),
        1 if arguments.files.iter().any(|file| file.as_os_str() == "-") => {
            Err(Trouble("standard input cannot be a document and a client at once".to_owned()))
        }
        1 => Ok(true),
        _ => Err(Trouble("there is only one client on standard input, so stdio is given once".to_owned())),
    }
}

/// Takes the sockets; nobody is served yet.
///
/// # Errors
/// One cannot be had.
pub(super) fn bind(arguments: &Run) -> Result<Vec<Listener>, Trouble> {
    let bind = |address: &Address| {
        let bound =
            if arguments.allow_remote { Listener::bind_remote(address) } else { Listener::bind(address) };
        bound.map_err(|error| {
            let hint = match error.to_string().contains("no passwords") {
                true => " (--allow-remote serves them nevertheless)",
                false => "",
            };
            Trouble(format!("{error}{hint}"))
        })
    };
    let all: Vec<&Address> = arguments.qmp.iter().chain(&arguments.qmp_readonly).collect();
    for (index, address) in all.iter().enumerate() {
        // A port that is left to the host is another one each time.
        let is_place = !matches!(address, Address::Stdio | Address::Tcp { port: 0, .. });
        if is_place && all.iter().take(index).any(|other| is_same(other, address)) {
            return Err(Trouble(format!(
                "'{address}' is given twice: clients at one place have the same rights"
            )));
        }
    }
    let reading = arguments.qmp_readonly.iter().map(|address| Ok(bind(address)?.read_only()));
    arguments.qmp.iter().map(bind).chain(reading).collect()
}

/// Whether two addresses are one place, however they are written.
fn is_same(one: &Address, other: &Address) -> bool {
    match (one, other) {
        (Address::Unix(one), Address::Unix(other)) => host::absolute(one) == host::absolute(other),
        _ => one == other,
    }
}

/// Where clients find the server, for people.
pub(super) fn places(listeners: &[Listener]) -> String {
    let all: Vec<String> = listeners.iter().map(|listener| listener.address().to_string()).collect();
    all.join(", ")
}

/// Serves until a client says `quit` or a signal comes.
///
/// # Errors
/// The host has no threads or descriptors for it.
pub(super) fn serve(
    listeners: Vec<Listener>,
    arguments: &Run,
    model: Model,
    stop: Stop,
    reload: Reload,
) -> Result<(), Trouble> {
    let clients = arguments.max_clients;
    match raise_descriptor_limit() {
        Ok(limit) if limit < RESERVE.saturating_add(clients as u64) => {
            tracing::warn!(limit, clients, "the host allows fewer descriptors than there may be clients");
        }
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "cannot raise the limit of descriptors"),
    }
    let mut dispatcher = Dispatcher::new(model, PACKAGE);
    dispatcher.set_examples(crate::explain::example);
    if let Some(name) = &arguments.name {
        dispatcher.set_name(name.as_str());
    }
    // Here the commands about the types meet the protocol; neither knows the other.
    dispatcher.extend([
        Command::query_apart("query-memdev", query_memdev).with_info(
            "memdev",
            "show memory backends",
            monitor::memdev,
        ),
        Command::handing("x-memory-table", |model, wanted, client| {
            let HandedMemory { ranges, descriptors, leases } = memory_table(model, &wanted, client)?;
            Ok(Handed { value: ranges, descriptors, kept: Box::new(leases) })
        }),
        Command::query("query-iothreads", query_iothreads).with_info(
            "iothreads",
            "show iothreads",
            monitor::iothreads,
        ),
    ]);
    let cannot = |error: std::io::Error| Trouble(format!("cannot serve clients: {}", reason(&error)));
    let limits = Limits::default().with_clients(clients);
    let server = Server::start_with(listeners, dispatcher, limits).map_err(cannot)?;
    let stopper = server.stopper();
    let watch = stop.watch(move || reload.again(), move || stopper.stop(Cause::Signal)).map_err(cannot)?;
    ready();
    let _ = server.wait();
    stopping();
    watch.end();
    Ok(())
}

/// Tells systemd that everything is there.
pub(super) fn ready() {
    if let Err(error) = notify_ready() {
        tracing::warn!(%error, "cannot tell systemd that the service is ready");
    }
}

/// Tells systemd that the end has begun.
pub(super) fn stopping() {
    if let Err(error) = notify_stopping() {
        tracing::warn!(%error, "cannot tell systemd that the service stops");
    }
}
