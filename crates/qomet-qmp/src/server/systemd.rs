//! What systemd passes to a service and wants to hear from it: sockets that it listens on (`LISTEN_FDS`), and when the
//! service is ready and when it stops (`NOTIFY_SOCKET`). See sd_listen_fds(3) and sd_notify(3).
//!
//! Descriptors and environment are the process's, so what was passed is taken once, into the one global of this
//! crate; a second taker would own them twice.

use std::io;
use std::os::fd::OwnedFd;

use parking_lot::Mutex;

use crate::host::Host;

/// A descriptor and its `FileDescriptorName=`.
type Passed = (Option<String>, OwnedFd);

/// What was passed and is not taken yet; `None` before anybody asked.
static PASSED: Mutex<Option<Vec<Passed>>> = Mutex::new(None);

/// Takes the sockets of this name, or all that are left.
///
/// # Errors
/// There is none, or the environment is malformed.
pub(super) fn take(host: &Host, name: Option<&str>) -> io::Result<Vec<OwnedFd>> {
    let mut passed = PASSED.lock();
    if passed.is_none() {
        *passed = Some(host.passed()?);
    }
    let left = passed.get_or_insert_default();
    let is_wanted = |one: &mut Passed| name.is_none_or(|name| one.0.as_deref() == Some(name));
    let taken: Vec<OwnedFd> = left.extract_if(.., is_wanted).map(|(_, fd)| fd).collect();
    if taken.is_empty() {
        let what = name.map_or_else(|| "no socket".to_owned(), |name| format!("no socket named '{name}'"));
        return Err(io::Error::new(io::ErrorKind::NotFound, format!("systemd passed {what}")));
    }
    Ok(taken)
}

/// Tells systemd that the service serves now. Without systemd nobody listens, and nothing happens.
///
/// # Errors
/// There is somebody who should hear it, but does not.
pub fn notify_ready() -> io::Result<()> {
    Host::real().notify("READY=1")
}

/// Tells systemd that the service is about to end.
///
/// # Errors
/// There is somebody who should hear it, but does not.
pub fn notify_stopping() -> io::Result<()> {
    Host::real().notify("STOPPING=1")
}
