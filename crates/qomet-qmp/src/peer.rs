//! What the server keeps of one client beside its bytes: events for it, things that live as long as it does,
//! descriptors it sent.
//!
//! A command gets its own client's [`Peer`] from its call; whoever wants to tell a client something later keeps a
//! weak reference. The client's reactor delivers events and ends it. All of it may be used from any thread, before and
//! after the client has left.
//!
//! **Leaving changes nothing else.** Work that a client asked for goes on when the client leaves, as it does in QEMU:
//! the object is made, and a later client finds it. Who wants work cancelled says so.
//!
//! **Events may be lost, replies never.** Events wait in a queue of [`EVENTS`] and [`EVENT_BYTES`]; when it is full,
//! those that come are dropped and counted, and once it has been emptied `X_EVENTS_LOST` tells how many. So a client
//! that does not read costs a bounded amount of memory, and one that does knows whether it must look again.
//!
//! Why not a channel for each watch: what bounds memory is the client, and events of several sources keep their order.

use std::any::Any;
use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use qomet::Output;
use qomet_config::JsonOutput;

use crate::wire::write_event;

/// At most so many events wait for a client.
pub(crate) const EVENTS: usize = 1024;
/// At most so many bytes of events wait for a client; one event may be longer.
pub(crate) const EVENT_BYTES: usize = 1 << 20;
/// The event that tells that others were dropped; `count` says how many.
pub(crate) const LOST: &str = "X_EVENTS_LOST";

/// An event, rendered once for all who hear it, with the time at which it was made.
#[derive(Clone, Debug)]
pub(crate) struct Event(Arc<str>);

impl Event {
    /// An event of this name; `data` writes its `data`.
    pub(crate) fn new(name: &str, data: impl FnOnce(&mut JsonOutput)) -> Self {
        let mut text = String::new();
        write_event(&mut text, name, data);
        Event(text.into())
    }
}

/// Makes events when the client has room for them: a queue with bounds of its own, whose owner [calls](Peer::call) the
/// client when it is no longer empty. Events of a source come after all that were posted.
pub(crate) trait Source: Send + Sync {
    /// What the client calls it.
    fn id(&self) -> u64;
    /// The next event. It may take any lock; none of the client's is held.
    fn next(&self) -> Option<Event>;
}

/// A source, and whether the reply that tells the client of it has been written.
struct Flow {
    source: Arc<dyn Source>,
    ready: bool,
}

#[derive(Default)]
struct Queue {
    waiting: std::collections::VecDeque<Event>,
    bytes: usize,
    /// How many were dropped since the queue was last emptied.
    lost: u64,
    /// Whether the client's reactor has been told and has not come yet.
    told: bool,
    /// Where more events come from.
    flows: Vec<Flow>,
    /// Whether the client wants events: it does once it has negotiated, and until it leaves.
    open: bool,
}

/// One client, as commands and sources of events know it.
pub(crate) struct Peer {
    number: u64,
    read_only: bool,
    /// Whether the client's socket carries descriptors.
    descriptors_out: bool,
    /// Calls the client's reactor.
    wake: Box<dyn Fn(u64) + Send + Sync>,
    queue: Mutex<Queue>,
    /// One thing of each type; `None` once the client has left.
    things: Mutex<Option<Vec<Box<dyn Any + Send>>>>,
    descriptors: Mutex<Vec<OwnedFd>>,
}

impl Peer {
    /// A new client. `wake` is called with its number when there are events for it and none waited before.
    pub(crate) fn new(number: u64, read_only: bool, wake: impl Fn(u64) + Send + Sync + 'static) -> Self {
        Peer {
            number,
            read_only,
            descriptors_out: false,
            wake: Box::new(wake),
            queue: Mutex::default(),
            things: Mutex::new(Some(Vec::new())),
            descriptors: Mutex::default(),
        }
    }

    /// The same client, on a socket that carries descriptors.
    pub(crate) fn with_descriptors(self) -> Self {
        Peer { descriptors_out: true, ..self }
    }

    /// Whether the client can be sent descriptors.
    pub(crate) fn takes_descriptors(&self) -> bool {
        self.descriptors_out
    }

    /// The number of the client; no other client of the server ever has it.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Whether the client cannot change anything.
    pub(crate) fn is_read_only(&self) -> bool {
        self.read_only
    }

    /// Has an event delivered after all that wait, and after the reply to the command that is being run for the client
    /// now, if it is run at once. It never waits. A client that has not negotiated or has left does not hear it.
    pub(crate) fn post(&self, event: &Event) {
        let mut queue = self.queue.lock();
        if !queue.open {
            return;
        }
        let full = queue.waiting.len() >= EVENTS
            || !queue.waiting.is_empty() && queue.bytes + event.0.len() > EVENT_BYTES;
        // What comes after a lost event is not told before the loss is.
        if full || queue.lost > 0 {
            queue.lost += 1;
            return;
        }
        queue.bytes += event.0.len();
        queue.waiting.push_back(event.clone());
        if !std::mem::replace(&mut queue.told, true) {
            drop(queue);
            (self.wake)(self.number);
        }
    }

    /// Has the client's reactor come for events.
    pub(crate) fn call(&self) {
        let mut queue = self.queue.lock();
        if queue.open && !std::mem::replace(&mut queue.told, true) {
            drop(queue);
            (self.wake)(self.number);
        }
    }

    /// Adds a source of events. Nothing comes from it before the command that is being run for the client now is
    /// answered, if `later` says that it is work of its own. It is dropped when the client leaves.
    pub(crate) fn add_source(&self, source: Arc<dyn Source>, later: bool) {
        let mut queue = self.queue.lock();
        if queue.open {
            queue.flows.push(Flow { source, ready: !later });
        }
    }

    /// Removes a source; false if there is none of this id.
    pub(crate) fn remove_source(&self, id: u64) -> bool {
        let mut queue = self.queue.lock();
        let at = queue.flows.iter().position(|flow| flow.source.id() == id);
        let removed = at.map(|at| queue.flows.remove(at));
        drop(queue);
        removed.is_some()
    }

    /// How many sources there are.
    pub(crate) fn sources(&self) -> usize {
        self.queue.lock().flows.len()
    }

    /// The reply to work of its own has been written: its sources may go on.
    pub(crate) fn answered(&self) {
        for flow in &mut self.queue.lock().flows {
            flow.ready = true;
        }
    }

    /// Works with what the client has of this type; its first use makes it. Returns `None` once the client has left.
    ///
    /// It is dropped when the client leaves. Do not use another thing of the same client in `work`; posting is fine.
    pub(crate) fn with<T: Default + Send + 'static, R>(&self, work: impl FnOnce(&mut T) -> R) -> Option<R> {
        let mut things = self.things.lock();
        let things = things.as_mut()?;
        if let Some(thing) = things.iter_mut().find_map(|thing| thing.downcast_mut::<T>()) {
            return Some(work(thing));
        }
        let mut thing = T::default();
        let done = work(&mut thing);
        things.push(Box::new(thing));
        Some(done)
    }

    /// Takes the first descriptor of the newest message that had any, and closes the others of that message, as QEMU
    /// does. A descriptor may come with bytes in front of the command, too.
    pub(crate) fn take_descriptor(&self) -> Option<OwnedFd> {
        let mut all = std::mem::take(&mut *self.descriptors.lock());
        (!all.is_empty()).then(|| all.swap_remove(0))
    }

    /// The descriptors that a message brought. Those of earlier messages that nobody took are closed.
    pub(crate) fn receive_descriptors(&self, all: Vec<OwnedFd>) {
        if !all.is_empty() {
            let earlier = std::mem::replace(&mut *self.descriptors.lock(), all);
            drop(earlier);
        }
    }

    /// Sets the descriptors aside for a command that has to wait.
    pub(crate) fn set_descriptors_aside(&self) -> Vec<OwnedFd> {
        std::mem::take(&mut *self.descriptors.lock())
    }

    /// From now on the client hears events.
    pub(crate) fn open(&self) {
        self.queue.lock().open = true;
    }

    /// Writes events that wait, as long as `out` has less than `room` bytes, and the marker if some were lost. Returns
    /// whether more wait.
    pub(crate) fn deliver(&self, out: &mut String, room: usize) -> bool {
        let mut queue = self.queue.lock();
        while out.len() < room {
            let Some(Event(text)) = queue.waiting.pop_front() else { break };
            queue.bytes -= text.len();
            out.push_str(&text);
        }
        if !queue.waiting.is_empty() {
            return true;
        }
        queue.told = false;
        let lost = std::mem::take(&mut queue.lost);
        let ready = queue.flows.iter().filter(|flow| flow.ready);
        let sources: Vec<Arc<dyn Source>> = ready.map(|flow| Arc::clone(&flow.source)).collect();
        drop(queue);
        if lost > 0 {
            write_event(out, LOST, |data| {
                data.begin_struct();
                data.member("count");
                data.uint64(lost);
                data.end_struct();
            });
        }
        // The reactor is called again for whatever comes after this.
        for source in sources {
            while let Some(Event(text)) = source.next() {
                out.push_str(&text);
                if out.len() >= room {
                    return true;
                }
            }
        }
        false
    }

    /// The client has left: nothing is kept of it any more.
    pub(crate) fn leave(&self) {
        let queue = std::mem::take(&mut *self.queue.lock());
        let things = self.things.lock().take();
        let descriptors = self.set_descriptors_aside();
        // Foreign code runs here, without a lock.
        drop((queue, things, descriptors));
    }
}

impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Peer({})", self.number)
    }
}

/// The clients of a server, for what concerns them all.
#[derive(Debug, Default)]
pub(crate) struct Peers(Mutex<HashMap<u64, Weak<Peer>, foldhash::fast::RandomState>>);

impl Peers {
    pub(crate) fn enter(&self, peer: &Arc<Peer>) {
        self.0.lock().insert(peer.number, Arc::downgrade(peer));
    }

    /// Returns whether it was the last.
    pub(crate) fn leave(&self, peer: &Peer) -> bool {
        let mut all = self.0.lock();
        all.remove(&peer.number).is_some() && all.is_empty()
    }

    /// Posts an event to every client.
    pub(crate) fn post(&self, event: &Event) {
        let all: Vec<Arc<Peer>> = self.0.lock().values().filter_map(Weak::upgrade).collect();
        for peer in all {
            peer.post(event);
        }
    }
}
