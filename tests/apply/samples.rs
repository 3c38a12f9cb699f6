//! Values for every property of every type, from what the registry declares of it.
//!
//! A new type needs nothing here unless it cannot be made of any value that its declaration allows: then a line in one of
//! the two tables says what it takes, and a test sees to it that no line outlives its need.

use std::path::Path;

use qomet::{Class, Property, Relation, TypeRegistry, ValueType};
use qomet_config::{Documents, JsonOutput};
use serde_json::{Map, Value, json};

use crate::folder::Folder;

pub(super) type Bag = Map<String, Value>;

/// What a bag of a type has beside what is required: type, property, value. `DIR` is the folder of the test.
pub(super) const BASES: &[(&str, &str, &str)] = &[
    ("memory-backend-file", "mem-path", r#""DIR/zeros""#),
    ("authz-list-file", "filename", r#""DIR/list-a.json""#),
    ("secret", "data", r#""key0key0key0key0key0key0key0key0""#),
    ("thread-context", "cpu-affinity", "[0]"),
];

/// What else changes with a property, because no value of it goes with the rest of the bag: types that are one,
/// property, the whole change.
pub(super) const TOGETHER: &[(&str, &str, &str)] = &[
    ("memory-backend", "host-nodes", r#"{"host-nodes": [0], "policy": "bind"}"#),
    ("memory-backend", "policy", r#"{"host-nodes": [0], "policy": "interleave"}"#),
    (
        "secret",
        "keyid",
        r#"{"keyid": "helper-0-secret-common", "iv": "AAECAwQFBgcICQoLDA0ODw==", "format": "base64", "data": "6865UxQ3xP776Iig0WdonA=="}"#,
    ),
    ("secret", "file", r#"{"data": null, "file": "DIR/list-a.json"}"#),
    ("thread-context", "node-affinity", r#"{"cpu-affinity": null, "node-affinity": [0]}"#),
];

/// The files that values may name.
pub(super) fn furnish(folder: &Folder) {
    folder.text("list-a.json", r#"{"policy": "deny", "rules": []}"#);
    folder.text("list-b.json", r#"{"policy": "allow", "rules": []}"#);
    folder.file("zeros", 2 << 20);
}

fn json_of(text: &str, folder: &Path) -> Value {
    serde_json::from_str(&text.replace("DIR", folder.to_str().unwrap())).unwrap()
}

/// Sets what a change says; null takes away.
pub(super) fn change(bag: &Bag, change: &Bag) -> Bag {
    let mut bag = bag.clone();
    for (name, value) in change {
        match value {
            Value::Null => drop(bag.shift_remove(name)),
            value => drop(bag.insert(name.clone(), value.clone())),
        }
    }
    bag
}

/// A type, and objects that its links may name.
pub(super) struct Sampler<'r> {
    pub(super) registry: &'r TypeRegistry,
    pub(super) folder: &'r Folder,
}

impl Sampler<'_> {
    /// A bag that should do: what is required, and what `BASES` adds.
    pub(super) fn base(&self, class: &Class, id: &str) -> Bag {
        let mut bag = Bag::new();
        bag.insert("qom-type".to_owned(), json!(class.name()));
        bag.insert("id".to_owned(), json!(id));
        for property in class.properties().iter().filter(|property| property.is_required()) {
            if let Some(value) = self.values(property).into_iter().next() {
                bag.insert(property.name.to_owned(), value);
            }
        }
        for (_, name, value) in BASES.iter().filter(|(type_name, ..)| class.is_a(type_name)) {
            bag.insert((*name).to_owned(), json_of(value, self.folder.path()));
        }
        bag
    }

    /// What may be changed for `property` to have another value than in `bag`, the likely first.
    pub(super) fn changes(&self, class: &Class, property: &Property) -> Vec<Bag> {
        let together =
            TOGETHER.iter().filter(|(type_name, name, _)| class.is_a(type_name) && *name == property.name);
        let together = together.map(|(_, _, all)| match json_of(all, self.folder.path()) {
            Value::Object(all) => all,
            other => panic!("{other} is no change"),
        });
        let alone = self.values(property).into_iter();
        alone.map(|value| Bag::from_iter([(property.name.to_owned(), value)])).chain(together).collect()
    }

    /// The objects that links from a bag may name, with what they need.
    pub(super) fn helpers(&self) -> Vec<Bag> {
        let mut helpers = Vec::new();
        let mut targets: Vec<&str> = Vec::new();
        for class in self.registry.classes().filter(|class| class.is_user_creatable()) {
            for property in class.properties() {
                targets.extend(target(property.value_type));
            }
        }
        targets.sort_unstable();
        targets.dedup();
        for name in targets {
            for number in 0..2 {
                let class = self.one_that_is(name);
                helpers.extend(class.map(|class| self.helper(class, name, number)));
            }
        }
        helpers
    }

    /// An object for links to a `name`, which is what they need of it.
    fn helper(&self, class: &Class, name: &str, number: u8) -> Bag {
        let mut bag = self.base(class, &helper(name, number));
        let users = self.registry.classes().flat_map(|class| class.properties());
        let needs = users.filter(|user| target(user.value_type) == Some(name)).flat_map(|user| user.needs);
        for need in needs.filter(|need| need.relation == Relation::Is && class.find(need.property).is_some())
        {
            let mut written = JsonOutput::compact();
            (need.value)(&mut written);
            bag.insert(need.property.to_owned(), serde_json::from_str(written.as_str()).unwrap());
        }
        bag
    }

    /// A type of which an object is a `name`.
    fn one_that_is(&self, name: &str) -> Option<&Class> {
        let mut classes = self.registry.classes().filter(|class| class.is_user_creatable());
        classes.find(|class| class.is_a(name)).map(|class| &**class)
    }

    /// Values that the declaration of a property allows.
    pub(super) fn values(&self, property: &Property) -> Vec<Value> {
        let mut values = self.of_type(property.value_type);
        let bounds = property.bounds;
        let multiple = bounds.multiple_of.unwrap_or(1);
        values.retain(|value| match value.as_i64() {
            None => true,
            Some(number) => {
                let number = i128::from(number);
                bounds.minimum.is_none_or(|least| number >= least)
                    && bounds.maximum.is_none_or(|most| number <= most)
                    && number % i128::from(multiple) == 0
            }
        });
        values
    }

    fn of_type(&self, kind: &ValueType) -> Vec<Value> {
        match kind {
            ValueType::Bool => vec![json!(true), json!(false)],
            ValueType::Int { .. } => {
                let (least, most) = kind.range();
                let fits = |number: &i64| i128::from(*number) >= least && i128::from(*number) <= most;
                [1, 2, 3, 8, 100, 0, 4096].into_iter().filter(fits).map(Value::from).collect()
            }
            ValueType::Size => vec![json!(1 << 20), json!(2 << 20), json!(4096), json!(0)],
            ValueType::Number => vec![json!(0.5), json!(2.0)],
            ValueType::String => vec![json!("a"), json!("b"), json!("on")],
            ValueType::Path => {
                let own = ["other-ram", "list-a.json", "list-b.json", "zeros"];
                let own = own.map(|name| Value::from(self.folder.join(name).to_str().unwrap()));
                own.into_iter().chain([json!("/dev/random"), json!("/tmp")]).collect()
            }
            ValueType::Enum(kind) => kind.names.iter().copied().map(Value::from).collect(),
            ValueType::List(inner) => {
                let elements = self.of_type(inner);
                let mut lists: Vec<Value> = vec![json!([])];
                lists.extend(elements.iter().map(|one| json!([one])));
                lists.push(elements.into_iter().take(2).collect());
                lists.push(json!([0]));
                lists
            }
            ValueType::Struct(kind) => {
                let all = |index: usize, which: &dyn Fn(bool) -> bool| {
                    let members = kind.members.iter().filter(|member| which(member.required));
                    let value = |kind: &ValueType| {
                        let values = self.of_type(kind);
                        values.get(index).or(values.first()).cloned()
                    };
                    members
                        .filter_map(|one| Some((one.name.to_owned(), value(one.value_type)?)))
                        .collect::<Bag>()
                };
                let required = |required| required;
                let first = |optional: &str| {
                    let mut bag = all(0, &required);
                    let member = kind.members.iter().find(|member| member.name == optional);
                    let value = member.and_then(|member| self.of_type(member.value_type).pop());
                    bag.extend(value.map(|value| (optional.to_owned(), value)));
                    bag
                };
                let optional =
                    kind.members.iter().filter(|member| !member.required).map(|member| member.name);
                let singly = optional.map(first);
                let whole = [all(0, &required), all(1, &required), all(0, &|_| true)];
                singly.chain(whole).map(Value::Object).collect()
            }
            ValueType::Alternate(all) => all.iter().flat_map(|one| self.of_type(one.value_type)).collect(),
            ValueType::Link { target, .. } | ValueType::Id { target } => {
                vec![json!(helper(target, 0)), json!(helper(target, 1))]
            }
            ValueType::Optional(inner) => self.of_type(inner),
        }
    }
}

/// What a link leads to.
fn target(kind: &ValueType) -> Option<&'static str> {
    match kind {
        ValueType::Link { target, .. } | ValueType::Id { target } => Some(target),
        ValueType::List(inner) | ValueType::Optional(inner) => target(inner),
        _ => None,
    }
}

fn helper(target: &str, number: u8) -> String {
    format!("helper-{number}-{}", target.replace(|letter: char| !letter.is_ascii_alphanumeric(), "-"))
}

/// The bags as a document.
pub(super) fn document(bags: &[Bag]) -> Documents {
    let mut documents = Documents::new();
    documents.add("d.json", serde_json::to_string(bags).unwrap());
    documents
}
