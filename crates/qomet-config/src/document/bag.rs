//! From a bag to a draft.
//!
//! Who writes a bag by hand makes a few mistakes; a bag of thousands comes from a program or from somebody who means
//! ill. So after [`MISTAKES_LIMIT`] of them the rest of a bag is not read, and after as many different wrong names in
//! all nobody looks any more what may have been meant.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use qomet::CompactString;
use qomet::{
    About, AnyDraft, Class, Diagnostic, Failed, Input, InputKind, ModelErrorKind, Related, TypeRegistry,
    is_nearest_alone, nearest,
};

use crate::syntax_error::{MISTAKES_LIMIT, SyntaxErrorKind};
use crate::tape::{Count, Names, Node, TapeInput};

/// Reads bags, one after the other.
pub(super) struct Reader<'r> {
    registry: &'r TypeRegistry,
    /// What could be read.
    pub(super) drafts: Vec<Box<dyn AnyDraft>>,
    /// Objects of which not even the type is known.
    pub(super) lost: Vec<About>,
    /// The proof that something was reported of one of the drafts.
    pub(super) failed: Option<Failed>,
    bags: usize,
    /// The class of the bag before: that of this one is mostly the same.
    last: Option<&'r Arc<Class>>,
    suggestions: Suggestions,
    /// Members that are not the objects' and are read by others.
    pub(super) beside: &'r [&'static str],
}

/// What was probably meant by the first [`MISTAKES_LIMIT`] wrong names; the same one is often wrong in many bags.
#[derive(Default)]
struct Suggestions {
    properties: HashMap<(CompactString, CompactString), Known>,
    types: HashMap<CompactString, Option<String>>,
    /// The names of types for which nothing else can have been meant.
    sure: HashMap<CompactString, bool>,
}

/// The nearest of the names that a type has, or all of them.
type Known = (Option<&'static str>, Arc<[&'static str]>);

impl Suggestions {
    fn unknown_property(&mut self, class: &Class, name: &str) -> ModelErrorKind {
        let left = self.properties.len() < MISTAKES_LIMIT;
        let (nearest, has) = match self.properties.entry((class.name().into(), name.into())) {
            Entry::Occupied(known) => known.get().clone(),
            Entry::Vacant(new) if left => {
                let known = match class.unknown_property(name) {
                    ModelErrorKind::UnknownProperty { nearest, has, .. } => (nearest, has),
                    _ => Known::default(),
                };
                new.insert(known).clone()
            }
            Entry::Vacant(_) => Known::default(),
        };
        ModelErrorKind::UnknownProperty { name: name.to_owned(), nearest, has }
    }

    fn unknown_type(&mut self, registry: &TypeRegistry, name: &str) -> ModelErrorKind {
        let left = self.types.len() < MISTAKES_LIMIT;
        let nearest = match self.types.entry(name.into()) {
            Entry::Occupied(known) => known.get().clone(),
            Entry::Vacant(new) if left => {
                let problem = registry.lookup(name).err();
                new.insert(problem.and_then(|problem| problem.problem().suggestion())).clone()
            }
            Entry::Vacant(_) => None,
        };
        ModelErrorKind::UnknownType { name: name.to_owned(), nearest }
    }
}

impl Suggestions {
    /// The type that a wrong name surely means: the only one that is as near.
    fn surely_meant<'r>(&mut self, registry: &'r TypeRegistry, name: &str) -> Option<&'r Arc<Class>> {
        let meant = self.types.get(name)?.as_deref()?;
        let sure = self.sure.entry(name.into()).or_insert_with(|| {
            let creatable = registry.classes().filter(|class| class.is_user_creatable());
            is_nearest_alone(name, creatable.map(|class| class.name()))
        });
        registry.get(meant).filter(|_| *sure)
    }
}

impl<'r> Reader<'r> {
    pub(super) fn new(registry: &'r TypeRegistry) -> Self {
        Reader {
            registry,
            drafts: Vec::new(),
            lost: Vec::new(),
            failed: None,
            bags: 0,
            last: None,
            suggestions: Suggestions::default(),
            beside: &[],
        }
    }

    /// Reads one bag. Reports all that is wrong with it by itself.
    pub(super) fn read<'t>(&mut self, bag: Node<'t>, input: &mut TapeInput<'t, '_>) {
        let number = self.bags;
        self.bags += 1;
        let before = input.diagnostics().len();
        let mut whom = Whom { number, id: None, type_name: None, guessed: None };
        match bag.kind() {
            InputKind::Struct => {
                let outer = input.count(Count::default());
                self.read_struct(bag, &mut whom, input);
                input.count(outer);
            }
            InputKind::Damaged => {}
            found => {
                input.move_to(bag);
                let expected = "an object with \"qom-type\" and \"id\"";
                let _ = input.report(Box::new(SyntaxErrorKind::NotADocument { expected, found }));
            }
        }
        let found = input.diagnostics().since(before);
        if found.is_empty() {
            return;
        }
        let about = whom.about();
        for (index, diagnostic) in found.iter_mut().enumerate() {
            for related in diagnostic.related_mut() {
                if related.about.bag.is_none() && related.place.is_none() {
                    related.about.bag = Some(number);
                }
            }
            let own = diagnostic.about_mut();
            own.object = own.object.take().or_else(|| about.object.clone());
            if whom.guessed.is_none_or(|known| before + index >= known) {
                own.type_name = own.type_name.take().or_else(|| about.type_name.clone());
            }
            own.bag = own.bag.or(about.bag);
        }
    }

    /// Gives up a bag of which the type is not known. A name that stands twice is wrong whatever the type.
    fn lose<'t>(&mut self, bag: Node<'t>, whom: &Whom<'t, 'r>, input: &mut TapeInput<'t, '_>) {
        self.lost.push(whom.about());
        let mut names = HashMap::new();
        for (key, _) in bag.members() {
            if input.exhausted().is_some() {
                break;
            }
            let Some(name) = key.str() else { continue };
            match names.entry(name) {
                Entry::Vacant(new) => drop(new.insert(key)),
                Entry::Occupied(first) => {
                    let _ = duplicate(key, *first.get(), first.key(), input);
                }
            }
        }
    }

    /// The class that a bag names.
    fn lookup(&mut self, name: &str) -> qomet::Result<&'r Arc<Class>> {
        if let Some(last) = self.last.filter(|last| last.name() == name) {
            return Ok(last);
        }
        self.last = self.registry.get(name);
        self.last.ok_or_else(|| {
            Diagnostic::new(match self.registry.missing(name) {
                Some(missing) => ModelErrorKind::UnavailableType { name: name.to_owned(), missing },
                None => self.suggestions.unknown_type(self.registry, name),
            })
        })
    }

    /// Names the types that can be used in place of an abstract one.
    fn with_those_below(&self, problem: Diagnostic, type_name: Option<Node<'_>>) -> Diagnostic {
        let name = type_name.filter(|_| problem.code() == "abstract-type").and_then(Node::str);
        let Some(name) = name else { return problem };
        let classes = self.registry.classes().filter(|class| class.is_user_creatable() && class.is_a(&name));
        let below = classes.map(|class| class.name()).collect();
        Diagnostic::new(ModelErrorKind::AbstractType { name: name.into_owned(), below })
            .with_about(problem.about().clone())
    }

    fn read_struct<'t>(&mut self, bag: Node<'t>, whom: &mut Whom<'t, 'r>, input: &mut TapeInput<'t, '_>) {
        let mut head = Head::read(bag, input);
        whom.id = head.id.take();
        // What was surely meant to be the type is taken for it, so that the rest can be read.
        let type_key = match head.type_name {
            None if bag.damaged_name().is_none() => misspelt(bag, "qom-type", None),
            _ => None,
        };
        let mut type_failed = type_key.map(|key| report_misspelt(key, "qom-type", None, input));
        if let Some(key) = type_key {
            whom.guessed = Some(input.diagnostics().len());
            head.type_name =
                bag.members().find(|(name, _)| name.start() == key.start()).map(|(_, value)| value);
        }
        let id_failed = match (&whom.id, head.id_failed.or_else(|| bag.damaged_name())) {
            (Some(_), _) => None,
            (None, Some(failed)) => Some(failed),
            (None, None) => {
                let class = head.type_name.and_then(|node| self.registry.get(&node.str()?));
                Some(match misspelt(bag, "id", class.map(|class| &**class)) {
                    Some(key) => {
                        head.id_key = Some(key.start());
                        report_misspelt(key, "id", class.map(|class| class.name()), input)
                    }
                    None => {
                        input.move_to(bag);
                        input.report(Box::new(ModelErrorKind::MissingId))
                    }
                })
            }
        };
        let class = match head.type_name {
            Some(node) => {
                input.move_to(node);
                let known = match node.str() {
                    Some(name) if node.kind() == InputKind::String => self.lookup(&name),
                    _ => {
                        // Says that it is no string, unless that was said.
                        let before = input.diagnostics().len();
                        let _ = input.string();
                        name_property(input, before, "qom-type");
                        return self.lose(bag, whom, input);
                    }
                };
                known.and_then(|class| {
                    whom.type_name = Some(class.name());
                    class.user_draft()
                })
            }
            None => {
                if bag.damaged_name().is_none() {
                    input.move_to(bag);
                    let _ = input.report(Box::new(ModelErrorKind::MissingType));
                }
                return self.lose(bag, whom, input);
            }
        };
        let mut draft = match class {
            Ok(draft) => draft,
            Err(problem) => {
                let place = head.type_name.map_or(bag.place(), Node::place);
                let problem = self.with_those_below(problem, head.type_name);
                let failed = input.report_mistake(problem.with_property("qom-type").at(place));
                // Its other mistakes show, as if the name were right.
                let name = head.type_name.and_then(Node::str);
                let meant = name.and_then(|name| self.suggestions.surely_meant(self.registry, &name));
                let Some(draft) = meant.and_then(|class| class.user_draft().ok()) else {
                    return self.lose(bag, whom, input);
                };
                whom.type_name = meant.map(|class| class.name());
                whom.guessed = Some(input.diagnostics().len());
                type_failed = Some(failed);
                draft
            }
        };
        draft.set_bag(whom.number);
        match (&whom.id, id_failed) {
            (Some(id), _) => draft.set_id(id),
            (None, Some(failed)) => draft.damage(None, failed),
            (None, None) => {}
        }
        let reported = [head.id_key, type_key.map(Node::start)];
        let not_ours = NotOurs { head: head.keys, reported, beside: self.beside };
        read_properties(bag, &not_ours, &mut *draft, &mut self.suggestions, input);
        if let Some(failed) = type_failed {
            draft.damage(None, failed);
        }
        self.failed = self.failed.or(draft.damaged());
        self.drafts.push(draft);
    }
}

/// Whom a bag is about, as far as is known.
struct Whom<'t, 'r> {
    number: usize,
    id: Option<Cow<'t, str>>,
    type_name: Option<&'r str>,
    /// How many diagnostics there were when the type was guessed: they do not know it.
    guessed: Option<usize>,
}

impl Whom<'_, '_> {
    fn about(&self) -> About {
        About {
            object: self.id.as_deref().map(CompactString::from),
            type_name: self.type_name.map(CompactString::from),
            bag: Some(self.number),
            ..About::default()
        }
    }
}

/// `qom-type` and `id`, wherever they stand.
struct Head<'t> {
    /// Their names, as far as they are there.
    keys: [Option<Node<'t>>; 2],
    type_name: Option<Node<'t>>,
    id: Option<Cow<'t, str>>,
    id_failed: Option<Failed>,
    /// Where the name starts that was probably meant to be `id`, and is reported.
    id_key: Option<usize>,
}

impl<'t> Head<'t> {
    fn read(bag: Node<'t>, input: &mut TapeInput<'t, '_>) -> Self {
        let (mut type_name, mut id) = (None, None);
        for (key, value) in bag.members() {
            if type_name.is_none() && key.is_named("qom-type") {
                type_name = Some((key, value));
            } else if id.is_none() && key.is_named("id") {
                id = Some((key, value));
            } else {
                continue;
            }
            // They mostly stand first.
            if type_name.is_some() && id.is_some() {
                break;
            }
        }
        let keys = [type_name.map(|(key, _)| key), id.map(|(key, _)| key)];
        let type_name = type_name.map(|(_, value)| value);
        let mut head = Head { keys, type_name, id: None, id_failed: None, id_key: None };
        if let Some((_, value)) = id {
            head.id = value.str();
            if head.id.is_none() {
                input.move_to(value);
                let before = input.diagnostics().len();
                head.id_failed = input.string().map(drop).err();
                name_property(input, before, "id");
            }
        }
        head
    }
}

/// What people write who have seen other configuration files, and what it is called here.
const OTHER_WORDS: [(&str, &str); 3] = [("name", "id"), ("class", "qom-type"), ("driver", "qom-type")];

/// The name in `bag` that was probably meant to be `valid`, which is not there: near to it, and no property.
fn misspelt<'t>(bag: Node<'t>, valid: &'static str, class: Option<&Class>) -> Option<Node<'t>> {
    let is_near = |name: &str| {
        (nearest(name, [valid]).is_some() || OTHER_WORDS.contains(&(name, valid)))
            && class.is_none_or(|class| class.find(name).is_none())
    };
    bag.members().map(|(key, _)| key).find(|key| key.str().is_some_and(|name| is_near(&name)))
}

fn report_misspelt<'t>(
    key: Node<'t>,
    valid: &'static str,
    type_name: Option<&str>,
    input: &mut TapeInput<'t, '_>,
) -> Failed {
    let name = key.str().unwrap_or_default().into_owned();
    let mut problem = Diagnostic::new(ModelErrorKind::UnknownProperty {
        name: name.clone(),
        nearest: Some(valid),
        has: Arc::default(),
    });
    problem.about_mut().type_name = type_name.map(CompactString::from);
    input.report_mistake(problem.with_property(&name).at(key.place()))
}

/// Says of which property the diagnostics from number `before` on are.
fn name_property(input: &mut TapeInput<'_, '_>, before: usize, name: &str) {
    for diagnostic in input.diagnostics().since(before) {
        diagnostic.about_mut().property = Some(name.into());
    }
}

fn duplicate<'t>(key: Node<'t>, first: Node<'t>, name: &str, input: &mut TapeInput<'t, '_>) -> Failed {
    let related =
        Related { label: "first given here".to_owned(), about: About::default(), place: Some(first.place()) };
    let problem =
        Diagnostic::new(ModelErrorKind::DuplicateProperty).with_property(name).with_related(related);
    input.report_mistake(problem.at(key.place()))
}

/// What stands in a bag and is no property.
struct NotOurs<'t, 'r> {
    /// The names of the type and the id.
    head: [Option<Node<'t>>; 2],
    /// Where names start that were reported already.
    reported: [Option<usize>; 2],
    /// Members that others read.
    beside: &'r [&'static str],
}

fn read_properties<'t>(
    bag: Node<'t>,
    not_ours: &NotOurs<'t, '_>,
    draft: &mut dyn AnyDraft,
    suggestions: &mut Suggestions,
    input: &mut TapeInput<'t, '_>,
) {
    let mut names = Names::new(bag);
    for (key, value) in bag.members() {
        if input.exhausted().is_some() {
            break;
        }
        if not_ours.head.into_iter().flatten().any(|head| head.is(key)) {
            continue;
        }
        let Some(name) = key.str() else { continue };
        let Some(slot) = draft.class().find(&name) else {
            if let Some(first) = not_ours.head.into_iter().flatten().find(|head| head.is_named(&name)) {
                let failed = duplicate(key, first, &name, input);
                draft.damage(None, failed);
                continue;
            }
            if not_ours.reported.contains(&Some(key.start())) || not_ours.beside.contains(&&*name) {
                continue;
            }
            let problem = suggestions.unknown_property(draft.class(), &name);
            let nearest = match &problem {
                ModelErrorKind::UnknownProperty { nearest, .. } => *nearest,
                _ => None,
            };
            let failed = input.report_mistake(Diagnostic::new(problem).with_property(&name).at(key.place()));
            // The one that was probably meant is not missing as well.
            let meant =
                nearest.and_then(|name| draft.class().find(name)).filter(|slot| !draft.is_given(*slot));
            draft.damage(meant.filter(|_| names.first(nearest.unwrap_or_default()).is_none()), failed);
            continue;
        };
        if draft.is_given(slot) {
            let first = names.first(&name);
            let failed = duplicate(key, first.unwrap_or(key), &name, input);
            draft.damage(None, failed);
            continue;
        }
        let before = input.diagnostics().len();
        input.move_to_member(key, value);
        let done = draft.assign(slot, input);
        if done.is_err() || input.diagnostics().len() > before {
            name_property(input, before, &name);
        }
    }
    if let Some(failed) = input.exhausted().or_else(|| bag.damaged_name()) {
        draft.damage(None, failed);
        // What seems to be missing or left to its default may be under that name, or in what was not read.
        for slot in 0..draft.class().properties().len() {
            if !draft.is_given(slot) {
                draft.damage(Some(slot), failed);
            }
        }
    }
}
