//! `x-watch` and `x-unwatch`: told instead of asking again and again.
//!
//! The reply has a snapshot with its revision, in the words of `x-tree`; what follows is newer, complete and in order,
//! or says with `X_LOST` how many events are missing (then watch anew). Events wait in a queue of the watch, `queue` at
//! most; it is emptied as fast as the client reads. `timestamp` is when an event was sent.
//!
//! ```text
//! X_CREATED {id, revision, path, type, object?: {revision, properties}}
//! X_DELETED {id, revision, path, type}
//! X_CHANGED {id, revision, path, property, value?, configured?}
//! X_WARNING {id, code, message, object?, type?, property?, help?}
//! X_LOST    {id, count}
//! ```
//!
//! `revision` is the model's for the first two and the object's for the third. What an `X_CHANGED` tells of an object
//! may already be part of the values in its `X_CREATED`: then its revision is not higher than theirs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use qomet::{Glob, Model, Output, Value, Watch, WatchOptions};
use qomet_config::JsonOutput;

use super::tree::{TreeObject, Writer, finish};
use crate::dispatch::{AnyValue, Call, Command, Done, Nothing, Shape};
use crate::peer::{Event, LOST, Peer, Source};
use crate::wire::Refusal;

/// So many objects are written at once; more are written on a thread of their own.
const FEW: usize = 500;
/// How many watches a client may have.
const MOST: usize = 64;
/// How many events of a watch wait if the client does not say.
const QUEUE: u32 = 1024;
/// The most that it may say.
const LONGEST: u32 = 1 << 20;

/// The arguments of `x-watch`.
#[derive(Clone, Debug, PartialEq, Value)]
struct Ask {
    /// Only objects with such a path: `?`, `*` within a component, `**`
    objects: Option<String>,
    /// Only properties with such a name
    properties: Option<String>,
    /// How many events wait at most for a client that does not read
    queue: Option<u32>,
}

/// What `x-watch` answers.
#[derive(Clone, Debug, PartialEq, Value)]
struct Watching {
    /// The number of the watch, which its events carry
    id: u64,
    /// The model's revision of which this is the structure
    revision: u64,
    /// The objects, parents before their children
    objects: Vec<TreeObject>,
}

/// The arguments of `x-unwatch`.
#[derive(Clone, Debug, PartialEq, Value)]
struct Unwatch {
    /// The number of the watch
    id: u64,
}

/// `X_CREATED`: an object is in the tree.
#[derive(Clone, Debug, PartialEq, Value)]
struct XCreated {
    /// The number of the watch
    id: u64,
    /// The model's revision with it
    revision: u64,
    /// The canonical path
    path: String,
    /// The name of its type
    #[value(rename = "type")]
    type_name: String,
    /// Its values, unless it has gone again; members `revision` and `properties` as in x-tree
    object: Option<AnyValue>,
}

/// `X_DELETED`: an object has left the tree.
#[derive(Clone, Debug, PartialEq, Value)]
struct XDeleted {
    /// The number of the watch
    id: u64,
    /// The model's revision without it
    revision: u64,
    /// The canonical path that it had
    path: String,
    /// The name of its type
    #[value(rename = "type")]
    type_name: String,
}

/// `X_CHANGED`: a property was set.
#[derive(Clone, Debug, PartialEq, Value)]
struct XChanged {
    /// The number of the watch
    id: u64,
    /// The object's revision with it
    revision: u64,
    /// The object's canonical path
    path: String,
    /// The property
    property: String,
    /// What a reader sees; absent if that is never shown, or the property was added or removed
    value: Option<AnyValue>,
    /// What was configured, where a reader sees what it came to
    configured: Option<AnyValue>,
}

/// `X_WARNING`: something was accepted that may not do what was hoped.
#[derive(Clone, Debug, PartialEq, Value)]
struct XWarning {
    /// The number of the watch
    id: u64,
    /// The code, which x-explain explains
    code: String,
    /// The sentence
    message: String,
    /// The object's id
    object: Option<String>,
    /// The name of its type
    #[value(rename = "type")]
    type_name: Option<String>,
    /// The property
    property: Option<String>,
    /// What to do
    help: Option<String>,
}

/// `X_LOST`: events are missing here, because too many waited.
#[derive(Clone, Debug, PartialEq, Value)]
struct XLost {
    /// The number of the watch
    id: u64,
    /// How many
    count: u64,
}

/// The data of [`LOST`].
#[derive(Clone, Debug, PartialEq, Value)]
struct XEventsLost {
    /// How many events of any kind
    count: u64,
}

/// The events that QEMU has not, with their data.
pub(crate) const EVENTS: [(&str, &qomet::ValueType); 6] = [
    ("X_CREATED", XCreated::TYPE),
    ("X_DELETED", XDeleted::TYPE),
    ("X_CHANGED", XChanged::TYPE),
    ("X_WARNING", XWarning::TYPE),
    ("X_LOST", XLost::TYPE),
    (LOST, XEventsLost::TYPE),
];

pub(super) fn all() -> Vec<Command> {
    // Numbers are never used again, so that a late event is not taken for one of another watch.
    let next = Arc::new(AtomicU64::new(1));
    vec![
        Command::raw("x-watch", Shape::Of(Ask::TYPE), Shape::Of(Watching::TYPE), move |call| {
            watch(call, next.fetch_add(1, Ordering::Relaxed))
        })
        .read_only(),
        Command::raw("x-unwatch", Shape::Of(Unwatch::TYPE), Shape::Of(Nothing::TYPE), unwatch).read_only(),
    ]
}

/// A watch of a client.
struct Watcher {
    id: u64,
    watch: Watch,
    properties: Option<Glob>,
}

fn watch(call: &mut Call<'_>, id: u64) -> Result<Done, Refusal> {
    let Ask { objects, properties, queue } = call.read()?;
    let queue = queue.unwrap_or(QUEUE);
    if queue == 0 || queue > LONGEST {
        let what = format!("'queue' must be between 1 and {LONGEST}, not {queue}");
        return Err(Refusal::custom("invalid-queue", what));
    }
    if call.client().sources() >= MOST {
        return Err(Refusal::custom("too-many-watches", format!("a client may have {MOST} watches")));
    }
    let objects = objects.map(|glob| Glob::of_paths(&glob));
    let properties = properties.map(|glob| Glob::of_names(&glob));
    let model = call.model().clone();
    let client = Arc::downgrade(call.client());
    let is_little = model.len() <= FEW;
    let begin = move |output: &mut JsonOutput| {
        let Some(client) = client.upgrade() else { return Ok(()) };
        let watcher = Watcher::begin(id, &model, &client, objects, properties, queue, output);
        client.add_source(Arc::new(watcher), !is_little);
        // Events that came while there was no source.
        client.call();
        Ok(())
    };
    finish(call, is_little, begin)
}

fn unwatch(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let Unwatch { id } = call.read()?;
    if !call.client().remove_source(id) {
        return Err(Refusal::custom("unknown-watch", format!("there is no watch {id}")));
    }
    Nothing.write(call.output);
    Ok(Done::Now)
}

impl Watcher {
    /// Begins a watch: subscribes, then writes the snapshot.
    fn begin(
        id: u64,
        model: &Model,
        client: &Arc<Peer>,
        objects: Option<Glob>,
        properties: Option<Glob>,
        queue: u32,
        output: &mut JsonOutput,
    ) -> Self {
        let options = WatchOptions {
            paths: objects.clone(),
            properties: properties.clone(),
            capacity: usize::try_from(queue).unwrap_or(usize::MAX),
        };
        let weak = Arc::downgrade(client);
        let watch = model.watch(options, move || {
            if let Some(client) = weak.upgrade() {
                client.call();
            }
        });
        let snapshot = model.snapshot(model.root(), usize::MAX);
        output.begin_struct();
        output.member("id");
        output.uint64(id);
        output.member("revision");
        output.uint64(snapshot.revision);
        output.member("objects");
        output.begin_list();
        let mut read = Vec::new();
        let mut writer = Writer::new(properties.as_ref());
        for (level, object) in snapshot.objects {
            if objects.as_ref().is_none_or(|glob| glob.fits(&object.path())) {
                let revision = writer.object(output, &object, level, &[]);
                read.push((object, revision));
            }
        }
        output.end_list();
        output.end_struct();
        watch.skip_known(snapshot.revision, &read);
        drop(writer);
        Watcher { id, watch, properties }
    }

    fn render(&self, event: &qomet::Event) -> Option<Event> {
        let text = |json: &mut JsonOutput, name: &str, value: Option<&str>| {
            if let Some(value) = value {
                json.member(name);
                json.string(value);
            }
        };
        let number = |json: &mut JsonOutput, name: &str, value: u64| {
            json.member(name);
            json.uint64(value);
        };
        let made = |name: &str, rest: &dyn Fn(&mut JsonOutput)| {
            Some(Event::new(name, |json| {
                json.begin_struct();
                number(json, "id", self.id);
                rest(json);
                json.end_struct();
            }))
        };
        match event {
            qomet::Event::Created { revision, path, type_name, object } => made("X_CREATED", &|json| {
                number(json, "revision", *revision);
                text(json, "path", Some(path));
                text(json, "type", Some(type_name));
                if let Some(object) = object.upgrade() {
                    json.member("object");
                    json.begin_struct();
                    Writer::new(self.properties.as_ref()).values(json, &object);
                    json.end_struct();
                }
            }),
            qomet::Event::Deleted { revision, path, type_name } => made("X_DELETED", &|json| {
                number(json, "revision", *revision);
                text(json, "path", Some(path));
                text(json, "type", Some(type_name));
            }),
            qomet::Event::Changed { revision, path, property, value, configured } => {
                made("X_CHANGED", &|json| {
                    number(json, "revision", *revision);
                    text(json, "path", Some(path));
                    text(json, "property", Some(property));
                    for (name, value) in [("value", value), ("configured", configured)] {
                        if let Some(value) = value {
                            json.member(name);
                            value.write(json);
                        }
                    }
                })
            }
            qomet::Event::Warned(warned) => made("X_WARNING", &|json| {
                text(json, "code", Some(warned.code));
                text(json, "message", Some(&warned.message));
                text(json, "object", warned.object.as_deref());
                text(json, "type", warned.type_name.as_deref());
                text(json, "property", warned.property.as_deref());
                text(json, "help", warned.help.as_deref());
            }),
            qomet::Event::Lost { count } => made("X_LOST", &|json| number(json, "count", *count)),
            _ => None,
        }
    }
}

impl Source for Watcher {
    fn id(&self) -> u64 {
        self.id
    }

    fn next(&self) -> Option<Event> {
        std::iter::from_fn(|| self.watch.next()).find_map(|event| self.render(&event))
    }
}
