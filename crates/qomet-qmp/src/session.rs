//! One client's side of the protocol, without a socket: bytes in, replies out.
//!
//! Greeting, negotiation, the order of requests. A request in band waits for the one before it; with `oob` negotiated,
//! a request out of band does not. Work that takes long is handed to the caller (a server's connection, a test), who
//! runs it elsewhere and comes back with [`Session::finish`].

use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use qomet::Output;
use qomet_config::JsonOutput;

use crate::commands::{Enable, write_version};
use crate::dispatch::{Call, Dispatcher, Done, Later, Nothing};
use crate::log;
use crate::peer::Peer;
use crate::wire::{Envelope, Frame, Framer, Refusal, Text, text_of, write_error, write_return};

/// How many requests may wait for one under way, with `oob` negotiated. QEMU has the same number.
const QUEUE: usize = 8;

/// A request in band that waits.
enum Waiting {
    /// The message, and the descriptors that came with it or in front of it.
    Message(Vec<u8>, Vec<OwnedFd>),
    Bad(Refusal),
}

/// Work for another thread; its result goes to [`Session::finish`].
pub(crate) struct Job {
    client: u64,
    command: &'static str,
    work: Later,
    is_short: bool,
    id: Option<String>,
}

/// What happened in a step.
pub(crate) enum Step {
    /// All bytes were taken and no message is complete.
    Hungry,
    /// Something was dealt with.
    Taken,
    /// A command is under way.
    Started(Job),
    /// A reply was written, and these descriptors go with it.
    Handed(Vec<Arc<OwnedFd>>),
}

/// One client's side.
pub(crate) struct Session {
    dispatcher: Arc<Dispatcher>,
    peer: Arc<Peer>,
    framer: Framer,
    negotiated: bool,
    oob: bool,
    busy: bool,
    waiting: VecDeque<Waiting>,
}

impl Job {
    /// Whether it ends by itself and soon.
    pub(crate) fn is_short(&self) -> bool {
        self.is_short
    }

    /// Does the work; the result is the reply.
    pub(crate) fn run(self) -> String {
        let mut reply = String::new();
        let id = self.id.as_deref();
        if let Err(refusal) = write_return(&mut reply, id, self.work) {
            log::refused(self.client, Some(self.command), &refusal);
            write_error(&mut reply, id, &refusal);
        }
        reply
    }
}

impl Session {
    /// A new client; it has left once this is dropped.
    pub(crate) fn new(dispatcher: Arc<Dispatcher>, peer: Arc<Peer>) -> Self {
        dispatcher.peers.enter(&peer);
        tracing::info!(client = peer.number(), read_only = peer.is_read_only(), "client came");
        Session {
            dispatcher,
            peer,
            framer: Framer::default(),
            negotiated: false,
            oob: false,
            busy: false,
            waiting: VecDeque::new(),
        }
    }

    /// Writes what a client is told first.
    pub(crate) fn greet(&self, out: &mut String) {
        let mut json = JsonOutput::after(std::mem::take(out));
        json.begin_struct();
        json.member("QMP");
        json.begin_struct();
        json.member("version");
        write_version(&self.dispatcher, &mut json);
        json.member("capabilities");
        json.begin_list();
        json.string("oob");
        json.end_list();
        json.end_struct();
        json.end_struct();
        *out = json.finish();
        out.push_str("\r\n");
    }

    /// Whether more input is of any use now.
    pub(crate) fn is_open(&self) -> bool {
        !self.busy || (self.oob && self.waiting.len() < QUEUE)
    }

    /// Whether a request waits that can be run now.
    pub(crate) fn has_waiting(&self) -> bool {
        !self.busy && !self.waiting.is_empty()
    }

    /// Whether a command is under way.
    pub(crate) fn is_busy(&self) -> bool {
        self.busy
    }

    /// Whether nothing is under way or waits.
    pub(crate) fn is_idle(&self) -> bool {
        !self.busy && self.waiting.is_empty()
    }

    /// The rest of what is kept of the client.
    pub(crate) fn peer(&self) -> &Arc<Peer> {
        &self.peer
    }

    /// Whether events are sent to the client.
    pub(crate) fn is_negotiated(&self) -> bool {
        self.negotiated
    }

    /// Takes some of `bytes`, up to the end of a message, and writes what there is to answer. Returns how many bytes
    /// were taken. Call only while the session [is open](Self::is_open).
    pub(crate) fn step(&mut self, bytes: &[u8], out: &mut String) -> (usize, Step) {
        if !self.busy
            && let Some(waiting) = self.waiting.pop_front()
        {
            let step = match waiting {
                Waiting::Message(message, descriptors) => {
                    self.peer.receive_descriptors(descriptors);
                    self.answer(&message, out)
                }
                Waiting::Bad(refusal) => self.refuse(out, None, None, &refusal),
            };
            return (0, step);
        }
        let mut framer = std::mem::take(&mut self.framer);
        let (taken, frame) = framer.next(bytes);
        let step = match frame {
            None => Step::Hungry,
            Some(Frame::Message(message)) => self.answer(message, out),
            Some(Frame::Bad(refusal)) => self.refuse_in_order(refusal, out),
        };
        self.framer = framer;
        (taken, step)
    }

    /// The work of a [`Job`] is done and its reply sent.
    pub(crate) fn finish(&mut self) {
        self.busy = false;
        self.peer.answered();
    }

    fn wait(&mut self, waiting: Waiting) -> Step {
        self.waiting.push_back(waiting);
        Step::Taken
    }

    /// Refuses what cannot be told apart from a request in band.
    fn refuse_in_order(&mut self, refusal: Refusal, out: &mut String) -> Step {
        if self.busy { self.wait(Waiting::Bad(refusal)) } else { self.refuse(out, None, None, &refusal) }
    }

    fn answer(&mut self, message: &[u8], out: &mut String) -> Step {
        let text = match text_of(message) {
            Ok(text) => text,
            Err(refusal) => return self.refuse_in_order(refusal, out),
        };
        let text = match Text::parse(&text) {
            Ok(text) => text,
            Err(refusal) => return self.refuse_in_order(refusal, out),
        };
        let envelope = Envelope::read(text.root(), self.oob);
        if self.busy && !envelope.as_ref().is_ok_and(|request| request.oob) {
            return self.wait(Waiting::Message(message.to_owned(), self.peer.set_descriptors_aside()));
        }
        let id = Envelope::id(text.root());
        let request = match envelope {
            Ok(request) => request,
            Err(refusal) => return self.refuse(out, None, id.as_deref(), &refusal),
        };
        match self.run(&request, id.as_deref(), out) {
            Ok(Done::Now) => Step::Taken,
            Ok(Done::Handed(descriptors)) => Step::Handed(descriptors),
            Ok(Done::Later(work)) => self.start(&request, work, false, id),
            Ok(Done::Soon(work)) => self.start(&request, work, true, id),
            Err(refusal) => self.refuse(out, self.dispatcher.name(&request.command), id.as_deref(), &refusal),
        }
    }

    fn start(&mut self, request: &Envelope<'_>, work: Later, is_short: bool, id: Option<String>) -> Step {
        self.busy = true;
        let command = self.dispatcher.name(&request.command).unwrap_or_default();
        Step::Started(Job { client: self.peer.number(), command, work, is_short, id })
    }

    fn refuse(
        &self,
        out: &mut String,
        command: Option<&'static str>,
        id: Option<&str>,
        refusal: &Refusal,
    ) -> Step {
        log::refused(self.peer.number(), command, refusal);
        write_error(out, id, refusal);
        Step::Taken
    }

    fn run(&mut self, request: &Envelope<'_>, id: Option<&str>, out: &mut String) -> Result<Done, Refusal> {
        if !self.negotiated {
            return self.negotiate(request, id, out);
        }
        let Session { dispatcher, peer, .. } = self;
        let command = dispatcher.find(request, peer.is_read_only())?;
        let mut later = None;
        let written =
            write_return(out, id, |json| match dispatcher.run(command, peer, request.arguments, json) {
                Ok(Done::Now) => Ok(()),
                Ok(handed @ Done::Handed(_)) => {
                    later = Some(handed);
                    Ok(())
                }
                Ok(other) => {
                    later = Some(other);
                    Err(None)
                }
                Err(refusal) => Err(Some(refusal)),
            });
        match written {
            Err(Some(refusal)) => Err(refusal),
            _ => Ok(later.unwrap_or(Done::Now)),
        }
    }

    fn negotiate(
        &mut self,
        request: &Envelope<'_>,
        id: Option<&str>,
        out: &mut String,
    ) -> Result<Done, Refusal> {
        if request.command != "qmp_capabilities" {
            let what = "'qmp_capabilities' comes before any other command";
            let refusal = Refusal::custom("not-negotiated", what);
            return Err(refusal.with_class(qomet::ErrorClass::CommandNotFound));
        }
        let mut unused = JsonOutput::compact();
        let call = Call {
            dispatcher: &self.dispatcher,
            client: &self.peer,
            arguments: request.arguments,
            output: &mut unused,
        };
        let Enable { enable } = call.read()?;
        self.oob = enable.is_some_and(|all| !all.is_empty());
        self.negotiated = true;
        self.peer.open();
        write_return(out, id, |json| {
            qomet::Value::write(&Nothing, json);
            Ok::<_, Refusal>(())
        })?;
        Ok(Done::Now)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.dispatcher.leave(&self.peer);
        self.peer.leave();
        tracing::info!(client = self.peer.number(), "client left");
    }
}
