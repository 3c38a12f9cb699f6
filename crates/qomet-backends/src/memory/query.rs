//! `query-memdev`: every memory backend of a model at a glance. A typed function; the program binds it to a command.

use std::sync::Arc;

use qomet::prelude::*;
use qomet_memory::{Region, Residency};

use super::batch::MemoryHost;
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
    /// How much of it is present; absent where the kernel does not tell, or nobody looked
    pub x_residency: Option<MemoryResidency>,
}

/// How much of a memory is present in this process, in bytes.
#[derive(Clone, Debug, PartialEq, Value)]
pub struct MemoryResidency {
    /// In all, huge pages included
    pub rss: Size,
    /// Of that, pages of shared memory: tmpfs, memfd, POSIX shared memory
    pub shmem: Size,
    /// Of that, in huge pages: transparent ones and those of hugetlbfs
    pub huge: Size,
    /// Swapped out; absent where it cannot be known
    pub swap: Option<Size>,
    /// On which NUMA nodes of the host it is; more than a few pages are told from samples
    pub nodes: Vec<NodeResidency>,
}

/// How much of a memory is on a NUMA node.
#[derive(Clone, Debug, PartialEq, Value)]
pub struct NodeResidency {
    /// The number of the node
    pub node: u16,
    /// How much of what is present is there, in bytes
    pub size: Size,
}

impl From<Residency> for MemoryResidency {
    fn from(of: Residency) -> Self {
        let nodes = of.nodes.into_iter().map(|(node, bytes)| NodeResidency { node, size: Size(bytes) });
        MemoryResidency {
            rss: Size(of.rss),
            shmem: Size(of.shmem),
            huge: Size(of.huge),
            swap: of.swap.map(Size),
            nodes: nodes.collect(),
        }
    }
}

/// The memory backends that a user created, in order of creation, with how much of each is present.
///
/// That may take a while for much memory (see [`Residency`]), so a server has it done apart; [`list_memdev`] does not look.
#[must_use]
pub fn query_memdev(model: &Model) -> Vec<Memdev> {
    let (mut told, regions) = found(model);
    let host = model.services().get::<MemoryHost>();
    let regions: Vec<&Region> = regions.iter().map(|region| &**region).collect();
    // All or none: what the kernel does not tell of one it tells of no other.
    let present = Residency::of_all(&host.0, &regions).unwrap_or_default();
    for (memdev, present) in told.iter_mut().zip(present) {
        memdev.x_residency = Some(present.into());
    }
    told
}

/// The same without [`Memdev::x_residency`]: it takes no time to speak of.
#[must_use]
pub fn list_memdev(model: &Model) -> Vec<Memdev> {
    found(model).0
}

fn found(model: &Model) -> (Vec<Memdev>, Vec<Arc<Region>>) {
    let objects = model.children(model.objects());
    let backends = objects.iter().filter_map(|object| {
        Some((object, object.cast::<MemoryBackend>()?, object.interface::<dyn HostMemory>()?))
    });
    let tell = |(object, backend, memory): (&qomet::ObjectRef, &MemoryBackend, &dyn HostMemory)| {
        let memdev = Memdev {
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
            x_residency: None,
        };
        (memdev, Arc::clone(memory.region()))
    };
    backends.map(tell).unzip()
}
