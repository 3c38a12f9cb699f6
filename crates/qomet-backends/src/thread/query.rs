//! `query-iothreads`: every iothread of a model at a glance. A typed function; the program binds it to a command.

use qomet::prelude::*;

use super::iothread::{EventLoop, IoThread};

/// An iothread as `query-iothreads` tells it.
#[derive(Clone, Debug, PartialEq, Value)]
#[value(name = "IOThreadInfo")]
pub struct IoThreadInfo {
    /// The id
    pub id: String,
    /// The number of the thread
    pub thread_id: i64,
    /// How long it looks for work before it sleeps, at most, in nanoseconds
    pub poll_max_ns: i64,
    /// By how much that time is multiplied
    pub poll_grow: i64,
    /// By how much that time is divided
    pub poll_shrink: i64,
    /// How much work is run before descriptors are looked at again
    pub aio_max_batch: i64,
}

/// The iothreads that a user created, in order of creation.
#[must_use]
pub fn query_iothreads(model: &Model) -> Vec<IoThreadInfo> {
    let objects = model.children(model.objects());
    let threads = objects.iter().filter_map(|object| object.instance::<IoThread>());
    threads
        .map(|thread| IoThreadInfo {
            id: thread.name().to_owned(),
            thread_id: thread.thread_id().into(),
            poll_max_ns: thread.poll_max_ns(),
            poll_grow: thread.poll_grow(),
            poll_shrink: thread.poll_shrink(),
            aio_max_batch: thread.aio_max_batch(),
        })
        .collect()
}
