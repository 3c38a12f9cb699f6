//! Threads: `thread-context`, from which others start, and `iothread`, which runs what it is given.
//!
//! ```
//! use qomet::{Model, Native, TypeRegistry};
//! use qomet_backends::thread::ThreadSource;
//! use qomet_memory::{Host, ThreadNumber, cpus_of};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let model = Model::new(TypeRegistry::builder().add(qomet_backends::types()).build().expect("types that fit"));
//! let here = cpus_of(&Host::real(), ThreadNumber::current())?;
//! let last = *here.last().expect("a CPU that this thread runs on");
//!
//! let mut draft = model.draft("thread-context")?;
//! draft.set_id("context0");
//! draft.set("cpu-affinity", vec![last])?;
//! let context = model.create(draft)?;
//!
//! let source = context.interface::<dyn ThreadSource>().expect("an interface of every thread-context");
//! let (tell, told) = std::sync::mpsc::channel();
//! let work = move || tell.send(cpus_of(&Host::real(), ThreadNumber::current())).expect("somebody listens");
//! source.spawn("worker", Box::new(work))?.join().expect("a thread that ends well");
//!
//! assert_eq!(told.recv()??, [last]); // it really runs on that CPU
//! # Ok(())
//! # }
//! ```
//!
//! An iothread runs work one after the other on its own thread, and serves descriptors in between:
//!
//! ```
//! use std::io::Write as _;
//! use std::ops::ControlFlow;
//! use std::os::unix::net::UnixStream;
//!
//! use qomet::{Model, TypeRegistry};
//! use qomet_backends::thread::{EventLoop, Readiness};
//! use qomet_memory::ThreadNumber;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let model = Model::new(TypeRegistry::builder().add(qomet_backends::types()).build().expect("types that fit"));
//! let mut draft = model.draft("iothread")?;
//! draft.set_id("io0");
//! let object = model.create(draft)?;
//! let events = object.interface::<dyn EventLoop>().expect("an interface of every iothread");
//!
//! let (tell, told) = std::sync::mpsc::channel();
//! let (mut near, far) = UnixStream::pair()?;
//! let answer = tell.clone();
//! events.watch(far.into(), Readiness::Readable, Box::new(move |_| {
//!     let _ = answer.send(ThreadNumber::current().get());
//!     ControlFlow::Break(())
//! }))?;
//! near.write_all(b"x")?;
//! assert_eq!(told.recv()?, events.thread_id()); // served on the thread of the object
//!
//! object.set("poll-max-ns", 0_i64)?; // while it runs
//! events.submit(Box::new(move || drop(tell.send(ThreadNumber::current().get()))));
//! assert_eq!(told.recv()?, events.thread_id());
//! # Ok(())
//! # }
//! ```

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
