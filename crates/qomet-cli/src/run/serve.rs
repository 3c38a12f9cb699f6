//! Serving the model to clients: the sockets of `--qmp`.

use qomet::Model;
use qomet_backends::memory::query_memdev;
use qomet_qmp::{Address, Cause, Command, Dispatcher, Listener, Server};

use crate::host::Stop;
use crate::outcome::Trouble;
use crate::text::reason;

/// What clients are told of the program.
const PACKAGE: &str = concat!("qomet ", env!("CARGO_PKG_VERSION"));

/// Takes the sockets; nobody is served yet.
///
/// # Errors
/// One cannot be had.
pub(super) fn bind(addresses: &[Address]) -> Result<Vec<Listener>, Trouble> {
    addresses
        .iter()
        .map(|address| Listener::bind(address).map_err(|error| Trouble(error.to_string())))
        .collect()
}

/// Serves until a client says `quit` or a signal comes.
///
/// # Errors
/// The host has no threads or descriptors for it.
pub(super) fn serve(listeners: Vec<Listener>, model: Model, stop: Stop) -> Result<(), Trouble> {
    let mut dispatcher = Dispatcher::new(model, PACKAGE);
    // Here the commands about memory meet the protocol; neither knows the other.
    dispatcher.extend([Command::query("query-memdev", query_memdev)]);
    let cannot = |error: std::io::Error| Trouble(format!("cannot serve clients: {}", reason(&error)));
    let server = Server::start(listeners, dispatcher).map_err(cannot)?;
    let stopper = server.stopper();
    let watch = stop.watch(move || stopper.stop(Cause::Signal)).map_err(cannot)?;
    let _ = server.wait();
    watch.end();
    Ok(())
}
