//! The tree against a naive one: any sequence of adding and deleting gives the same children, paths and answers.

use std::collections::BTreeMap;

use proptest::prelude::*;
use qomet::{Model, ObjectRef};
use qomet_testkit::build;

/// Paths in the order in which they were added; the value counts up.
#[derive(Default)]
struct Naive {
    objects: BTreeMap<String, u64>,
    next: u64,
}

impl Naive {
    fn add(&mut self, path: String) {
        self.objects.insert(path, self.next);
        self.next += 1;
    }

    fn delete(&mut self, path: &str) {
        let below = format!("{path}/");
        self.objects.retain(|one, _| one != path && !one.starts_with(&below));
    }

    fn in_order(&self, fits: impl Fn(&str) -> bool) -> Vec<String> {
        let mut found: Vec<(u64, &String)> =
            self.objects.iter().filter(|(path, _)| fits(path)).map(|(path, age)| (*age, path)).collect();
        found.sort_unstable();
        found.into_iter().map(|(_, path)| path.clone()).collect()
    }

    fn children(&self, parent: &str) -> Vec<String> {
        let below = format!("{}/", parent.trim_end_matches('/'));
        self.in_order(|path| path.strip_prefix(&below).is_some_and(|rest| !rest.contains('/')))
    }

    /// What a partial path may mean: all that end in it, in the order of the objects its first component names.
    fn partial(&self, path: &str) -> Vec<String> {
        let (first, rest) = path.split_at(path.find('/').unwrap_or(path.len()));
        let named = self.in_order(|one| one.ends_with(&format!("/{first}")));
        named.iter().map(|one| format!("{one}{rest}")).filter(|one| self.objects.contains_key(one)).collect()
    }

    fn wildcard(&self, parent: &str, base: &str) -> String {
        let taken = |index: &usize| self.objects.contains_key(&format!("{parent}/{base}[{index}]"));
        let index = (0..).find(|index| !taken(index)).unwrap_or_default();
        format!("{parent}/{base}[{index}]")
    }
}

#[derive(Clone, Debug)]
enum Operation {
    /// Below the so-manieth object, an object with the so-manieth name.
    Add(prop::sample::Index, prop::sample::Index),
    /// Below the so-manieth object, `x[*]`.
    Number(prop::sample::Index),
    /// The so-manieth object and all below it.
    Delete(prop::sample::Index),
}

const NAMES: [&str; 6] = ["a", "b", "c", "x[0]", "x[2]", "objects"];

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        5 => any::<(prop::sample::Index, prop::sample::Index)>().prop_map(|(at, name)| Operation::Add(at, name)),
        2 => any::<prop::sample::Index>().prop_map(Operation::Number),
        3 => any::<prop::sample::Index>().prop_map(Operation::Delete),
    ]
}

fn paths(objects: &[ObjectRef]) -> Vec<String> {
    objects.iter().map(ObjectRef::path).collect()
}

fn apply(model: &Model, naive: &mut Naive, operation: &Operation) -> Result<(), TestCaseError> {
    let all = naive.in_order(|_| true);
    let place = |index: &prop::sample::Index| match index.index(all.len() + 1) {
        0 => String::new(),
        at => all[at - 1].clone(),
    };
    match operation {
        Operation::Add(at, name) => {
            let (parent, name) = (place(at), NAMES[name.index(NAMES.len())]);
            let path = format!("{parent}/{name}");
            let above = model.resolve(&format!("{parent}/")).unwrap();
            let added = model.add::<qomet::Container>(&above, name, |_| Ok(()));
            prop_assert_eq!(added.is_err(), naive.objects.contains_key(&path));
            if added.is_ok() {
                naive.add(path);
            }
        }
        Operation::Number(at) => {
            let parent = place(at);
            let above = model.resolve(&format!("{parent}/")).unwrap();
            let added = build::container(model, &above, "x[*]");
            let path = naive.wildcard(&parent, "x");
            prop_assert_eq!(added.path(), path.clone());
            naive.add(path);
        }
        Operation::Delete(at) => {
            let path = place(at);
            if !matches!(path.as_str(), "" | "/objects") {
                model.delete(&model.resolve(&path).unwrap()).unwrap();
                naive.delete(&path);
            }
        }
    }
    Ok(())
}

fn compare(model: &Model, naive: &Naive) -> Result<(), TestCaseError> {
    prop_assert_eq!(model.len(), naive.objects.len() + 1);
    prop_assert_eq!(paths(&model.children(model.root())), naive.children("/"));
    for path in naive.objects.keys() {
        let object = model.resolve(path).unwrap();
        prop_assert_eq!(&object.path(), path);
        prop_assert_eq!(paths(&model.children(&object)), naive.children(path));
    }
    let partial = NAMES.iter().flat_map(|last| {
        std::iter::once((*last).to_owned()).chain(NAMES.iter().map(move |first| format!("{first}/{last}")))
    });
    for path in partial {
        let fitting = naive.partial(&path);
        match (model.resolve(&path), fitting.as_slice()) {
            (Ok(found), [only]) => prop_assert_eq!(&found.path(), only),
            (Err(missing), []) => prop_assert_eq!(missing.code(), "not-found"),
            (Err(many), [_, _, ..]) => {
                let list: Vec<String> = fitting.iter().take(10).map(|one| format!("'{one}'")).collect();
                let mut expected = format!("path '{path}' is ambiguous: {}", list.join(", "));
                if fitting.len() > 10 {
                    expected.push_str(&format!(" and {} more", fitting.len() - 10));
                }
                prop_assert_eq!(many.to_string(), expected);
            }
            (found, fitting) => prop_assert!(false, "{}: {:?} but {:?}", path, found, fitting),
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn any_sequence_gives_what_a_naive_tree_gives(operations in prop::collection::vec(operation(), 1..120)) {
        let (model, mut naive) = (build::model(), Naive::default());
        naive.add("/objects".to_owned());
        for (count, operation) in operations.iter().enumerate() {
            apply(&model, &mut naive, operation)?;
            if count % 8 == 0 {
                compare(&model, &naive)?;
            }
        }
        compare(&model, &naive)?;
    }
}
