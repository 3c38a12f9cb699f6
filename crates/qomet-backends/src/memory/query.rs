//! `query-memdev`: every memory backend of a model at a glance. A typed function; the program binds it to a command.

use qomet::prelude::*;

use super::{HostMemory, MemoryBackend, Policy};

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
    /// The name of its type
    pub x_type: String,
    /// The path of the file that it is a window of
    pub x_path: Option<String>,
    /// Where in its file it starts, in bytes
    pub x_offset: Option<Size>,
    /// The size of its pages in bytes
    pub x_page_size: Size,
    /// What is known to be wrong with it
    pub x_fault: Option<String>,
    /// Who uses it
    pub x_users: Vec<String>,
}

/// The memory backends that a user created, in order of creation.
#[must_use]
pub fn query_memdev(model: &Model) -> Vec<Memdev> {
    let objects = model.children(model.objects());
    let backends = objects.iter().filter_map(|object| {
        Some((object, object.cast::<MemoryBackend>()?, object.interface::<dyn HostMemory>()?))
    });
    backends
        .map(|(object, backend, memory)| Memdev {
            id: Some(object.name().to_owned()),
            size: *backend.size(),
            merge: object.get("merge").unwrap_or(true),
            dump: backend.dump(),
            prealloc: object.get("prealloc").unwrap_or_else(|_| backend.prealloc()),
            share: object.get("share").unwrap_or_default(),
            reserve: object.get("reserve").ok(),
            host_nodes: backend.nodes(),
            policy: *backend.policy(),
            x_type: object.class().name().to_owned(),
            x_path: memory.path().map(|path| path.display().to_string()),
            x_offset: memory.region().file().map(|_| Size(memory.region().file_offset())),
            x_page_size: Size(memory.region().page_size()),
            x_fault: memory.region().fault().map(|fault| fault.to_string()),
            x_users: model.users_of(object),
        })
        .collect()
}
