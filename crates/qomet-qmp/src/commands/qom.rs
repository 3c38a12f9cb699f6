//! `qom-get`, `qom-set`, `qom-list`: the tree of objects.
//!
//! To a client an object has more properties than its type declares: `type`, the name of its type; and one for each
//! child, of type `child<TYPE>`, whose value is the child's path. Both exist here only.

use qomet::{Diagnostic, Diagnostics, ModelErrorKind, ObjectRef, Output, Progress, Value};
use qomet_config::{Dialect, JsonOutput, Leniency, Node, Syntax, Tape, TapeInput};

use super::object::{IF_REVISION, expected_revision};
use super::tree::{FEW, finish};
use crate::dispatch::{AnyValue, Call, Command, Done, Nothing, Shape};
use crate::jobs::Task;
use crate::wire::Refusal;

/// The arguments of `qom-get`.
#[derive(Clone, Debug, PartialEq, Value)]
pub(crate) struct Get {
    /// The path of the object
    path: String,
    /// The name of the property
    property: String,
}

/// The arguments of `qom-list`.
#[derive(Clone, Debug, PartialEq, Value)]
struct List {
    /// The path of the object
    path: String,
}

/// A property as `qom-list` and `qom-list-properties` tell it.
#[derive(Clone, Debug, PartialEq, Value)]
pub(super) struct PropertyInfo {
    /// The name
    pub(super) name: String,
    /// The type, as QEMU names it
    #[value(rename = "type")]
    pub(super) type_name: String,
    /// What it means
    pub(super) description: Option<String>,
    /// What it is unless it is given
    pub(super) default_value: Option<AnyValue>,
}

/// The name of the property that tells the type.
pub(super) const TYPE: &str = "type";

pub(super) fn all() -> Vec<Command> {
    vec![
        Command::raw("qom-list", Shape::Of(List::TYPE), Shape::Of(<Vec<PropertyInfo>>::TYPE), list)
            .read_only(),
        Command::raw("qom-get", Shape::Of(Get::TYPE), Shape::Any, get).read_only(),
        Command::raw("qom-set", Shape::Setting, Shape::Of(Nothing::TYPE), set),
    ]
}

/// Writes one property of a listing.
pub(super) fn write_property(output: &mut JsonOutput, name: &str, type_name: &str) {
    output.begin_struct();
    output.member("name");
    output.string(name);
    output.member("type");
    output.string(type_name);
    output.end_struct();
}

/// The type of a child, as a property of its parent.
pub(super) fn child_type(child: &ObjectRef) -> String {
    format!("child<{}>", child.class().name())
}

fn list(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let List { path } = call.read()?;
    let object = call.model().resolve(&path)?;
    let children = call.model().children(&object);
    let is_little = children.len() <= FEW;
    finish(call, is_little, move |output| {
        output.begin_list();
        each_property(&object, &children, |name, type_name| write_property(output, name, type_name));
        output.end_list();
        Ok(())
    })
}

/// Tells the name and the type of each property that a client sees.
pub(super) fn each_property(object: &ObjectRef, children: &[ObjectRef], mut tell: impl FnMut(&str, &str)) {
    tell(TYPE, "string");
    for property in object.class().properties() {
        tell(property.name, &property.value_type.qom_name());
    }
    for (name, extra) in object.extras() {
        tell(&name, &extra.qom_type());
    }
    for child in children {
        tell(child.name(), &child_type(child));
    }
}

fn get(call: &mut Call<'_>) -> Result<Done, Refusal> {
    // The most frequent command by far: two plain strings are not worth a struct.
    let plain = call.arguments.filter(|node| node.members().nth(2).is_none());
    let fast = plain.and_then(|node| Some((node.get("path")?.str()?, node.get("property")?.str()?)));
    let Some((path, property)) = fast else {
        let Get { path, property } = call.read()?;
        return read(call, &path, &property);
    };
    read(call, &path, &property)
}

/// Writes the value of a property.
pub(super) fn read(call: &mut Call<'_>, path: &str, property: &str) -> Result<Done, Refusal> {
    let object = the_object(call.model(), path)?;
    if object.class().find(property).is_some() {
        object.write(property, call.output)?;
    } else if property == TYPE {
        call.output.string(object.class().name());
    } else if let Some(child) = call.model().child(&object, property) {
        call.output.string(&child.path());
    } else if object.extras().iter().any(|(name, _)| name == property) {
        let mut value = qomet::NativeOutput::default();
        object.write(property, &mut value)?;
        value.finish().write(call.output);
    } else {
        let problem = object.class().unknown_property(property);
        return Err(unknown(&object, problem).into());
    }
    Ok(Done::Now)
}

/// The object at a path. To QEMU's `qom-get` and `qom-set` a path that fits several objects fits none.
pub(super) fn the_object(model: &qomet::Model, path: &str) -> Result<ObjectRef, Refusal> {
    model
        .resolve(path)
        .map_err(|problem| Refusal::from(problem).with_class(qomet::ErrorClass::DeviceNotFound))
}

fn unknown(object: &ObjectRef, problem: ModelErrorKind) -> Diagnostic {
    Diagnostic::new(problem).with_object(object.name()).with_type(object.class().name())
}

/// The arguments of `qom-set`: the value is read by whoever knows its type.
fn setting<'t>(call: &Call<'t>) -> Result<(Get, Node<'t>, Option<u64>), Refusal> {
    const MEMBERS: [&str; 4] = ["path", "property", "value", IF_REVISION];
    let mut report = Diagnostics::new();
    let revision = call.arguments.and_then(|node| expected_revision(node, &mut report));
    let (mut path, mut property, mut value) = (None, None, None);
    for (key, node) in call.arguments.iter().flat_map(|node| node.members()) {
        let name = key.str().unwrap_or_default();
        let mut input = TapeInput::new(node, Leniency::Strict, &mut report);
        let before = input.diagnostics().len();
        match &*name {
            "path" => path = qomet::Input::string(&mut input).ok().map(|text| text.into_owned()),
            "property" => property = qomet::Input::string(&mut input).ok().map(|text| text.into_owned()),
            "value" => value = Some(node),
            IF_REVISION => {}
            _ => {
                let problem =
                    ModelErrorKind::UnknownMember { name: name.to_string(), members: MEMBERS.to_vec() };
                let _ = input.diagnostics().report(problem);
            }
        }
        for problem in input.diagnostics().since(before) {
            problem.about_mut().property.get_or_insert_with(|| (*name).into());
        }
    }
    let given = |name: &str| call.arguments.is_some_and(|node| node.get(name).is_some());
    for name in MEMBERS.into_iter().filter(|name| *name != IF_REVISION && !given(name)) {
        let _ = report.report(ModelErrorKind::MissingMember { name });
    }
    let problems = report.take();
    match (path, property, value) {
        (Some(path), Some(property), Some(value)) if problems.is_empty() => {
            Ok((Get { path, property }, value, revision))
        }
        _ => Err(problems.into()),
    }
}

/// A value that a property is set to.
#[derive(Clone, Copy)]
pub(super) enum Given<'t> {
    /// It stands in a message.
    Sent(Node<'t>),
    /// Somebody typed it: a line of one pair whose name is [`TYPED`], in the dialect `opts`.
    Typed(&'t str),
}

/// The name in the line of a value that somebody typed.
pub(super) const TYPED: &str = "value";

fn set(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let (Get { path, property }, value, revision) = setting(call)?;
    set_to(call, &path, &property, Given::Sent(value), revision)
}

/// Sets a property.
pub(super) fn set_to(
    call: &mut Call<'_>,
    path: &str,
    property: &str,
    value: Given<'_>,
    revision: Option<u64>,
) -> Result<Done, Refusal> {
    let model = call.model().clone();
    let object = the_object(&model, path)?;
    let declared = object.class().lookup(property).ok();
    let is_extra = declared.is_none() && object.extras().iter().any(|(name, _)| name == property);
    if declared.is_none() && !is_extra {
        let is_child = property != TYPE && model.child(&object, property).is_some();
        let problem = match property == TYPE || is_child {
            true => Diagnostic::new(ModelErrorKind::ReadOnly)
                .with_property(property)
                .with_type(object.class().name()),
            false => unknown(&object, object.class().unknown_property(property)),
        };
        return Err(problem.with_object(object.name()).into());
    }
    let is_live = declared.is_none_or(|(_, declared)| declared.mutability == qomet::Mutability::Live);
    if !object.takes_long() || !is_live {
        store(&model, &object, property, value, revision, &Progress::new())?;
        Nothing.write(call.output);
        return Ok(Done::Now);
    }
    // The message is gone by then.
    let (text, is_typed) = match value {
        Given::Sent(node) => (node.source_text().to_owned(), false),
        Given::Typed(line) => (line.to_owned(), true),
    };
    let (name, property) = (object.name().to_owned(), property.to_owned());
    Ok(call.job(Task::Change, "qom-set", &name, move |progress, output| {
        let mut report = Diagnostics::new();
        let tape;
        let value = if is_typed {
            Given::Typed(&text)
        } else {
            tape = Tape::of(&text, Syntax::QEMU, &mut report);
            Given::Sent(tape.root())
        };
        drop(report.take());
        store(&model, &object, &property, value, revision, progress)?;
        Nothing.write(output);
        Ok(())
    }))
}

fn store(
    model: &qomet::Model,
    object: &ObjectRef,
    property: &str,
    value: Given<'_>,
    revision: Option<u64>,
    progress: &Progress,
) -> Result<(), Refusal> {
    let mut report = Diagnostics::new();
    let tape;
    let (value, leniency) = match value {
        Given::Sent(node) => (node, Leniency::Strict),
        Given::Typed(line) => {
            tape = Tape::line(line, Dialect::Opts, &mut report).0;
            (tape.root().get(TYPED).unwrap_or_else(|| tape.root()), Leniency::Lenient)
        }
    };
    let mut input = TapeInput::new(value, leniency, &mut report);
    let stored = model.set_watched(object, property, &mut input, revision, progress)?;
    let mut problems = report.take();
    for problem in &mut problems {
        let about = problem.about_mut();
        about.object.get_or_insert_with(|| object.name().into());
        about.type_name.get_or_insert_with(|| object.class().name().into());
        about.property.get_or_insert_with(|| property.into());
    }
    stored.map_err(|_| problems.into())
}
