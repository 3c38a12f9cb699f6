//! Requests and replies in order, and the events between them.
//!
//! Every request has a number as its `id`; a reply is matched by it. Many requests are asked in a window: so many are
//! under way, the next one goes out when a reply comes in, and what a reply leads to joins the queue.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::{Map, Value};

use super::message::{self, Message};
use super::socket::{Deadline, Waited, deadline, reason};
use super::{Client, ClientError, Event, Greeting, Refused, Request};
use crate::wire::Frame;

/// So many events are kept for whoever asks; older ones are dropped and counted.
const EVENTS: usize = 4096;
/// No more bytes of requests than this wait to be sent while there are others under way.
const UNSENT: usize = 64 << 10;
/// Input is moved to the front when so many bytes before it are done with.
const DONE: usize = 64 << 10;

impl Client {
    /// Asks many things at once. Each request carries a tag of the caller's; `each` is called with every answer in the
    /// order of the requests, and may add more to the queue.
    ///
    /// # Errors
    /// The connection fails, or an answer does not come in time. Refusals are answers.
    pub fn pipeline<T>(
        &mut self,
        queue: &mut VecDeque<(T, Request)>,
        mut each: impl FnMut(T, Result<Value, Refused>, &mut VecDeque<(T, Request)>),
    ) -> Result<(), ClientError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let mut under_way: VecDeque<(u64, T, String)> = VecDeque::new();
        let mut output = Vec::new();
        let mut until = deadline(self.options.reply_timeout);
        loop {
            while under_way.len() < self.options.window.max(1)
                && (output.len() < UNSENT || under_way.is_empty())
            {
                let Some((tag, request)) = queue.pop_front() else { break };
                let id = self.next_id;
                self.next_id = self.next_id.wrapping_add(1);
                output.extend_from_slice(line(&request, id).as_bytes());
                under_way.push_back((id, tag, request.command));
            }
            let Some((_, _, waited_for)) = under_way.front() else { return Ok(()) };
            let (id, answer) = match self.hear(&mut output, until) {
                Ok(Some(Message::Reply { id, answer })) => (id, answer),
                Ok(Some(_)) => continue,
                Ok(None) => {
                    let seconds = self.options.reply_timeout.unwrap_or_default().as_secs();
                    return Err(self.fail(ClientError::NoReply { command: waited_for.clone(), seconds }));
                }
                Err(error) => return Err(self.fail(error)),
            };
            // A server that could not read a request cannot know its number: the reply is to the oldest one.
            let index = match &id {
                Value::Null => Some(0),
                id => under_way.iter().position(|(sent, ..)| id.as_u64() == Some(*sent)),
            };
            let Some((_, tag, command)) = index.and_then(|index| under_way.remove(index)) else {
                let what = format!("a reply with the id {id}, which no request has");
                return Err(self.fail(ClientError::BadMessage { what }));
            };
            each(tag, answer.map_err(|refused| Refused { command, ..refused }), queue);
            until = deadline(self.options.reply_timeout);
        }
    }

    /// The next event: one that came earlier, or one that comes within `patience` (`None`: for ever).
    ///
    /// # Errors
    /// The connection fails.
    pub fn next_event(&mut self, patience: Option<Duration>) -> Result<Option<Event>, ClientError> {
        let until = deadline(patience);
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(Some(event));
            }
            if let Some(error) = &self.failed {
                return Err(error.clone());
            }
            match self.hear(&mut Vec::new(), until) {
                Ok(Some(_)) => {}
                Ok(None) => return Ok(None),
                // Nothing is under way that the connection would owe.
                Err(ClientError::Interrupted) => return Err(ClientError::Interrupted),
                Err(error) => {
                    let error = self.fail(error);
                    // What came before the end is told first.
                    if self.events.is_empty() {
                        return Err(error);
                    }
                }
            }
        }
    }

    /// How many events were dropped since the last call, because nobody asked for them.
    pub fn take_lost_events(&mut self) -> u64 {
        std::mem::take(&mut self.lost_events)
    }

    /// The first message.
    pub(super) fn hear_greeting(&mut self, until: Deadline) -> Result<Greeting, ClientError> {
        let heard = self.hear(&mut Vec::new(), until);
        // The input is kept until the next message is read.
        let found = message::shorten(&String::from_utf8_lossy(&self.input));
        let address = self.address.to_string();
        match heard {
            Ok(Some(Message::Greeting(greeting))) => Ok(greeting),
            Ok(None) if self.input.is_empty() => Err(ClientError::NoGreeting { address }),
            Ok(_) | Err(ClientError::BadMessage { .. }) => Err(ClientError::NotQmp { address, found }),
            Err(error) => Err(error),
        }
    }

    /// The next reply or greeting, or an event, which is kept; nothing if the time is up. Meanwhile `output` is sent.
    fn hear(&mut self, output: &mut Vec<u8>, until: Deadline) -> Result<Option<Message>, ClientError> {
        loop {
            if let Some(message) = self.next_message()? {
                let Message::Event(event) = message else { return Ok(Some(message)) };
                self.keep(event.clone());
                return Ok(Some(Message::Event(event)));
            }
            if self.taken > DONE {
                drop(self.input.drain(..self.taken.min(self.input.len())));
                self.taken = 0;
            }
            match self.socket.exchange(&mut self.input, output, until) {
                Ok(Waited::Moved) => {}
                Ok(Waited::Late) => return Ok(None),
                Ok(Waited::Cancelled) => return Err(ClientError::Interrupted),
                Ok(Waited::Closed) => return Err(ClientError::Closed { address: self.address.to_string() }),
                Err(error) => {
                    let (address, reason) = (self.address.to_string(), reason(&error));
                    return Err(ClientError::Lost { address, reason });
                }
            }
        }
    }

    /// A message that has come as a whole.
    fn next_message(&mut self) -> Result<Option<Message>, ClientError> {
        let unread = self.input.get(self.taken..).unwrap_or_default();
        if unread.is_empty() {
            return Ok(None);
        }
        let (taken, frame) = self.framer.next(unread);
        self.taken += taken;
        match frame {
            None => Ok(None),
            Some(Frame::Message(bytes)) => message::read(bytes).map(Some),
            Some(Frame::Bad(refusal)) => {
                let what = refusal.problems().first().map(ToString::to_string).unwrap_or_default();
                Err(ClientError::BadMessage { what })
            }
        }
    }

    fn keep(&mut self, event: Event) {
        if self.events.len() >= EVENTS {
            self.events.pop_front();
            self.lost_events += 1;
        }
        self.events.push_back(event);
    }

    /// Why the connection is of no use, for whoever asks again.
    pub(super) fn ended(&self) -> ClientError {
        let closed = || ClientError::Closed { address: self.address.to_string() };
        self.failed.clone().unwrap_or_else(closed)
    }

    /// Hangs up, because replies that come later would be taken for others; a server of one client can serve the next.
    fn fail(&mut self, error: ClientError) -> ClientError {
        self.socket.close();
        self.failed = Some(error.clone());
        error
    }
}

/// A request as it is sent.
fn line(request: &Request, id: u64) -> String {
    let mut members = Map::new();
    members.insert("execute".to_owned(), request.command.as_str().into());
    if !request.arguments.is_null() {
        members.insert("arguments".to_owned(), request.arguments.clone());
    }
    members.insert("id".to_owned(), id.into());
    let mut line = Value::Object(members).to_string();
    line.push_str("\r\n");
    line
}
