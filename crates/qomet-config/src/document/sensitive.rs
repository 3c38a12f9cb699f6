//! Hiding sensitive values from the excerpts of a text.
//!
//! A diagnostic about one property shows its line, and on that line the value of another may stand. So as soon as
//! there is anything to show, the values of sensitive properties are hidden, also where the property's or the type's
//! name is mistyped.

use qomet::{Class, Diagnostic, Diagnostics, TypeRegistry, nearest};

use super::shape;
use crate::json::{JsonInput, Leniency, Node, Tape};
use crate::source::Sources;

/// Hides every sensitive value of the documents.
pub(super) fn hide(registry: &TypeRegistry, tapes: &[Tape<'_>], sources: &Sources) {
    let has_any = |class: &Class| class.properties().iter().any(|property| property.sensitive);
    if !registry.classes().any(|class| has_any(class)) {
        return;
    }
    // Only the shape is wanted; what is wrong with it was said before.
    let mut said = Diagnostics::new();
    for tape in tapes {
        let mut input = JsonInput::new(tape.root(), Leniency::Lenient, &mut said);
        shape::each_bag(tape.root(), &mut input, &mut |bag, _| hide_in(registry, bag, sources));
    }
    let _ = said.take();
}

/// Takes the words from what is about the syntax of a hidden value, because they repeat it.
pub(super) fn conceal(found: &mut [Diagnostic], sources: &Sources) {
    for one in found {
        if one.about().property.is_none() && one.place().is_some_and(|place| sources.hides(place)) {
            one.conceal();
        }
    }
}

fn hide_in(registry: &TypeRegistry, bag: Node<'_>, sources: &Sources) {
    let type_name = bag.get("qom-type").and_then(Node::str).unwrap_or_default();
    let meant = || nearest(&type_name, registry.classes().map(|class| class.name()));
    let class = registry.get(&type_name).or_else(|| registry.get(meant()?));
    // Of a type that nobody can guess, whatever is sensitive in any type is.
    let classes: Vec<&Class> = match class {
        Some(class) => vec![class],
        None => registry.classes().map(AsRef::as_ref).collect(),
    };
    for (key, value) in bag.members() {
        let name = key.str().unwrap_or_default();
        let is_sensitive = |class: &&Class| {
            let names = class.properties().iter().map(|property| property.name);
            let slot = class.find(&name).or_else(|| class.find(nearest(&name, names)?));
            slot.and_then(|slot| class.property(slot)).is_some_and(|property| property.sensitive)
        };
        if classes.iter().any(is_sensitive) {
            sources.hide(value.place());
        }
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
    fn mistyped_names_do_not_show_the_secret() {
        let shown = shown(
            r#"[{"qom-type": "valt", "id": "v", "data": "s3cret"}, {"qom-type": "vault", "id": "w", "dat": "s3cret"},
                {"qom-type": 7, "id": "x", "data": "s3cret"}]"#,
        );
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}
