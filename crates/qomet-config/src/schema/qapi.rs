//! The types in the language of QAPI, QEMU's own schemas.
//!
//! For whoever generates code from QEMU's schemas: the same tools read these, and what they make of `ObjectOptions` is what
//! `object-add` takes here. Types and members have QEMU's names where QEMU has them; descriptions, defaults, units and when a
//! property can be set, for which the language has no words, stand in the comments that its documentation is made of.
//!
//! Why not the form that `query-qmp-schema` gives: it has neither descriptions nor names of types, tells integers of
//! all widths apart from nothing, and every server answers it anyway.

use std::fmt::Write as _;

use qomet::{Class, EnumType, Mutability, Property, StructType, TypeRegistry, ValueType};

use super::example::default_value;

/// Columns of a comment.
const WIDTH: usize = 70;

/// The schema of every object that a user may create, as the source text of a QAPI schema.
#[must_use]
pub fn qapi_schema(registry: &TypeRegistry) -> String {
    let mut schema = Schema { out: String::new(), told: Vec::new() };
    let classes: Vec<&Class> =
        registry.classes().map(|class| &**class).filter(|class| class.is_user_creatable()).collect();
    let odd = classes.iter().any(|class| class.name().contains('_'));
    if odd {
        // Names with underscores are older than the rule against them. Some readers want both exceptions.
        schema.out.push_str(
            "{ 'pragma': { 'command-returns-exceptions': [],\n              'member-name-exceptions': [ 'ObjectType' ] } }\n\n",
        );
    }
    for class in &classes {
        schema.class(class);
    }
    schema.objects(&classes);
    schema.out
}

/// A member with what is said of it.
struct Field {
    name: &'static str,
    kind: String,
    is_optional: bool,
    features: Vec<(&'static str, &'static str)>,
    description: String,
}

struct Schema {
    out: String,
    /// The names of the types that stand there.
    told: Vec<String>,
}

impl Schema {
    /// Whether a type is still to be told.
    fn is_new(&mut self, name: &str) -> bool {
        let is_new = !self.told.iter().any(|told| told == name);
        if is_new {
            self.told.push(name.to_owned());
        }
        is_new
    }

    /// The types of which a bag of the class is made: those of its parents, of its values, and its own. Returns its name.
    fn class(&mut self, class: &Class) -> String {
        let name = format!("{}Properties", camel(class.name()));
        if !self.is_new(&name) {
            return name;
        }
        let base = class.parent().filter(|parent| parent.properties().iter().any(|one| one.is_settable()));
        let base = base.map(|parent| self.class(parent));
        let own = class.own_properties().iter().filter(|one| one.is_settable());
        let fields: Vec<Field> = own
            .map(|property| Field {
                name: property.name,
                kind: self
                    .kind(property.value_type, &format!("{}{}", camel(class.name()), camel(property.name))),
                is_optional: !property.is_required(),
                features: features(property),
                description: description(property),
            })
            .collect();
        self.structure(&name, class.description(), base.as_deref(), &fields);
        name
    }

    /// The name of a type, which is told if it is new. `context` names an alternate, which has no name of its own.
    fn kind(&mut self, kind: &ValueType, context: &str) -> String {
        match kind {
            ValueType::Optional(inner) => self.kind(inner, context),
            ValueType::Bool => "'bool'".to_owned(),
            ValueType::Int { bits, signed } => format!("'{}int{bits}'", if *signed { "" } else { "u" }),
            ValueType::Size => "'size'".to_owned(),
            ValueType::Number => "'number'".to_owned(),
            ValueType::String | ValueType::Path | ValueType::Link { .. } | ValueType::Id { .. } => {
                "'str'".to_owned()
            }
            ValueType::List(element) => format!("[ {} ]", self.kind(element, context)),
            ValueType::Enum(kind) => {
                self.enumeration(kind);
                format!("'{}'", kind.name)
            }
            ValueType::Struct(kind) => {
                self.members(kind);
                format!("'{}'", kind.name)
            }
            ValueType::Alternate([]) => "'any'".to_owned(),
            ValueType::Alternate(branches) => {
                if self.is_new(context) {
                    let kinds = branches.iter().map(|one| (one.name, self.kind(one.value_type, context)));
                    let kinds: Vec<String> = kinds.map(|(name, kind)| format!("'{name}': {kind}")).collect();
                    let _ = write!(
                        self.out,
                        "##\n# @{context}:\n##\n{{ 'alternate': '{context}',\n  'data': {{ {} }} }}\n\n",
                        kinds.join(",\n            ")
                    );
                }
                format!("'{context}'")
            }
        }
    }

    fn enumeration(&mut self, kind: &EnumType) {
        if !self.is_new(kind.name) {
            return;
        }
        self.open(kind.name, "");
        for (index, name) in kind.names.iter().enumerate() {
            if let Some(text) = kind.descriptions.get(index).filter(|text| !text.is_empty()) {
                self.comment(name, text);
            }
        }
        let names: Vec<String> = kind.names.iter().map(|name| format!("'{name}'")).collect();
        self.close(&format!(
            "{{ 'enum': '{}',\n  'data': [ {} ] }}",
            kind.name,
            names.join(",\n            ")
        ));
    }

    fn members(&mut self, kind: &StructType) {
        if !self.is_new(kind.name) {
            return;
        }
        let field = |schema: &mut Self, member: &qomet::Member| Field {
            name: member.name,
            kind: schema.kind(member.value_type, &format!("{}{}", kind.name, camel(member.name))),
            is_optional: !member.required,
            features: Vec::new(),
            description: member.description.to_owned(),
        };
        let fields: Vec<Field> = kind.members.iter().map(|member| field(self, member)).collect();
        self.structure(kind.name, "", None, &fields);
    }

    fn structure(&mut self, name: &str, description: &str, base: Option<&str>, fields: &[Field]) {
        self.open(name, description);
        for field in fields {
            self.comment(field.name, &field.description);
        }
        let mut seen: Vec<&str> = Vec::new();
        for (feature, text) in fields.iter().flat_map(|field| &field.features) {
            if seen.is_empty() {
                self.out.push_str("#\n# Features:\n");
            }
            if !seen.contains(feature) {
                seen.push(feature);
                self.comment(feature, text);
            }
        }
        let base = base.map_or(String::new(), |base| format!("  'base': '{base}',\n"));
        let fields: Vec<String> = fields.iter().map(member).collect();
        let fields = match &*fields {
            [] => "{}".to_owned(),
            fields => format!("{{ {} }}", fields.join(",\n            ")),
        };
        self.close(&format!("{{ 'struct': '{name}',\n{base}  'data': {fields} }}"));
    }

    /// The union that `object-add` takes.
    fn objects(&mut self, classes: &[&Class]) {
        self.open("ObjectType", "The types that objects can be created of.");
        for class in classes {
            self.comment(class.name(), class.description());
        }
        let names: Vec<String> = classes.iter().map(|class| format!("'{}'", class.name())).collect();
        self.close(&format!("{{ 'enum': 'ObjectType',\n  'data': [ {} ] }}", names.join(",\n            ")));
        self.open("ObjectOptions", "What describes an object to be created.");
        self.comment("qom-type", "The type of the object");
        self.comment("id", "The name of the object below /objects");
        let settable = |class: &&&Class| class.properties().iter().any(|one| one.is_settable());
        let branch = |class: &&Class| format!("'{}': '{}Properties'", class.name(), camel(class.name()));
        let branches: Vec<String> = classes.iter().filter(settable).map(branch).collect();
        self.close(&format!(
            "{{ 'union': 'ObjectOptions',\n  'base': {{ 'id': 'str',\n            'qom-type': 'ObjectType' }},\n  'discriminator': 'qom-type',\n  'data': {{ {} }} }}",
            branches.join(",\n            ")
        ));
    }

    /// The beginning of the comment of a type.
    fn open(&mut self, name: &str, description: &str) {
        let _ = writeln!(self.out, "##\n# @{name}:");
        if !description.is_empty() {
            self.out.push_str("#\n");
            self.wrapped("# ", "# ", description);
        }
    }

    /// What is said of a member.
    fn comment(&mut self, name: &str, text: &str) {
        self.out.push_str("#\n");
        self.wrapped(&format!("# @{name}: "), "#     ", text);
    }

    /// The end of the comment, and the type.
    fn close(&mut self, expression: &str) {
        let _ = write!(self.out, "##\n{expression}\n\n");
    }

    fn wrapped(&mut self, first: &str, others: &str, text: &str) {
        let mut line = first.to_owned();
        let mut is_empty = true;
        for word in text.split_whitespace() {
            if !is_empty && line.chars().count() + word.chars().count() >= WIDTH {
                let _ = writeln!(self.out, "{}", line.trim_end());
                line = others.to_owned();
                is_empty = true;
            }
            if !is_empty {
                line.push(' ');
            }
            line.push_str(word);
            is_empty = false;
        }
        let _ = writeln!(self.out, "{}", line.trim_end());
    }
}

/// `'*name': 'type'`, or with features `'*name': { 'type': …, 'features': […] }`.
fn member(field: &Field) -> String {
    let star = if field.is_optional { "*" } else { "" };
    let Field { name, kind, features, .. } = field;
    if features.is_empty() {
        return format!("'{star}{name}': {kind}");
    }
    let features: Vec<String> = features.iter().map(|(name, _)| format!("'{name}'")).collect();
    format!("'{star}{name}': {{ 'type': {kind},\n                'features': [ {} ] }}", features.join(", "))
}

/// The features that QAPI knows of a member, with what they mean.
fn features(property: &Property) -> Vec<(&'static str, &'static str)> {
    let deprecated = property.deprecated.is_some().then_some(("deprecated", "The member may go."));
    let unstable = property.unstable.then_some(("unstable", "The member may change or go without notice."));
    deprecated.into_iter().chain(unstable).collect()
}

/// The description with what the language has no words for.
fn description(property: &Property) -> String {
    let mut facts = Vec::new();
    facts.extend(super::property::unit_of(property).map(|unit| format!("in {unit}")));
    match default_value(property) {
        Some(default) => facts.push(format!("default: {default}")),
        None if property.is_required() || property.sensitive => {}
        None => facts.push("no default".to_owned()),
    }
    if property.mutability == Mutability::UntilRealized {
        facts.push("fixed once realized".to_owned());
    }
    facts.extend(property.needs.iter().map(|need| format!("needs {need}")));
    facts.extend(property.since.map(|version| format!("since {version}")));
    match facts.is_empty() {
        true => property.description.to_owned(),
        false => format!("{} ({})", property.description, facts.join("; ")),
    }
}

/// `memory-backend-file` as `MemoryBackendFile`.
fn camel(name: &str) -> String {
    name.split(['-', '_'])
        .flat_map(|word| {
            let mut letters = word.chars();
            letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters)
        })
        .collect()
}
