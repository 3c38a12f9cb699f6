//! `query-qmp-schema`: every command with the types of its arguments and result, in QAPI's introspection format.
//!
//! Derived from the table of commands and the registry, so that it is true to what is accepted. Rendered once, when
//! first asked for. Types have numbers for names, as QEMU's have: a client follows references and must not know names.

use indexmap::IndexMap;
use qomet::{Class, Output, ValueType};
use qomet_config::JsonOutput;

use crate::commands::{EVENTS, Get};
use crate::dispatch::{Dispatcher, Shape};
use crate::jobs::{JobStatusChange, STATUS_CHANGE};

/// Renders the schema of all commands, or of those that change nothing.
pub(crate) fn render(dispatcher: &Dispatcher, read_only: bool) -> String {
    let mut schema = Schema { out: JsonOutput::compact(), named: IndexMap::default(), next: 0 };
    schema.out.begin_list();
    for command in dispatcher.commands(read_only) {
        let arguments = schema.shape(command.arguments, dispatcher);
        let returns = schema.shape(command.returns, dispatcher);
        schema.entity(command.name, "command", |out| {
            text(out, "arg-type", &arguments);
            text(out, "ret-type", &returns);
            if command.oob {
                out.member("allow-oob");
                out.boolean(true);
            }
        });
    }
    for (name, data) in EVENTS {
        let data = schema.value_type(data);
        schema.entity(name, "event", |out| text(out, "arg-type", &data));
    }
    let status_change = schema.value_type(<JobStatusChange as qomet::Value>::TYPE);
    schema.entity(STATUS_CHANGE, "event", |out| text(out, "arg-type", &status_change));
    let shutdown = schema.shutdown();
    schema.entity("SHUTDOWN", "event", |out| text(out, "arg-type", &shutdown));
    schema.out.end_list();
    schema.out.finish()
}

struct Schema {
    out: JsonOutput,
    /// Entities that are there, by what they describe.
    named: IndexMap<String, String, foldhash::fast::RandomState>,
    next: usize,
}

/// A member of an object.
struct MemberInfo {
    name: &'static str,
    type_name: String,
    optional: bool,
}

fn text(out: &mut JsonOutput, name: &str, value: &str) {
    out.member(name);
    out.string(value);
}

fn write_members(out: &mut JsonOutput, members: &[MemberInfo]) {
    out.member("members");
    out.begin_list();
    for MemberInfo { name, type_name, optional } in members {
        out.begin_struct();
        text(out, "name", name);
        text(out, "type", type_name);
        if *optional {
            out.member("default");
            out.null();
        }
        out.end_struct();
    }
    out.end_list();
}

impl Schema {
    fn entity(&mut self, name: &str, kind: &str, rest: impl FnOnce(&mut JsonOutput)) {
        let out = &mut self.out;
        out.begin_struct();
        text(out, "name", name);
        text(out, "meta-type", kind);
        rest(out);
        out.end_struct();
    }

    /// The name of the entity `key`, and whether it must still be written.
    fn name(&mut self, key: String) -> (String, bool) {
        if let Some(name) = self.named.get(&key) {
            return (name.clone(), false);
        }
        let name = self.next.to_string();
        self.next += 1;
        self.named.insert(key, name.clone());
        (name, true)
    }

    fn shape(&mut self, shape: Shape, dispatcher: &Dispatcher) -> String {
        match shape {
            Shape::Of(value_type) => self.value_type(value_type),
            Shape::Any => self.builtin("any", "value"),
            Shape::Setting => {
                let value =
                    MemberInfo { name: "value", type_name: self.builtin("any", "value"), optional: false };
                let mut members = self.members_of(<Get as qomet::Value>::TYPE);
                members.push(value);
                members.push(self.if_revision());
                self.object("qom-set", &members, |_| {})
            }
            Shape::Objects => self.objects(dispatcher),
        }
    }

    fn builtin(&mut self, name: &'static str, json: &'static str) -> String {
        if !self.named.contains_key(name) {
            self.named.insert(name.to_owned(), name.to_owned());
            self.entity(name, "builtin", |out| text(out, "json-type", json));
        }
        name.to_owned()
    }

    fn object(&mut self, key: &str, members: &[MemberInfo], rest: impl FnOnce(&mut JsonOutput)) -> String {
        let (name, fresh) = self.name(format!("object {key}"));
        if fresh {
            self.entity(&name, "object", |out| {
                write_members(out, members);
                rest(out);
            });
        }
        name
    }

    fn enumeration(&mut self, key: &str, names: &[&str]) -> String {
        let (name, fresh) = self.name(format!("enum {key}"));
        if fresh {
            self.entity(&name, "enum", |out| {
                out.member("members");
                out.begin_list();
                for value in names {
                    out.begin_struct();
                    text(out, "name", value);
                    out.end_struct();
                }
                out.end_list();
                out.member("values");
                out.begin_list();
                names.iter().for_each(|value| out.string(value));
                out.end_list();
            });
        }
        name
    }

    fn members_of(&mut self, value_type: &ValueType) -> Vec<MemberInfo> {
        let ValueType::Struct(kind) = value_type else { return Vec::new() };
        let member = |member: &qomet::Member| MemberInfo {
            name: member.name,
            type_name: self.value_type(member.value_type),
            optional: !member.required,
        };
        kind.members.iter().map(member).collect()
    }

    fn value_type(&mut self, value_type: &ValueType) -> String {
        match value_type {
            ValueType::Bool => self.builtin("bool", "boolean"),
            ValueType::Int { .. } | ValueType::Size => self.builtin("int", "int"),
            ValueType::Number => self.builtin("number", "number"),
            ValueType::String | ValueType::Path | ValueType::Link { .. } | ValueType::Id { .. } => {
                self.builtin("str", "string")
            }
            ValueType::Optional(inner) => self.value_type(inner),
            ValueType::Enum(kind) => self.enumeration(kind.name, kind.names),
            ValueType::Struct(kind) => {
                let members = self.members_of(value_type);
                self.object(kind.name, &members, |_| {})
            }
            ValueType::List(element) => {
                // An array is named after its element, as in QAPI.
                let element = self.value_type(element);
                let name = format!("[{element}]");
                if self.named.insert(name.clone(), name.clone()).is_none() {
                    self.entity(&name, "array", |out| text(out, "element-type", &element));
                }
                name
            }
            ValueType::Alternate([]) => self.builtin("any", "value"),
            ValueType::Alternate(branches) => {
                let types: Vec<String> = branches.iter().map(|one| self.value_type(one.value_type)).collect();
                let (name, fresh) = self.name(format!("alternate {types:?}"));
                if fresh {
                    self.entity(&name, "alternate", |out| {
                        out.member("members");
                        out.begin_list();
                        for one in &types {
                            out.begin_struct();
                            text(out, "type", one);
                            out.end_struct();
                        }
                        out.end_list();
                    });
                }
                name
            }
        }
    }

    fn if_revision(&mut self) -> MemberInfo {
        MemberInfo { name: "x-if-revision", type_name: self.builtin("int", "int"), optional: true }
    }

    /// The union that `object-add` takes: a branch for every type a user may create.
    fn objects(&mut self, dispatcher: &Dispatcher) -> String {
        let registry = dispatcher.model.registry().clone();
        let classes: Vec<&Class> =
            registry.classes().map(|class| &**class).filter(|class| class.is_user_creatable()).collect();
        let names: Vec<&str> = classes.iter().map(|class| class.name()).collect();
        let branches: Vec<(&str, String)> =
            classes.iter().map(|class| (class.name(), self.branch(class))).collect();
        let members = [
            MemberInfo {
                name: "qom-type",
                type_name: self.enumeration("ObjectType", &names),
                optional: false,
            },
            MemberInfo { name: "id", type_name: self.builtin("str", "string"), optional: false },
            self.if_revision(),
        ];
        self.object("object-add", &members, |out| {
            text(out, "tag", "qom-type");
            out.member("variants");
            out.begin_list();
            for (case, type_name) in &branches {
                out.begin_struct();
                text(out, "case", case);
                text(out, "type", type_name);
                out.end_struct();
            }
            out.end_list();
        })
    }

    fn branch(&mut self, class: &Class) -> String {
        let settable = class.properties().iter().filter(|property| property.is_settable());
        let members: Vec<MemberInfo> = settable
            .map(|property| MemberInfo {
                name: property.name,
                type_name: self.value_type(property.value_type),
                optional: !property.is_required(),
            })
            .collect();
        self.object(&format!("type {}", class.name()), &members, |_| {})
    }

    fn shutdown(&mut self) -> String {
        let members = [
            MemberInfo { name: "guest", type_name: self.builtin("bool", "boolean"), optional: false },
            MemberInfo {
                name: "reason",
                type_name: self.enumeration("ShutdownCause", &["host-qmp-quit", "host-signal"]),
                optional: false,
            },
        ];
        self.object("SHUTDOWN", &members, |_| {})
    }
}
