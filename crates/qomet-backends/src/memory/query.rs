//! `query-memdev`: every memory backend of a model at a glance. A typed function; the program binds it to a command.

use qomet::prelude::*;

use super::{MemoryBackend, Policy};

/// A memory backend as `query-memdev` tells it.
#[derive(Clone, Debug, PartialEq, Value)]
pub struct Memdev {
    /// The id
    pub id: Option<String>,
    /// The size in bytes
    pub size: Size,
    /// Whether the kernel may merge equal pages
    pub merge: bool,
    /// Whether the memory is part of a core dump
    pub dump: bool,
    /// Whether all pages are made present before the memory is used
    pub prealloc: bool,
    /// Whether others see the writes
    pub share: bool,
    /// Whether swap space or huge pages are reserved
    pub reserve: Option<bool>,
    /// The NUMA nodes of the host that `policy` is about
    pub host_nodes: Vec<u16>,
    /// From which nodes the memory comes
    pub policy: Policy,
}

/// The memory backends that a user created, in order of creation.
#[must_use]
pub fn query_memdev(model: &Model) -> Vec<Memdev> {
    let objects = model.children(model.objects());
    let backends = objects.iter().filter_map(|object| Some((object, object.cast::<MemoryBackend>()?)));
    backends
        .map(|(object, backend)| Memdev {
            id: Some(object.name().to_owned()),
            size: *backend.size(),
            merge: object.get("merge").unwrap_or(true),
            dump: backend.dump(),
            prealloc: object.get("prealloc").unwrap_or_else(|_| backend.prealloc()),
            share: object.get("share").unwrap_or_default(),
            reserve: object.get("reserve").ok(),
            host_nodes: backend.nodes(),
            policy: *backend.policy(),
        })
        .collect()
}
