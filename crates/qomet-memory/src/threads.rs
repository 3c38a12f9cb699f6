//! Threads, and the CPUs they may run on.
//!
//! For whoever starts threads on behalf of objects, and for `populate`, whose threads run where a thread-context
//! says (memory rule C11). A CPU or node that does not exist is left out, as the kernel does, unless none is left.
//! It does not keep threads.
//!
//! Limits: CPUs below 1024, the size of the C library's set; on a larger machine the kernel refuses to tell.

use std::thread::{Builder, JoinHandle};

use crate::error::MemoryError;
use crate::faults::Call;
use crate::host::{Host, errno};

/// The number of a thread of this process, as `/proc` and `taskset` know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ThreadNumber(pub(crate) nix::unistd::Pid);

impl ThreadNumber {
    /// The calling thread.
    pub fn current() -> Self {
        Self(nix::unistd::gettid())
    }

    /// The number itself.
    pub fn get(self) -> u32 {
        self.0.as_raw().unsigned_abs()
    }
}

fn refused(call: Call, thread: ThreadNumber) -> impl Fn(nix::errno::Errno) -> MemoryError {
    move |errno| MemoryError::Host { call, subject: format!("thread {}", thread.get()), errno }
}

/// The CPUs that a thread may run on, in order.
///
/// # Errors
///
/// The thread is gone; a refusal of the host.
pub fn cpus_of(host: &Host, thread: ThreadNumber) -> Result<Vec<u16>, MemoryError> {
    host.affinity(thread.0).map_err(refused(Call::Affinity, thread))
}

/// Lets a thread run on these CPUs only, as many of them as exist.
///
/// # Errors
///
/// None of them exists (`EINVAL`), or the process may not use them; the thread is gone; a refusal of the host.
pub fn set_cpus(host: &Host, thread: ThreadNumber, cpus: &[u16]) -> Result<(), MemoryError> {
    host.set_affinity(thread.0, cpus).map_err(refused(Call::SetAffinity, thread))
}

/// The CPUs of the machine that are online, in order; `None` where there is no sysfs to say so.
///
/// # Errors
///
/// The host does not tell.
pub fn online_cpus(host: &Host) -> Result<Option<Vec<u16>>, MemoryError> {
    listed(host, "devices/system/cpu/online", || "the machine".to_owned())
}

/// The CPUs of the given NUMA nodes, as many of them as exist, in order.
///
/// # Errors
///
/// The host does not tell.
pub fn cpus_of_nodes(host: &Host, nodes: &[u16]) -> Result<Vec<u16>, MemoryError> {
    let mut cpus = Vec::new();
    for node in nodes {
        let path = format!("devices/system/node/node{node}/cpulist");
        cpus.extend(listed(host, &path, || format!("node {node}"))?.unwrap_or_default());
    }
    cpus.sort_unstable();
    cpus.dedup();
    Ok(cpus)
}

fn listed(host: &Host, path: &str, subject: impl Fn() -> String) -> Result<Option<Vec<u16>>, MemoryError> {
    let refused = |errno| MemoryError::Host { call: Call::ListCpus, subject: subject(), errno };
    host.listed_cpus(path).map_err(refused)
}

/// Starts a thread, which may run where the calling one may.
///
/// # Errors
///
/// The host has no thread.
pub fn start<T: Send + 'static>(
    host: &Host,
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, MemoryError> {
    let refused = |errno| MemoryError::Host { call: Call::Spawn, subject: format!("'{name}'"), errno };
    host.gate(Call::Spawn).map_err(refused)?;
    // A name with a NUL byte would be a panic.
    Builder::new().name(name.replace('\0', "")).spawn(work).map_err(|error| refused(errno(error)))
}
