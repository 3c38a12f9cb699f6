//! `thread-context`: a thread from which others start, on CPUs of one's choice.
//!
//! Threads inherit the CPUs of the one that starts them. So a context is a thread that does nothing but start others:
//! whoever may change where it runs, by the properties or from outside by its number, decides for all that come later.
//! Populating memory is the exception: its threads are bound to a piece of work that is not the context's, so they
//! take over the context's CPUs themselves.

use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use qomet::prelude::*;
use qomet::{Instance, Interface, ModelErrorKind, ProbeContext, Result};
use qomet_memory::{MemoryError, ThreadNumber, cpus_of, cpus_of_nodes, online_cpus, set_cpus, start_thread};

use super::problem::{ThreadFault, refusal};
use crate::memory::{MemoryHost, refusal as host_refusal};

/// What starts threads where it says: the interface of a `thread-context`.
pub trait ThreadSource: Send + Sync {
    /// Starts a thread on the CPUs of the context.
    ///
    /// # Errors
    /// The host has no thread.
    fn spawn(&self, name: &str, work: Box<dyn FnOnce() + Send>) -> Result<JoinHandle<()>>;
    /// The CPUs that threads started from now on may run on.
    ///
    /// # Errors
    /// The host does not tell.
    fn cpus(&self) -> Result<Vec<u16>>;
}

impl Interface for dyn ThreadSource {
    const NAME: &'static str = "thread-source";
}

/// Starts threads on CPUs of one's choice, for others.
///
/// ```
/// use qomet::{Model, Native, TypeRegistry};
/// use qomet_backends::thread::ThreadSource;
/// use qomet_memory::{Host, ThreadNumber, cpus_of};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let model = Model::new(TypeRegistry::builder().add(qomet_backends::types()).build().expect("types that fit"));
/// let here = cpus_of(&Host::real(), ThreadNumber::current())?;
/// let last = *here.last().expect("a CPU that this thread runs on");
///
/// let mut draft = model.draft("thread-context")?;
/// draft.set_id("context0");
/// draft.set("cpu-affinity", vec![last])?;
/// let context = model.create(draft)?;
///
/// let source = context.interface::<dyn ThreadSource>().expect("an interface of every thread-context");
/// let (tell, told) = std::sync::mpsc::channel();
/// let work = move || tell.send(cpus_of(&Host::real(), ThreadNumber::current())).expect("somebody listens");
/// source.spawn("worker", Box::new(work))?.join().expect("a thread that ends well");
///
/// assert_eq!(told.recv()??, [last]); // it really runs on that CPU
/// # Ok(())
/// # }
/// ```
#[derive(Object)]
#[object(name = "thread-context", user_creatable, state = ContextState, interfaces(ThreadSource))]
pub struct ThreadContext {
    /// The number of the thread that starts the others
    #[property(computed = ThreadContext::number)]
    thread_id: Computed<u32>,
    /// The CPUs that the threads may run on; unset: those of the process
    #[property(effective = ThreadContext::effective_cpus, since = "7.2", example = "[0, 1]")]
    cpu_affinity: Live<Option<Vec<u16>>>,
    /// The NUMA nodes on whose CPUs the threads may run
    #[property(since = "7.2")]
    node_affinity: Live<Option<Vec<u16>>>,
}

/// The thread of a context.
pub struct ContextState {
    host: Arc<MemoryHost>,
    number: ThreadNumber,
    /// What the thread is to do: start another. Without a sender it ends.
    orders: Option<Sender<Order>>,
    thread: Option<JoinHandle<()>>,
}

type Order = Box<dyn FnOnce() + Send>;

impl fmt::Debug for ContextState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContextState").field("thread", &self.number).finish_non_exhaustive()
    }
}

impl ContextState {
    fn start(host: Arc<MemoryHost>) -> Result<Self> {
        let (orders, work) = channel::<Order>();
        let (tell, told) = channel();
        let thread = start_thread(&host.0, "thread-context", move || {
            let _ = tell.send(ThreadNumber::current());
            work.into_iter().for_each(|order| order());
        });
        let thread = thread.map_err(host_refusal)?;
        let number = told.recv().map_err(|_| gone())?;
        Ok(Self { host, number, orders: Some(orders), thread: Some(thread) })
    }
}

impl Drop for ContextState {
    fn drop(&mut self) {
        self.orders = None;
        // Work that could not be started may hold the last reference to the context, on the context's own thread.
        if let Some(thread) = self.thread.take().filter(|_| self.number != ThreadNumber::current()) {
            let _ = thread.join();
        }
    }
}

/// Nobody ends the thread of a context before the context.
fn gone() -> Diagnostic {
    ModelErrorKind::Host { message: "the thread of the context is gone".to_owned() }.into()
}

impl ThreadContext {
    /// The CPUs that the property asks for, if it asks for any.
    fn wanted(&self, host: &MemoryHost, property: &'static str) -> Result<Option<Vec<u16>>> {
        let named =
            if property == "cpu-affinity" { self.cpu_affinity.get() } else { self.node_affinity.get() };
        let Some(named) = named else { return Ok(None) };
        if named.is_empty() {
            return Err(refusal(ThreadFault::NothingNamed { property }));
        }
        let cpus = match property {
            "cpu-affinity" => named.clone(),
            _ => cpus_of_nodes(&host.0, &named).map_err(host_refusal)?,
        };
        let online = online_cpus(&host.0).map_err(host_refusal)?;
        let exists = |cpu: &u16| online.as_ref().is_none_or(|online| online.contains(cpu));
        if cpus.iter().any(exists) {
            Ok(Some(cpus))
        } else {
            let online = online.unwrap_or_default();
            Err(refusal(ThreadFault::NoSuchCpus { property, named, online }))
        }
    }

    /// The CPUs to begin with, if any are asked for.
    fn wanted_first(&self, host: &MemoryHost) -> Result<Option<Vec<u16>>> {
        if self.cpu_affinity.get().is_some() && self.node_affinity.get().is_some() {
            return Err(refusal(ThreadFault::TwoAffinities));
        }
        let cpus = self.wanted(host, "cpu-affinity")?;
        Ok(cpus.or(self.wanted(host, "node-affinity")?))
    }

    fn number(&self, state: &ContextState) -> u32 {
        state.number.get()
    }

    /// Where the thread runs now, whoever said so.
    fn effective_cpus(&self, state: &ContextState) -> Option<Vec<u16>> {
        cpus_of(&state.host.0, state.number).ok().or_else(|| self.cpu_affinity.get())
    }
}

fn pin(state: &ContextState, property: &'static str, cpus: &[u16]) -> Result<()> {
    set_cpus(&state.host.0, state.number, cpus)
        .map_err(|error: MemoryError| host_refusal(error).with_property(property))
}

impl Realize for ThreadContext {
    const APPLIES: bool = true;

    fn probe(&self, cx: &mut ProbeContext<'_>) {
        if let Err(problem) = self.wanted_first(&cx.service::<MemoryHost>()) {
            cx.report(problem);
        }
    }

    fn realize(&self, cx: &mut RealizeContext<'_>) -> Result<ContextState> {
        let host = cx.service::<MemoryHost>();
        let cpus = self.wanted_first(&host)?;
        let state = ContextState::start(host)?;
        if let Some(cpus) = cpus {
            let property = if self.cpu_affinity.get().is_some() { "cpu-affinity" } else { "node-affinity" };
            pin(&state, property, &cpus)?;
        }
        Ok(state)
    }

    fn apply(&self, state: &ContextState, property: &'static str) -> Result<()> {
        let cpus = match self.wanted(&state.host, property)? {
            Some(cpus) => cpus,
            // It was taken away: what the other one says, or else the CPUs of the process.
            None => {
                match self.wanted(&state.host, "cpu-affinity")?.or(self.wanted(&state.host, "node-affinity")?)
                {
                    Some(cpus) => cpus,
                    None => cpus_of(&state.host.0, ThreadNumber::current()).map_err(host_refusal)?,
                }
            }
        };
        pin(state, property, &cpus)
    }
}

impl ThreadSource for Instance<ThreadContext> {
    fn spawn(&self, name: &str, work: Box<dyn FnOnce() + Send>) -> Result<JoinHandle<()>> {
        let state = self.state();
        let (answer, answered) = channel();
        let (host, name) = (state.host.clone(), name.to_owned());
        let order: Order = Box::new(move || {
            let _ = answer.send(start_thread(&host.0, &name, work));
        });
        let sent = state.orders.as_ref().and_then(|orders| orders.send(order).ok());
        sent.and_then(|()| answered.recv().ok()).ok_or_else(gone)?.map_err(host_refusal)
    }

    fn cpus(&self) -> Result<Vec<u16>> {
        cpus_of(&self.state().host.0, self.state().number).map_err(host_refusal)
    }
}
