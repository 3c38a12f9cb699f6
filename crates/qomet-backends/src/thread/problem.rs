//! Every way in which threads are refused, each with one wording. What the host refuses is worded in `qomet-memory`.

use std::{fmt, io};

use qomet::{About, Diagnostic, Problem};

use crate::problem::reason;

/// Why an object with threads was refused.
#[derive(Debug)]
pub enum ThreadFault {
    /// The list of CPUs or nodes is empty.
    NothingNamed {
        /// The property.
        property: &'static str,
    },
    /// Both CPUs and nodes are named.
    TwoAffinities,
    /// None of the CPUs that are named, or of those of the nodes that are named, exists.
    NoSuchCpus {
        /// The property.
        property: &'static str,
        /// What it names.
        named: Vec<u16>,
        /// The CPUs that are online; none where the host does not say.
        online: Vec<u16>,
    },
    /// The bounds of a pool of threads are none.
    PoolBounds {
        /// The property `thread-pool-min`.
        min: i64,
        /// The property `thread-pool-max`.
        max: i64,
    },
    /// The host has nothing to wait with.
    NoEventLoop {
        /// What it says.
        reason: String,
    },
    /// The host cannot wait for a descriptor.
    NotWaitedFor {
        /// What it says.
        reason: String,
    },
}

/// The largest `thread-pool-max`, as in QEMU.
pub(super) const MOST_THREADS: i64 = i32::MAX as i64;

fn list(numbers: &[u16]) -> String {
    numbers.iter().map(u16::to_string).collect::<Vec<_>>().join(",")
}

impl ThreadFault {
    /// One of each kind, for a table of all wordings.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        vec![
            Self::NothingNamed { property: "cpu-affinity" },
            Self::TwoAffinities,
            Self::NoSuchCpus { property: "node-affinity", named: vec![8, 9], online: vec![0, 1] },
            Self::PoolBounds { min: 65, max: 64 },
            Self::PoolBounds { min: 0, max: 0 },
            Self::NoEventLoop { reason: "Too many open files".to_owned() },
            Self::NotWaitedFor { reason: "Operation not permitted".to_owned() },
        ]
    }

    pub(super) fn no_event_loop(error: &io::Error) -> Diagnostic {
        Diagnostic::new(Self::NoEventLoop { reason: reason(error) })
    }

    pub(super) fn not_waited_for(error: &io::Error, object: &str) -> Diagnostic {
        Diagnostic::new(Self::NotWaitedFor { reason: reason(error) }).with_object(object)
    }

    fn property(&self) -> Option<&'static str> {
        match self {
            Self::NothingNamed { property } | Self::NoSuchCpus { property, .. } => Some(property),
            Self::TwoAffinities => Some("node-affinity"),
            Self::PoolBounds { max, .. } if *max < 1 || *max > MOST_THREADS => Some("thread-pool-max"),
            Self::PoolBounds { .. } => Some("thread-pool-min"),
            Self::NoEventLoop { .. } | Self::NotWaitedFor { .. } => None,
        }
    }
}

impl Problem for ThreadFault {
    fn code(&self) -> &'static str {
        match self {
            Self::NothingNamed { .. } => "affinity-empty",
            Self::TwoAffinities => "two-affinities",
            Self::NoSuchCpus { .. } => "no-such-cpus",
            Self::PoolBounds { .. } => "thread-pool-bounds",
            Self::NoEventLoop { .. } => "no-event-loop",
            Self::NotWaitedFor { .. } => "not-waited-for",
        }
    }

    fn message(&self, about: &About, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(id) = &about.object {
            write!(out, "object '{id}': ")?;
        }
        match self {
            Self::NothingNamed { property } => write!(out, "{property} names nothing to run on"),
            Self::TwoAffinities => out.write_str("cpu-affinity and node-affinity cannot both be given"),
            Self::NoSuchCpus { property, named, online } => {
                write!(out, "{property}={} comes to no CPU that exists", list(named))?;
                if online.is_empty() {
                    Ok(())
                } else {
                    write!(out, ": the host has the CPUs {}", list(online))
                }
            }
            Self::PoolBounds { min, max } => {
                write!(out, "thread-pool-min {min} and thread-pool-max {max} are no bounds of a pool")
            }
            Self::NoEventLoop { reason } => write!(out, "cannot make an event loop: {reason}"),
            Self::NotWaitedFor { reason } => write!(out, "cannot wait for the descriptor: {reason}"),
        }
    }

    fn expected(&self) -> Option<String> {
        Some(match self {
            Self::NoSuchCpus { online, .. } if online.is_empty() => return None,
            Self::NothingNamed { .. } => "at least one number".to_owned(),
            Self::TwoAffinities => "one of them".to_owned(),
            Self::NoSuchCpus { online, .. } => format!("CPUs of {}", list(online)),
            Self::PoolBounds { .. } => {
                format!("thread-pool-min of at most thread-pool-max, and that from 1 to {MOST_THREADS}")
            }
            Self::NoEventLoop { .. } => return None,
            Self::NotWaitedFor { .. } => "a socket, pipe, device or the like, not a regular file".to_owned(),
        })
    }

    fn found(&self) -> Option<String> {
        match self {
            Self::NoSuchCpus { named, .. } => Some(list(named)),
            _ => None,
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::NothingNamed { .. } => Some("leave it out to run on all CPUs".to_owned()),
            Self::TwoAffinities => {
                Some("leave one of the two out: node-affinity stands for the CPUs of the nodes".to_owned())
            }
            Self::NoSuchCpus { online, .. } if online.is_empty() => None,
            Self::NoSuchCpus { property: "node-affinity", .. } => {
                Some("'lscpu' lists the nodes; without 'node-affinity' it runs on all CPUs".to_owned())
            }
            Self::NoSuchCpus { property, .. } => {
                Some(format!("name some of those, or leave '{property}' out to run on all CPUs"))
            }
            Self::PoolBounds { max, .. } if (1..=MOST_THREADS).contains(max) => {
                Some(format!("thread-pool-min can be at most {max}"))
            }
            Self::PoolBounds { .. } => Some("the default of thread-pool-max is 64".to_owned()),
            Self::NoEventLoop { .. } => Some("raise RLIMIT_NOFILE (ulimit -n)".to_owned()),
            Self::NotWaitedFor { .. } => None,
        }
    }

    fn is_host_refusal(&self) -> bool {
        matches!(self, Self::NoEventLoop { .. } | Self::NotWaitedFor { .. })
    }
}

/// A refusal as a diagnostic about its property, with the other that has part in it.
pub(super) fn refusal(fault: ThreadFault) -> Diagnostic {
    let property = fault.property();
    let other = match (&fault, property) {
        (ThreadFault::TwoAffinities, _) => Some("cpu-affinity"),
        (ThreadFault::PoolBounds { .. }, Some("thread-pool-max")) => Some("thread-pool-min"),
        (ThreadFault::PoolBounds { .. }, _) => Some("thread-pool-max"),
        _ => None,
    };
    let mut diagnostic = Diagnostic::new(fault);
    if let Some(property) = property {
        diagnostic = diagnostic.with_property(property);
    }
    match other {
        Some(other) => diagnostic.with_other_property(other, "given here"),
        None => diagnostic,
    }
}
