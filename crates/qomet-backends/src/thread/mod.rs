//! Threads: `thread-context`, from which others start, and `iothread`, which runs what it is given.

mod context;
mod event_loop;
mod iothread;
#[cfg(test)]
mod iothread_tests;
mod pool;
mod problem;
mod query;

#[cfg(test)]
mod tests;

pub use context::{ContextState, ThreadContext, ThreadSource};
pub use iothread::{EventLoop, EventLoopBase, IoThread, IoThreadState, OnReady, Readiness, Work};
pub use problem::ThreadFault;
pub use query::{IoThreadInfo, query_iothreads};
