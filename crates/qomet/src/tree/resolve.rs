//! Looking things up: absolute and partial paths, children.
//!
//! A component of a path is a child's name or the name of a link, which is followed, as in QOM.

use std::sync::Arc;

use arc_swap::Guard;

use super::index::{Generation, NONE, OBJECTS, ROOT};
use super::path::components;
use super::write::Tree;
use crate::error::{Diagnostic, ModelErrorKind, Result, nearest};
use crate::object::ObjectRef;

/// What a path came to.
pub(crate) enum Resolved {
    Found(ObjectRef),
    Nothing,
    Ambiguous(Vec<ObjectRef>),
}

/// Where `object` stands in `generation`.
fn index_in(generation: &Generation, object: &ObjectRef) -> Option<u32> {
    let is_at = |index: &u32| generation.entry(*index).is_some_and(|there| there.is_of(object));
    let index = object.header().index();
    if is_at(&index) {
        return Some(index);
    }
    // If it was renumbered while we looked, its path has not changed. If it is not in this tree, somebody else may
    // have its path.
    let mut chain = Vec::new();
    let mut at = object;
    while let Some(parent) = at.parent() {
        chain.push(at.name());
        at = parent;
    }
    chain
        .iter()
        .rev()
        .try_fold(ROOT, |index, name| generation.child(index, name).map(|(child, _)| child))
        .filter(is_at)
}

/// Whether nothing is below `object`.
pub(super) fn is_leaf(generation: &Generation, object: &ObjectRef) -> bool {
    index_in(generation, object).is_none_or(|index| generation.children(index).next().is_none())
}

/// The object one component away. `at` is `None` where a link led to an object that this generation does not have.
fn step(
    generation: &Generation,
    at: Option<u32>,
    object: &ObjectRef,
    name: &str,
) -> Option<(Option<u32>, ObjectRef)> {
    if let Some((index, child)) = at.and_then(|index| generation.child(index, name)) {
        return Some((Some(index), child));
    }
    let mut target = None;
    object.links(&mut |property, link| {
        if property == name {
            target = link.target();
        }
    });
    let target = target?;
    Some((index_in(generation, &target), target))
}

fn walk<'a>(
    generation: &Generation,
    from: (u32, ObjectRef),
    path: impl Iterator<Item = &'a str>,
) -> Option<ObjectRef> {
    let (mut index, mut object) = (Some(from.0), from.1);
    for name in path {
        (index, object) = step(generation, index, &object, name)?;
    }
    Some(object)
}

/// The problem that a path names more than one object.
pub(crate) fn ambiguous(path: &str, candidates: &[ObjectRef]) -> Diagnostic {
    Diagnostic::new(ModelErrorKind::AmbiguousPath {
        path: path.to_owned(),
        candidates: candidates.iter().map(ObjectRef::path).collect(),
    })
}

/// The children of one object, for looking many names up at once. It sees the tree as it was.
pub(crate) struct ChildrenByName {
    generation: Guard<Arc<Generation>>,
    parent: Option<u32>,
}

impl ChildrenByName {
    /// Whether there are certainly none.
    pub(crate) fn is_empty(&self) -> bool {
        self.parent.is_some_and(|parent| self.generation.last_child(parent) == NONE)
    }

    /// The child `name`.
    pub(crate) fn get(&self, name: &str) -> Option<ObjectRef> {
        self.generation.child(self.parent?, name).map(|(_, child)| child)
    }
}

impl Tree {
    /// Looks many children of `parent` up.
    pub(crate) fn children_by_name(&self, parent: &ObjectRef) -> ChildrenByName {
        let generation = self.generation();
        ChildrenByName { parent: index_in(&generation, parent), generation }
    }

    /// Resolves a path: from the root if it starts with `/`, else from wherever its first component is found.
    pub(crate) fn resolve(&self, path: &str) -> Resolved {
        let generation = self.generation();
        if path.starts_with('/') {
            return match self.absolute(&generation, path) {
                Some(object) => Resolved::Found(object),
                None => Resolved::Nothing,
            };
        }
        let mut parts = components(path);
        let Some(first) = parts.next() else {
            // Nothing at all fits every object, as in QOM.
            let below = generation.children(ROOT).map(|(_, object)| object);
            let mut all: Vec<ObjectRef> = below.chain(generation.object(ROOT)).collect();
            all.reverse();
            return Resolved::Ambiguous(all);
        };
        let mut found: Vec<ObjectRef> = Vec::new();
        let mut one: Option<ObjectRef> = None;
        for from in generation.namesakes(first) {
            let Some(object) = walk(&generation, from, parts.clone()) else { continue };
            match &one {
                None => one = Some(object),
                Some(first) if first.is(&object) || found.iter().any(|other| other.is(&object)) => {}
                Some(_) => found.push(object),
            }
        }
        match one {
            None => Resolved::Nothing,
            Some(one) if found.is_empty() => Resolved::Found(one),
            Some(one) => {
                // They came last first.
                found.reverse();
                found.push(one);
                Resolved::Ambiguous(found)
            }
        }
    }

    fn absolute(&self, generation: &Generation, path: &str) -> Option<ObjectRef> {
        // The common case: below `/objects`, whose place is known, and without links on the way.
        let (mut at, below) = path.strip_prefix("/objects/").map_or((ROOT, path), |below| (OBJECTS, below));
        let mut object = None;
        let mut parts = components(below);
        let mut rest = parts.clone();
        while let Some(name) = parts.next() {
            match generation.child(at, name) {
                Some((index, child)) => (at, object) = (index, Some(child)),
                None => {
                    let from = object.or_else(|| generation.object(at))?;
                    return walk(generation, (at, from), rest);
                }
            }
            rest = parts.clone();
        }
        object.or_else(|| generation.object(at))
    }

    /// The same, with what is wrong worded.
    pub(crate) fn lookup(&self, path: &str) -> Result<ObjectRef> {
        match self.resolve(path) {
            Resolved::Found(object) => Ok(object),
            Resolved::Ambiguous(candidates) => Err(ambiguous(path, &candidates)),
            Resolved::Nothing => Err(Diagnostic::new(ModelErrorKind::NotFound {
                path: path.to_owned(),
                nearest: self.nearest(path),
            })),
        }
    }

    /// The name of a user's object that is nearest to the last component.
    pub(crate) fn nearest(&self, path: &str) -> Option<String> {
        /// Beyond this many objects a suggestion is not worth the time.
        const MOST: usize = 10_000;
        let name = components(path).last()?;
        let objects = match self.resolve("/objects") {
            Resolved::Found(container) => self.children(&container),
            _ => return None,
        };
        nearest(name, objects.iter().take(MOST).map(ObjectRef::name)).map(str::to_owned)
    }

    /// The child `name` of `parent`.
    pub(crate) fn child(&self, parent: &ObjectRef, name: &str) -> Option<ObjectRef> {
        self.children_by_name(parent).get(name)
    }

    /// The children of `parent` in the order in which they were added.
    pub(crate) fn children(&self, parent: &ObjectRef) -> Vec<ObjectRef> {
        let generation = self.generation();
        let Some(index) = index_in(&generation, parent) else { return Vec::new() };
        let mut children: Vec<ObjectRef> = generation.children(index).map(|(_, child)| child).collect();
        children.reverse();
        children
    }

    /// Whether nothing is below `object`.
    pub(crate) fn is_leaf(&self, object: &ObjectRef) -> bool {
        is_leaf(&self.generation(), object)
    }

    /// The object and what is below it, at most `depth` levels deep, each with its level: every object before its
    /// children, those in the order in which they were added. Also the revision of which this is true.
    pub(crate) fn snapshot(&self, top: &ObjectRef, depth: usize) -> (Vec<(usize, ObjectRef)>, u64) {
        self.read(|| {
            let generation = self.generation();
            let mut found = Vec::new();
            let mut next: Vec<(usize, Option<u32>, ObjectRef)> =
                vec![(0, index_in(&generation, top), top.clone())];
            while let Some((level, index, object)) = next.pop() {
                found.push((level, object));
                if let Some(index) = index.filter(|_| level < depth) {
                    // Last first, as a stack wants them.
                    let children = generation.children(index);
                    next.extend(children.map(|(index, child)| (level + 1, Some(index), child)));
                }
            }
            found
        })
    }

    /// How many objects [`snapshot`](Self::snapshot) finds, but counted no further than `most`.
    pub(crate) fn count(&self, top: &ObjectRef, depth: usize, most: usize) -> usize {
        let generation = self.generation();
        let mut found = 1;
        let mut next: Vec<(usize, u32)> =
            index_in(&generation, top).map(|index| (0, index)).into_iter().collect();
        while let Some((level, index)) = next.pop() {
            if level == depth {
                continue;
            }
            for (child, _) in generation.children(index).take(most.saturating_sub(found)) {
                found += 1;
                next.push((level + 1, child));
            }
        }
        found.min(most)
    }

    /// The object and all below it, parents first.
    pub(crate) fn subtree(&self, top: &ObjectRef) -> Vec<ObjectRef> {
        let generation = self.generation();
        let mut found = vec![top.clone()];
        let mut indexes = vec![index_in(&generation, top)];
        let mut next = 0;
        while let Some(index) = indexes.get(next).copied() {
            if let Some(index) = index {
                let before = found.len();
                for (child, object) in generation.children(index) {
                    indexes.push(Some(child));
                    found.push(object);
                }
                // They come last first.
                found.get_mut(before..).unwrap_or_default().reverse();
                indexes.get_mut(before..).unwrap_or_default().reverse();
            }
            next += 1;
        }
        found
    }
}
