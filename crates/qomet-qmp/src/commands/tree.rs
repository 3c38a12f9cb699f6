//! `x-tree` and `qom-list-get`: many objects with their values in one round trip.
//!
//! The structure is that of one revision of the model, each object's values are those of one revision of its own. What
//! cannot be read says why in its place. The answer is a flat list, parents before their children, so that a tree of
//! any depth is harmless; what is long is written on a thread of its own.
//!
//! `watch` uses the same words for its snapshot.

use std::collections::HashMap;

use qomet::{
    Class, Diagnostic, Glob, Model, Mutability, Native, NativeOutput, ObjectRef, Output, Snapshot, Value,
    ValueRef, ValueType,
};
use qomet_config::JsonOutput;

use super::qom::TYPE;
use crate::dispatch::{AnyValue, Call, Command, Done, Shape};
use crate::wire::Refusal;

/// So many objects and names of children are written at once; more are written on a thread of their own.
pub(super) const FEW: usize = 500;
/// The longest answer to `qom-list-get`, in bytes: a short request may name one long list again and again.
const LONGEST: usize = 256 << 20;

/// The arguments of `x-tree`.
#[derive(Clone, Debug, PartialEq, Value)]
struct Ask {
    /// The path of the topmost object; the root if absent
    path: Option<String>,
    /// How many levels below it, 0 being the object alone; all if absent
    depth: Option<u32>,
    /// Only objects with such a path: `?`, `*` within a component, `**`
    objects: Option<String>,
    /// Only properties with such a name
    properties: Option<String>,
}

/// The arguments of `qom-list-get`.
#[derive(Clone, Debug, PartialEq, Value)]
struct ListGet {
    /// The paths of the objects
    paths: Vec<String>,
}

/// What `qom-list-get` tells of an object.
#[derive(Clone, Debug, PartialEq, Value)]
struct ObjectPropertiesValues {
    /// Its properties
    properties: Vec<ObjectPropertyValue>,
}

/// A property with its value.
#[derive(Clone, Debug, PartialEq, Value)]
struct ObjectPropertyValue {
    /// The name
    name: String,
    /// The type, as QEMU names it
    #[value(rename = "type")]
    type_name: String,
    /// The value; absent if it cannot be read
    value: Option<AnyValue>,
}

/// A tree, or a part of it.
#[derive(Clone, Debug, PartialEq, Value)]
pub(super) struct Tree {
    /// The model's revision of which this is the structure
    revision: u64,
    /// The objects, parents before their children
    objects: Vec<TreeObject>,
}

/// An object of a tree.
#[derive(Clone, Debug, PartialEq, Value)]
pub(super) struct TreeObject {
    /// The canonical path
    path: String,
    /// How many levels it is below the topmost one
    depth: u32,
    /// The name of its type
    #[value(rename = "type")]
    type_name: String,
    /// The object's revision of which these are the values
    revision: u64,
    /// Its properties, without its children
    properties: Vec<TreeProperty>,
    /// Its children, where the tree is cut off
    children: Option<Vec<TreeChild>>,
}

/// A property of an object of a tree.
#[derive(Clone, Debug, PartialEq, Value)]
struct TreeProperty {
    /// The name
    name: String,
    /// The type, as QEMU names it
    #[value(rename = "type")]
    type_name: String,
    /// What a reader sees
    value: Option<AnyValue>,
    /// What was configured, where a reader sees what it came to; null where nothing was and a reader sees it empty
    configured: Option<AnyValue>,
    /// Why there is no value
    error: Option<TreeError>,
}

/// A child that is not part of a tree.
#[derive(Clone, Debug, PartialEq, Value)]
struct TreeChild {
    /// The name
    name: String,
    /// `child<TYPE>`
    #[value(rename = "type")]
    type_name: String,
}

/// Why a value cannot be read.
#[derive(Clone, Debug, PartialEq, Value)]
struct TreeError {
    /// The code, which x-explain explains
    code: String,
    /// The sentence
    desc: String,
}

pub(super) fn all() -> Vec<Command> {
    vec![
        Command::raw(
            "qom-list-get",
            Shape::Of(ListGet::TYPE),
            Shape::Of(<Vec<ObjectPropertiesValues>>::TYPE),
            list_get,
        )
        .read_only(),
        Command::raw("x-tree", Shape::Of(Ask::TYPE), Shape::Of(Tree::TYPE), tree).read_only(),
    ]
}

fn tree(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let Ask { path, depth, objects, properties } = call.read()?;
    let model = call.model().clone();
    let depth = depth.and_then(|depth| usize::try_from(depth).ok()).unwrap_or(usize::MAX);
    // The children of what stands at the cut are named. Others wait meanwhile, so no more is looked at than tells.
    let is_little = model.count(&top(&model, path.as_deref())?, depth.saturating_add(1), FEW + 1) <= FEW;
    let objects = objects.map(|glob| Glob::of_paths(&glob));
    let properties = properties.map(|glob| Glob::of_names(&glob));
    let write = move |output: &mut JsonOutput| {
        let Snapshot { revision, objects: found } = model.snapshot(&top(&model, path.as_deref())?, depth);
        output.begin_struct();
        output.member("revision");
        output.uint64(revision);
        output.member("objects");
        output.begin_list();
        let mut writer = Writer::new(properties.as_ref());
        for (level, object) in &found {
            if objects.as_ref().is_some_and(|glob| !glob.fits(&object.path())) {
                continue;
            }
            let children = if *level == depth { model.children(object) } else { Vec::new() };
            writer.object(output, object, *level, &children);
        }
        output.end_list();
        output.end_struct();
        Ok(())
    };
    finish(call, is_little, write)
}

/// The topmost object.
fn top(model: &Model, path: Option<&str>) -> qomet::Result<ObjectRef> {
    path.map_or_else(|| Ok(model.root().clone()), |path| model.resolve(path))
}

/// Whether there are few objects and, together with their children, few names to write.
fn are_few(model: &Model, objects: &[ObjectRef]) -> bool {
    let without_children = |left: usize, object: &ObjectRef| {
        left.checked_sub(model.count(object, 1, left.saturating_add(2)).saturating_sub(1))
    };
    let left = FEW.checked_sub(objects.len());
    left.and_then(|left| objects.iter().try_fold(left, without_children)).is_some()
}

/// Writes now, or on another thread.
pub(super) fn finish(
    call: &mut Call<'_>,
    is_little: bool,
    write: impl FnOnce(&mut JsonOutput) -> Result<(), Refusal> + Send + 'static,
) -> Result<Done, Refusal> {
    if is_little {
        write(call.output)?;
        return Ok(Done::Now);
    }
    Ok(Done::Soon(Box::new(write)))
}

/// Writes objects, with what their classes have in common worked out once.
pub(super) struct Writer<'g> {
    properties: Option<&'g Glob>,
    /// For each class, by name, its properties that are wanted.
    classes: HashMap<&'static str, Vec<Known>, foldhash::fast::RandomState>,
    /// Room for the values of one object.
    scratch: String,
}

/// A property that is wanted.
struct Known {
    name: &'static str,
    /// All of the property in front of its value.
    head: String,
    sensitive: bool,
    effective: bool,
    /// Whether a reader cannot tell a value that is absent from an empty one.
    hides_absence: bool,
}

impl Known {
    /// Writes the member `configured` where a reader does not see what was configured.
    fn write_configured(&self, json: &mut JsonOutput, object: &ObjectRef) {
        if self.sensitive {
            // That it was not given is no secret.
            let class = object.class();
            let slot = class.find(self.name).zip(class.draft().ok());
            if slot.is_some_and(|(slot, unset)| unset.is_same_secret(slot, object)) {
                json.member("configured");
                json.null();
            }
            return;
        }
        if !self.effective && !self.hides_absence {
            return;
        }
        let mut configured = NativeOutput::telling_absence();
        let _ = object.write_configured(self.name, &mut configured);
        let configured = configured.finish();
        if self.effective || matches!(configured, Native::Null) {
            json.member("configured");
            configured.write(json);
        }
    }
}

/// `{"name":…,"type":…`: a property up to what comes after its type.
fn head(name: &str, type_name: &str) -> String {
    let mut json = JsonOutput::compact();
    json.begin_struct();
    json.member("name");
    json.string(name);
    json.member("type");
    json.string(type_name);
    json.finish()
}

impl<'g> Writer<'g> {
    pub(super) fn new(properties: Option<&'g Glob>) -> Self {
        Writer { properties, classes: HashMap::default(), scratch: String::new() }
    }

    fn wants(glob: Option<&Glob>, name: &str) -> bool {
        glob.is_none_or(|glob| glob.fits(name))
    }

    fn known<'k>(
        classes: &'k mut HashMap<&'static str, Vec<Known>, foldhash::fast::RandomState>,
        class: &Class,
        glob: Option<&Glob>,
    ) -> &'k [Known] {
        classes.entry(class.name()).or_insert_with(|| {
            let wanted = class.properties().iter().filter(|property| Self::wants(glob, property.name));
            wanted
                .map(|property| Known {
                    name: property.name,
                    head: head(property.name, &property.value_type.qom_name()),
                    sensitive: property.sensitive,
                    effective: property.effective && property.mutability != Mutability::Computed,
                    hides_absence: property.is_settable()
                        && matches!(property.value_type, ValueType::Optional(_))
                        && property.value_type.absent() != ValueRef::Null,
                })
                .collect()
        })
    }

    /// Writes one object; returns the revision at which it was read.
    pub(super) fn object(
        &mut self,
        output: &mut JsonOutput,
        object: &ObjectRef,
        depth: usize,
        children: &[ObjectRef],
    ) -> u64 {
        output.begin_struct();
        output.member("path");
        output.string(&object.path());
        output.member("depth");
        output.uint64(u64::try_from(depth).unwrap_or(u64::MAX));
        output.member("type");
        output.string(object.class().name());
        let revision = self.values(output, object);
        if !children.is_empty() {
            output.member("children");
            output.begin_list();
            for child in children {
                super::qom::write_property(output, child.name(), &super::qom::child_type(child));
            }
            output.end_list();
        }
        output.end_struct();
        revision
    }

    /// Writes `revision` and `properties`, as they were at that revision, which is returned.
    pub(super) fn values(&mut self, output: &mut JsonOutput, object: &ObjectRef) -> u64 {
        let known = Self::known(&mut self.classes, object.class(), self.properties);
        let (glob, scratch) = (self.properties, &mut self.scratch);
        let extras = object.extras();
        let ((), revision) = object.read(|| {
            let mut text = std::mem::take(scratch);
            text.clear();
            let mut json = JsonOutput::after(text);
            json.begin_list();
            for property in known {
                json.begin_rendered(&property.head);
                if property.sensitive {
                    error(&mut json, &write_only(object, property.name));
                } else {
                    value(&mut json, object, property.name);
                }
                property.write_configured(&mut json, object);
                json.end_struct();
            }
            for (name, extra) in extras.iter().filter(|(name, _)| Self::wants(glob, name)) {
                json.begin_rendered(&head(name, &extra.qom_type()));
                value(&mut json, object, name);
                json.end_struct();
            }
            json.end_list();
            *scratch = json.finish();
        });
        output.member("revision");
        output.uint64(revision);
        output.member("properties");
        output.rendered(&self.scratch);
        revision
    }
}

fn write_only(object: &ObjectRef, name: &str) -> Diagnostic {
    Diagnostic::new(qomet::ModelErrorKind::WriteOnly)
        .with_object(object.name())
        .with_type(object.class().name())
        .with_property(name)
}

/// Writes the member `value`, or `error`. Only extras fail, and those before they write anything.
fn value(json: &mut JsonOutput, object: &ObjectRef, name: &str) {
    let mut written = NativeOutput::default();
    if object.class().find(name).is_some() {
        json.member("value");
        let _ = object.write(name, json);
        return;
    }
    match object.write(name, &mut written) {
        Ok(()) => {
            json.member("value");
            written.finish().write(json);
        }
        Err(problem) => error(json, &problem),
    }
}

fn error(json: &mut JsonOutput, problem: &Diagnostic) {
    json.member("error");
    json.begin_struct();
    json.member("code");
    json.string(problem.code());
    json.member("desc");
    json.string(&problem.to_string());
    json.end_struct();
}

fn list_get(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let ListGet { paths } = call.read()?;
    let model = call.model().clone();
    let objects = paths.iter().map(|path| model.resolve(path)).collect::<qomet::Result<Vec<ObjectRef>>>()?;
    let is_little = are_few(&model, &objects);
    let write = move |output: &mut JsonOutput| {
        output.begin_list();
        for object in &objects {
            if output.as_str().len() > LONGEST {
                let what = format!("the answer exceeds the limit of {LONGEST} bytes: ask for less at once");
                return Err(Refusal::custom("too-large", what));
            }
            output.begin_struct();
            output.member("properties");
            output.begin_list();
            property(output, TYPE, "string", |output| output.string(object.class().name()));
            let mut writer = Writer::new(None);
            writer.plain(output, object);
            for child in model.children(object) {
                property(output, child.name(), &super::qom::child_type(&child), |output| {
                    output.string(&child.path());
                });
            }
            output.end_list();
            output.end_struct();
        }
        output.end_list();
        Ok(())
    };
    finish(call, is_little, write)
}

/// Writes a property with its value.
fn property(output: &mut JsonOutput, name: &str, type_name: &str, value: impl FnOnce(&mut JsonOutput)) {
    output.begin_struct();
    output.member("name");
    output.string(name);
    output.member("type");
    output.string(type_name);
    output.member("value");
    value(output);
    output.end_struct();
}

impl Writer<'_> {
    /// Writes the properties with QEMU's members only, into a list that is open.
    fn plain(&mut self, output: &mut JsonOutput, object: &ObjectRef) {
        for known in Self::known(&mut self.classes, object.class(), self.properties) {
            output.begin_rendered(&known.head);
            if !known.sensitive {
                value(output, object, known.name);
            }
            output.end_struct();
        }
        for (name, extra) in object.extras() {
            output.begin_rendered(&head(&name, &extra.qom_type()));
            let mut written = NativeOutput::default();
            if object.write(&name, &mut written).is_ok() {
                output.member("value");
                written.finish().write(output);
            }
            output.end_struct();
        }
    }
}
