//! Hiding sensitive values from the excerpts of a text.
//!
//! A diagnostic about one property shows its line, and on that line the value of another may stand. So as soon as
//! there is anything to show, the values of sensitive properties are hidden, also where the property's or the type's
//! name is mistyped.

use std::collections::HashMap;
use std::ops::Range;

use qomet::{Class, Diagnostic, Diagnostics, TypeRegistry, nearest};

use super::shape;
use crate::source::{Sources, widen};
use crate::tape::{Leniency, Node, Tape, TapeInput};

/// After so many different wrong names of types nobody guesses which one was meant.
const GUESSES: usize = 1000;

/// Hides every sensitive value of the documents.
pub(super) fn hide(registry: &TypeRegistry, tapes: &[Tape<'_>], sources: &Sources) {
    let mut secrets = Secrets::new(registry);
    if secrets.classes.is_empty() {
        return;
    }
    // Only the shape is wanted; what is wrong with it was said before.
    let mut said = Diagnostics::new();
    for tape in tapes {
        let mut found = Vec::new();
        let mut input = TapeInput::new(tape.root(), Leniency::Lenient, &mut said);
        shape::each_bag(tape.root(), &mut input, &mut |bag, _| secrets.find(bag, &mut found));
        sources.hide(tape.source(), found);
    }
    let _ = said.take();
}

/// Takes the words from what is about the syntax of a hidden value, because they repeat it.
pub(super) fn conceal(found: &mut [Diagnostic], sources: &Sources) {
    for one in found {
        let Some(place) = one.place().filter(|_| one.about().property.is_none()) else { continue };
        // A line is told in full, as it was meant.
        let repeats_more = one.code() == "not-a-section-line";
        if sources.hides(place) || (repeats_more && sources.hides_some(place)) {
            one.conceal();
        }
    }
}

/// What is known about the types.
struct Secrets<'r> {
    registry: &'r TypeRegistry,
    /// Those with sensitive properties.
    classes: Vec<Secret<'r>>,
    /// What was probably meant by the wrong names of types.
    meant: HashMap<String, Option<&'r str>>,
}

/// A type and the names of its sensitive properties.
struct Secret<'r> {
    class: &'r Class,
    names: Vec<&'static str>,
}

impl<'r> Secrets<'r> {
    fn new(registry: &'r TypeRegistry) -> Self {
        let secret = |class: &'r Class| {
            let sensitive = class.properties().iter().filter(|property| property.sensitive);
            Secret { class, names: sensitive.map(|property| property.name).collect() }
        };
        let classes = registry.classes().map(|class| secret(class)).filter(|one| !one.names.is_empty());
        Secrets { registry, classes: classes.collect(), meant: HashMap::new() }
    }

    /// Finds the sensitive values of a bag.
    fn find(&mut self, bag: Node<'_>, found: &mut Vec<Range<usize>>) {
        let type_name = bag.get("qom-type").and_then(Node::str).unwrap_or_default();
        let class = match self.registry.get(&type_name) {
            Some(class) => Some(class.name()),
            None => self.meant(&type_name),
        };
        // Of a type that nobody can guess, whatever is sensitive in any type is.
        let might_be = |secret: &&Secret<'_>| class.is_none_or(|name| secret.class.name() == name);
        let secrets: Vec<&Secret<'_>> = self.classes.iter().filter(might_be).collect();
        if secrets.is_empty() {
            return;
        }
        for (key, value) in bag.members() {
            let name = key.str().unwrap_or_default();
            if secrets.iter().any(|secret| secret.is_sensitive(&name)) {
                let places = value.given().map(Node::place);
                found.extend(places.map(|place| widen(place.start)..widen(place.end)));
            }
        }
    }

    fn meant(&mut self, type_name: &str) -> Option<&'r str> {
        if let Some(known) = self.meant.get(type_name) {
            return *known;
        }
        if self.meant.len() == GUESSES {
            return None;
        }
        let meant = nearest(type_name, self.registry.classes().map(|class| class.name()));
        self.meant.insert(type_name.to_owned(), meant);
        meant
    }
}

impl Secret<'_> {
    /// Whether a property of that name, which may be mistyped, is sensitive.
    fn is_sensitive(&self, name: &str) -> bool {
        let properties = self.class.properties();
        let slot = self.class.find(name).or_else(|| {
            // Most names are not near to the few sensitive ones, and then it does not matter to which they are.
            nearest(name, self.names.iter().copied())?;
            self.class.find(nearest(name, properties.iter().map(|property| property.name))?)
        });
        slot.and_then(|slot| self.class.property(slot)).is_some_and(|property| property.sensitive)
    }
}

#[cfg(test)]
mod tests {
    use qomet::prelude::*;
    use qomet::{Level, Result};

    use crate::{Documents, render_human, render_json};

    /// Keeps a secret
    #[derive(Object)]
    #[object(name = "vault", user_creatable)]
    struct Vault {
        /// The secret
        #[property(required, sensitive)]
        data: String,
        /// How often it may be asked for
        #[property(default = 1)]
        times: u8,
    }

    impl Realize for Vault {
        fn realize(&self, _: &mut RealizeContext<'_>) -> Result<()> {
            Ok(())
        }
    }

    types! { fn types = [Vault]; }

    /// What is shown of a document, both ways.
    fn shown(text: &str) -> String {
        let model = Model::new(TypeRegistry::builder().add(types()).build().unwrap());
        let mut documents = Documents::new();
        documents.add("d.json", text);
        let plan = documents.plan(&model, Level::Host);
        assert!(!plan.is_accepted());
        let (human, json) = (
            render_human(plan.diagnostics(), documents.sources(), false),
            render_json(plan.diagnostics(), documents.sources()),
        );
        format!("{human}{json}")
    }

    #[test]
    fn another_mistake_on_the_line_does_not_show_the_secret() {
        let shown = shown(r#"{"qom-type": "vault", "id": "v", "data": "s3cret", "times": 1000}"#);
        assert!(shown.contains("********") && shown.contains("1000") && !shown.contains("s3cret"), "{shown}");
    }

    #[test]
    fn a_secret_of_the_wrong_kind_is_not_shown() {
        let shown = shown(r#"{"qom-type": "vault", "id": "v", "data": 271828}"#);
        assert!(
            shown.contains("property 'data' of vault takes a string") && !shown.contains("271828"),
            "{shown}"
        );
    }

    #[test]
    fn a_secret_that_is_no_json_is_not_shown() {
        let shown = shown(r#"{"qom-type": "vault", "id": "v", "data": s3cret}"#);
        assert!(shown.contains("unquoted-value") && !shown.contains("s3cret"), "{shown}");
    }

    #[test]
    fn a_secret_in_a_line_that_is_no_pair_is_not_shown() {
        let shown = shown("[object \"v\"]\n  qom-type = \"vault\"\n  data = s3cret\n");
        assert!(shown.contains("not-a-section-line") && !shown.contains("s3cret"), "{shown}");
    }

    #[test]
    fn mistyped_names_do_not_show_the_secret() {
        let shown = shown(
            r#"[{"qom-type": "valt", "id": "v", "data": "s3cret"}, {"qom-type": "vault", "id": "w", "dat": "s3cret"},
                {"qom-type": 7, "id": "x", "data": "s3cret"}]"#,
        );
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}
