//! Objects and their values: a whole tree in as few round trips as the server allows.
//!
//! Three ways, the best first: `x-tree`, one round trip (Qomet); `qom-list-get`, one for each level (QEMU 10.1 and
//! Qomet); `qom-list` and `qom-get` for everything, many under way at once (any QEMU). All give the same.
//!
//! A tree that changes meanwhile is read as it is found: an object that goes before its turn is left out, a value
//! that cannot be read has its reason in its place. A tree is a flat list, parents before their children, so that one
//! of any depth is harmless.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::types::elements;
use super::{Client, ClientError, PropertyFacts, Refused, Request};

/// So many objects are asked for in one request.
const BATCH: usize = 64;

/// By which commands objects are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// `x-tree`.
    Tree,
    /// `qom-list-get`.
    ListGet,
    /// `qom-list` and `qom-get`.
    Single,
}

/// What reading a property came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading {
    /// Its value.
    Value(Value),
    /// Why it has none.
    Failed(String),
}

/// A property of a live object.
#[derive(Clone, Debug, PartialEq)]
pub struct PropertyView {
    /// Its name.
    pub name: String,
    /// Its type, as `qom-list` tells it.
    pub type_name: String,
    /// Its value.
    pub reading: Reading,
}

/// A live object.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectView {
    /// Its path. Where the server does not tell it, that of the topmost one is what was asked for.
    pub path: String,
    /// How many levels it stands below the topmost one.
    pub depth: usize,
    /// The name of its type.
    pub type_name: String,
    /// Its properties but for `type` and its children, in the server's order.
    pub properties: Vec<PropertyView>,
    /// Names and types of its children, in the server's order; of those too that were not read.
    pub children: Vec<(String, String)>,
}

impl ObjectView {
    /// The last part of its path.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// The property of that name.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<&PropertyView> {
        self.properties.iter().find(|property| property.name == name)
    }
}

/// The path of a child.
pub(super) fn child_path(parent: &str, name: &str) -> String {
    format!("{}/{name}", parent.strip_suffix('/').unwrap_or(parent))
}

/// A tree that is being read: objects in the order in which they were found.
struct Growing {
    objects: Vec<ObjectView>,
    /// The positions of the children of each.
    below: Vec<Vec<usize>>,
    /// Those that went before their turn.
    gone: Vec<bool>,
    depth: usize,
    limit: usize,
    too_many: bool,
}

impl Growing {
    fn new(top: &str, type_name: String, depth: Option<usize>, limit: usize) -> Self {
        let mut growing = Growing {
            objects: Vec::new(),
            below: Vec::new(),
            gone: Vec::new(),
            depth: depth.unwrap_or(usize::MAX),
            limit,
            too_many: false,
        };
        growing.push(top.to_owned(), 0, type_name);
        growing
    }

    fn push(&mut self, path: String, depth: usize, type_name: String) -> usize {
        self.objects.push(ObjectView {
            path,
            depth,
            type_name,
            properties: Vec::new(),
            children: Vec::new(),
        });
        self.below.push(Vec::new());
        self.gone.push(false);
        self.objects.len() - 1
    }

    fn path(&self, index: usize) -> String {
        self.objects.get(index).map(|object| object.path.clone()).unwrap_or_default()
    }

    /// Takes what the server says of an object. Returns the positions of the children that are to be read.
    fn take(&mut self, index: usize, properties: Vec<(PropertyFacts, Reading)>) -> Vec<usize> {
        let Some(object) = self.objects.get_mut(index) else { return Vec::new() };
        let (path, depth) = (object.path.clone(), object.depth);
        for (property, reading) in properties {
            if let Some(type_name) = property.child_type() {
                object.children.push((property.name.clone(), type_name.to_owned()));
            } else if property.name == "type" {
                if let Reading::Value(Value::String(name)) = reading {
                    object.type_name = name;
                }
            } else {
                let PropertyFacts { name, type_name, .. } = property;
                object.properties.push(PropertyView { name, type_name, reading });
            }
        }
        let children = if depth < self.depth { object.children.clone() } else { Vec::new() };
        let mut found = Vec::new();
        for (name, type_name) in children {
            if self.objects.len() >= self.limit {
                self.too_many = true;
                break;
            }
            found.push(self.push(child_path(&path, &name), depth + 1, type_name));
        }
        if let Some(below) = self.below.get_mut(index) {
            below.clone_from(&found);
        }
        found
    }

    fn is_gone(&mut self, index: usize) {
        if let Some(gone) = self.gone.get_mut(index) {
            *gone = true;
        }
    }

    /// The objects, parents before their children.
    fn finish(self) -> Result<Vec<ObjectView>, ClientError> {
        if self.too_many {
            return Err(ClientError::TooManyObjects { limit: self.limit });
        }
        let mut found: Vec<Option<ObjectView>> = self.objects.into_iter().map(Some).collect();
        let (mut out, mut stack) = (Vec::with_capacity(found.len()), vec![0]);
        while let Some(index) = stack.pop() {
            if self.gone.get(index) == Some(&true) {
                continue;
            }
            stack.extend(self.below.get(index).into_iter().flatten().rev());
            out.extend(found.get_mut(index).and_then(Option::take));
        }
        Ok(out)
    }
}

/// What one request of the walk asks.
enum Ask {
    List(usize),
    Get { object: usize, property: usize },
}

impl Client {
    /// The best way to read objects that the server has.
    ///
    /// # Errors
    /// The server refuses to list its commands, or the connection fails.
    pub fn access(&mut self) -> Result<Access, ClientError> {
        let commands = self.commands()?;
        let best = [("x-tree", Access::Tree), ("qom-list-get", Access::ListGet)];
        let best = best.into_iter().find(|(command, _)| commands.contains(*command));
        Ok(best.map_or(Access::Single, |(_, access)| access))
    }

    /// Reads the objects at and below `top`, at most `depth` levels below it (0: only `top`), with their values, in
    /// the best way that there is.
    ///
    /// # Errors
    /// There is no object at `top`, there are too many, or the connection fails.
    pub fn read_tree(&mut self, top: &str, depth: Option<usize>) -> Result<Vec<ObjectView>, ClientError> {
        let access = self.access()?;
        self.read_tree_by(access, top, depth)
    }

    /// The same, in a certain way.
    ///
    /// # Errors
    /// The same; or the server has not the command.
    pub fn read_tree_by(
        &mut self,
        access: Access,
        top: &str,
        depth: Option<usize>,
    ) -> Result<Vec<ObjectView>, ClientError> {
        match access {
            Access::Tree => self.at_once(top, depth),
            Access::ListGet => self.by_levels(top, depth),
            Access::Single => self.one_by_one(top, depth),
        }
    }

    /// One object with its values and the names of its children.
    ///
    /// # Errors
    /// There is no such object, or the connection fails.
    pub fn read_object(&mut self, path: &str) -> Result<ObjectView, ClientError> {
        let mut found = self.read_tree(path, Some(0))?;
        found.pop().ok_or_else(|| self.ended())
    }

    fn at_once(&mut self, top: &str, depth: Option<usize>) -> Result<Vec<ObjectView>, ClientError> {
        let arguments = match depth {
            Some(depth) => json!({ "path": top, "depth": depth }),
            None => json!({ "path": top }),
        };
        let mut reply = self.execute("x-tree", arguments)?;
        let Some(Value::Array(objects)) = reply.get_mut("objects").map(Value::take) else {
            return Err(ClientError::BadMessage { what: "a tree without objects".to_owned() });
        };
        if objects.len() > self.options.objects {
            return Err(ClientError::TooManyObjects { limit: self.options.objects });
        }
        let mut objects: Vec<ObjectView> = objects.into_iter().filter_map(from_tree).collect();
        // Children are told only where the tree is cut off; the others are the objects themselves.
        let mut above: Vec<usize> = Vec::new();
        for index in 0..objects.len() {
            let Some(child) = objects.get(index) else { break };
            let (depth, name) = (child.depth, (child.name().to_owned(), child.type_name.clone()));
            above.truncate(depth);
            let parent = above.last().and_then(|&parent| objects.get_mut(parent));
            if let Some(parent) = parent.filter(|parent| parent.depth + 1 == depth) {
                parent.children.push(name);
            }
            above.push(index);
        }
        Ok(objects)
    }

    fn by_levels(&mut self, top: &str, depth: Option<usize>) -> Result<Vec<ObjectView>, ClientError> {
        let mut growing = Growing::new(top, String::new(), depth, self.options.objects);
        let mut level = vec![0];
        while !level.is_empty() && !growing.too_many {
            let mut queue = VecDeque::new();
            for batch in level.chunks(BATCH) {
                queue.push_back((batch.to_vec(), list_get(&growing, batch)));
            }
            let (mut next, mut refusal) = (Vec::new(), None);
            self.pipeline(&mut queue, |batch, answer, queue| match answer {
                Ok(value) => {
                    for (&index, object) in batch.iter().zip(elements(&value)) {
                        let properties = object.get("properties").unwrap_or(&Value::Null);
                        let read = elements(properties).iter().filter_map(|one| {
                            let reading = match one.get("value") {
                                Some(value) => Reading::Value(value.clone()),
                                None => Reading::Failed("cannot be read".to_owned()),
                            };
                            Some((PropertyFacts::read(one)?, reading))
                        });
                        next.extend(growing.take(index, read.collect()));
                    }
                }
                // One of the objects has gone: each on its own.
                Err(_) if batch.len() > 1 => {
                    queue.extend(batch.into_iter().map(|one| (vec![one], list_get(&growing, &[one]))));
                }
                Err(refused) => {
                    for index in batch {
                        growing.is_gone(index);
                        refusal = refusal.take().or((index == 0).then(|| refused.clone()));
                    }
                }
            })?;
            refused(refusal)?;
            level = next;
        }
        growing.finish()
    }

    fn one_by_one(&mut self, top: &str, depth: Option<usize>) -> Result<Vec<ObjectView>, ClientError> {
        let type_name = match self.get(top, "type")? {
            Value::String(name) => name,
            _ => String::new(),
        };
        let mut growing = Growing::new(top, type_name, depth, self.options.objects);
        let mut refusal = None;
        let mut queue = VecDeque::from([(Ask::List(0), list(top))]);
        self.pipeline(&mut queue, |ask, answer, queue| match (ask, answer) {
            (Ask::List(index), Ok(value)) => {
                let unread = || Reading::Value(Value::Null);
                let read =
                    elements(&value).iter().filter_map(|one| Some((PropertyFacts::read(one)?, unread())));
                let children = growing.take(index, read.collect());
                let Some(object) = growing.objects.get(index) else { return };
                // What an object has goes before what its children have: the queue stays short.
                let gets = object.properties.iter().enumerate().rev().map(|(property, view)| {
                    let arguments = json!({ "path": object.path, "property": view.name });
                    (Ask::Get { object: index, property }, Request::new("qom-get", arguments))
                });
                gets.for_each(|get| queue.push_front(get));
                queue
                    .extend(children.into_iter().map(|child| (Ask::List(child), list(&growing.path(child)))));
            }
            (Ask::List(index), Err(refused)) => {
                growing.is_gone(index);
                refusal = refusal.take().or((index == 0).then_some(refused));
            }
            (Ask::Get { object, property }, answer) => {
                let object = growing.objects.get_mut(object);
                if let Some(view) = object.and_then(|object| object.properties.get_mut(property)) {
                    view.reading = match answer {
                        Ok(value) => Reading::Value(value),
                        Err(refused) => Reading::Failed(refused.desc),
                    };
                }
            }
        })?;
        refused(refusal)?;
        growing.finish()
    }
}

/// An object as `x-tree` tells it.
fn from_tree(mut object: Value) -> Option<ObjectView> {
    let text = |value: Option<&mut Value>| match value.map(Value::take) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    };
    let list = |value: Option<&mut Value>| match value.map(Value::take) {
        Some(Value::Array(elements)) => elements,
        _ => Vec::new(),
    };
    let depth = object.get("depth").and_then(Value::as_u64).unwrap_or(0);
    let property = |mut told: Value| {
        let reading = match (told.get_mut("value").map(Value::take), told.get("error")) {
            (Some(value), _) => Reading::Value(value),
            (None, why) => {
                let why = why.and_then(|why| why.get("desc")?.as_str());
                Reading::Failed(why.unwrap_or("cannot be read").to_owned())
            }
        };
        let type_name = text(told.get_mut("type")).unwrap_or_default();
        Some(PropertyView { name: text(told.get_mut("name"))?, type_name, reading })
    };
    let child = |told: Value| {
        let facts = PropertyFacts::read(&told)?;
        let type_name = facts.child_type()?.to_owned();
        Some((facts.name, type_name))
    };
    Some(ObjectView {
        path: text(object.get_mut("path"))?,
        depth: usize::try_from(depth).ok()?,
        type_name: text(object.get_mut("type")).unwrap_or_default(),
        properties: list(object.get_mut("properties")).into_iter().filter_map(property).collect(),
        children: list(object.get_mut("children")).into_iter().filter_map(child).collect(),
    })
}

fn list(path: &str) -> Request {
    Request::new("qom-list", json!({ "path": path }))
}

fn list_get(growing: &Growing, batch: &[usize]) -> Request {
    let paths: Vec<String> = batch.iter().map(|&index| growing.path(index)).collect();
    Request::new("qom-list-get", json!({ "paths": paths }))
}

fn refused(refusal: Option<Refused>) -> Result<(), ClientError> {
    refusal.map_or(Ok(()), |refused| Err(ClientError::Refused(Box::new(refused))))
}
