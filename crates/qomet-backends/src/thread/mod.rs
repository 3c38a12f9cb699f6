//! Threads: `thread-context`, from which others start.
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

mod context;
mod problem;

#[cfg(test)]
mod tests;

pub use context::{ContextState, ThreadContext, ThreadSource};
pub use problem::ThreadFault;
