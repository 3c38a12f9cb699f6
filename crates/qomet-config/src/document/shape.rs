//! The shapes of a document: one bag, a list of bags, or `{"$schema": …, "objects": [bags]}`.

use qomet::{About, Diagnostic, Input, InputKind, ModelErrorKind, Related};

use crate::syntax_error::SyntaxErrorKind;
use crate::tape::{Node, TapeInput};

/// Calls `each` with every bag of a document, in order. Reports what is wrong with the shape.
pub(crate) fn each_bag<'t>(
    root: Node<'t>,
    input: &mut TapeInput<'t, '_>,
    each: &mut dyn FnMut(Node<'t>, &mut TapeInput<'t, '_>),
) {
    match root.kind() {
        InputKind::List => root.elements().for_each(|bag| each(bag, input)),
        InputKind::Struct if has_objects(root) && root.get("qom-type").is_none() => {
            wrapper(root, input, each);
        }
        InputKind::Struct => each(root, input),
        _ => wrong(root, "an object, a list of objects, or {\"objects\": [...]}", input),
    }
}

/// Whether it may be a document of several bags. A line is one bag, whatever its keys.
fn has_objects(root: Node<'_>) -> bool {
    root.get("objects").is_some_and(|value| !value.is_word())
}

fn wrapper<'t>(
    root: Node<'t>,
    input: &mut TapeInput<'t, '_>,
    each: &mut dyn FnMut(Node<'t>, &mut TapeInput<'t, '_>),
) {
    const MEMBERS: [&str; 2] = ["$schema", "objects"];
    let mut seen: Vec<(&str, Node<'t>)> = Vec::new();
    for (key, value) in root.members() {
        let Some(name) = key.str() else { continue };
        match MEMBERS.into_iter().find(|member| *member == name) {
            None => {
                let problem =
                    ModelErrorKind::UnknownMember { name: name.into_owned(), members: MEMBERS.to_vec() };
                input.move_to(key);
                let _ = input.report(Box::new(problem));
            }
            Some(member) if seen.iter().any(|(other, _)| *other == member) => {
                let first = seen.iter().find(|(other, _)| *other == member).map(|(_, first)| first.place());
                let label = "first given here".to_owned();
                let related = Related { label, about: About::default(), place: first };
                let problem = Diagnostic::new(ModelErrorKind::DuplicateMember { name: member });
                let _ = input.report_mistake(problem.with_related(related).at(key.place()));
                // Its bags are bags all the same: links lead to them, and secrets may stand in them.
                if member == "objects" {
                    value.elements().for_each(|bag| each(bag, input));
                }
            }
            Some(member) => {
                seen.push((member, key));
                match (member, value.kind()) {
                    ("objects", InputKind::List) => value.elements().for_each(|bag| each(bag, input)),
                    ("objects", _) => wrong(value, "a list of objects", input),
                    (_, InputKind::String) => {}
                    _ => wrong(value, "a string", input),
                }
            }
        }
    }
}

/// Reports that something else was expected; says nothing about what was reported already.
fn wrong<'t>(node: Node<'t>, expected: &'static str, input: &mut TapeInput<'t, '_>) {
    if node.kind() != InputKind::Damaged && node.too_deep().is_none() {
        input.move_to(node);
        let _ = input.report(Box::new(SyntaxErrorKind::NotADocument { expected, found: node.kind() }));
    }
}
