//! Who uses the objects of a batch: objects that are there for others, and are linked to by none of them.
//!
//! Most batches say nothing of who will use their objects, and then nothing is said here. Only where some objects of a
//! kind are used, one that is not was probably forgotten. Users are the other drafts of the batch and those outside of any
//! model whom the caller knows of ([`Use`]): devices on a command line, the places of a guest's memory.
//!
//! What may be a mere consequence is withheld: a user that was refused, or names nobody, may have meant the object.

use crate::error::{About, Diagnostic, Diagnostics, ModelErrorKind, Place, Related};
use crate::object::AnyDraft;
use crate::types::Need;

use super::Model;
use super::ids::Ids;

/// Somebody outside of any model who is going to use an object of a batch.
#[derive(Clone, Debug, Default)]
pub struct Use {
    /// The id or path that it gives.
    pub path: String,
    /// The name of the type that the object must have.
    pub target_type: &'static str,
    /// What it needs of the object.
    pub needs: &'static [Need],
    /// The kind of user and the property by which it names the object.
    pub about: About,
    /// Where it names it.
    pub place: Option<Place>,
    /// Whether nobody else who says so may use the object as well.
    pub exclusive: bool,
    /// Whether there may be objects that are not known here: then a name that leads nowhere is no mistake.
    pub may_be_elsewhere: bool,
    /// Who else has part in what it needs.
    pub related: Vec<Related>,
}

/// What is known of the uses of the drafts of a batch.
pub(super) struct Uses {
    /// Whether each draft is used.
    used: Vec<bool>,
    /// Who uses which draft.
    by: Vec<(usize, About, Option<Place>)>,
    /// The types of targets of links that are wrong.
    lost: Vec<String>,
}

impl Uses {
    pub(super) fn of(drafts: usize) -> Self {
        Uses { used: vec![false; drafts], by: Vec::new(), lost: Vec::new() }
    }

    /// Somebody uses a draft.
    pub(super) fn add(&mut self, draft: usize, by: impl FnOnce() -> (About, Option<Place>)) {
        /// So many are enough to show.
        const KEPT: usize = 1000;
        if let Some(used) = self.used.get_mut(draft) {
            *used = true;
        }
        if self.by.len() < KEPT {
            let (about, place) = by();
            self.by.push((draft, about, place));
        }
    }

    /// A link that should lead to an object of that type leads elsewhere.
    pub(super) fn lose(&mut self, target_type: &str) {
        if !self.lost.iter().any(|lost| lost == target_type) {
            self.lost.push(target_type.to_owned());
        }
    }

    /// Warns of each draft that is not used though others of its kind are.
    pub(super) fn check(
        &self,
        model: &Model,
        drafts: &[Box<dyn AnyDraft>],
        ids: &Ids<'_>,
        updates: bool,
        report: &mut Diagnostics,
    ) {
        // By far the most batches.
        if self.by.is_empty() {
            return;
        }
        let mut kinds: Vec<&'static str> = Vec::new();
        for (at, ..) in &self.by {
            let kind = drafts.get(*at).and_then(|draft| draft.class().serving());
            kinds.extend(kind.filter(|kind| !kinds.contains(kind)));
        }
        kinds.retain(|kind| !self.is_doubtful(kind, drafts));
        if kinds.is_empty() {
            return;
        }
        for (at, draft) in drafts.iter().enumerate().filter(|(at, _)| self.used.get(*at) == Some(&false)) {
            let Some(kind) = draft.class().serving().filter(|kind| kinds.contains(kind)) else { continue };
            // Links go to the first of two with one id; and what is there already may be used by others.
            let is_own = draft.id().is_some_and(|id| ids.get(id) == Some(at));
            if !is_own || (updates && draft.id().is_some_and(|id| model.find(id).is_some())) {
                continue;
            }
            let problem = Diagnostic::new(ModelErrorKind::Unused { kind: kind.to_owned() });
            let _ = report.report(
                self.related(kind, drafts)
                    .into_iter()
                    .fold(problem.with_about(draft.about()), Diagnostic::with_related),
            );
        }
    }

    /// Where objects of the kind are used.
    fn related(&self, kind: &str, drafts: &[Box<dyn AnyDraft>]) -> Vec<Related> {
        /// So many are shown.
        const SHOWN: usize = 3;
        let used = self.by.iter().filter_map(|(at, about, place)| {
            let draft = drafts.get(*at).filter(|draft| draft.class().serving() == Some(kind))?;
            let label = format!("'{}' is used here", draft.id().unwrap_or_default());
            Some(Related { label, about: about.clone(), place: *place })
        });
        used.take(SHOWN).collect()
    }

    /// Whether a user may have been lost that meant an object of the kind.
    fn is_doubtful(&self, kind: &str, drafts: &[Box<dyn AnyDraft>]) -> bool {
        // A link to any of the types on the way may lead to one of the kind: kinds are told apart by name, and who wants a
        // narrower type wants one of the kind all the same.
        let covers = |wanted: &str| {
            wanted == kind
                || drafts
                    .iter()
                    .any(|draft| draft.class().is_a(wanted) && draft.class().serving() == Some(kind))
        };
        if self.lost.iter().any(|lost| covers(lost)) {
            return true;
        }
        let damaged = drafts.iter().filter(|draft| draft.damaged().is_some() && draft.class().has_links());
        damaged.into_iter().any(|draft| {
            let properties = draft.class().properties().iter().enumerate();
            let unknown = properties.filter(|(slot, _)| !draft.is_given(*slot) || !draft.is_sound(*slot));
            let mut found = false;
            unknown.for_each(|(_, property)| {
                property.value_type.targets(&mut |target| found = found || covers(target));
            });
            found
        })
    }
}
