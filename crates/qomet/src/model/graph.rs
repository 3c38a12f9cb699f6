//! Links between the drafts of a batch and the objects of a model: who needs whom, and in what order they can be
//! made.

use std::collections::{HashMap, HashSet};

use crate::error::{About, Diagnostic, Diagnostics, Failed, ModelErrorKind, Related, nearest};
use crate::object::{AnyDraft, ObjectRef};
use crate::tree::{ChildrenByName, Resolved};
use crate::types::{Class, Need};

use super::Model;
use super::Surroundings;
use super::batch::Destination;
use super::ids::Ids;
use super::needs::{Unmet, of_draft, of_object};
use super::uses::{Use, Uses};

/// The id in a path that names something a user creates: `ram0` or `/objects/ram0`.
fn id_of(path: &str) -> &str {
    path.strip_prefix("/objects/").unwrap_or(path)
}

fn about(draft: &dyn AnyDraft, slot: usize) -> About {
    let property = draft.class().property(slot).map(|property| property.name.into());
    About { property, ..draft.about() }
}

/// Checks the ids and links of the drafts of a batch against each other and the model.
pub(super) struct Graph<'a> {
    model: &'a Model,
    /// What there is where the objects go, if anything.
    taken: Option<ChildrenByName>,
    ids: Ids<'a>,
    has_links: bool,
    updates: bool,
    /// How many free ids are still looked for.
    suggestions: usize,
}

impl<'a> Graph<'a> {
    /// For these drafts. With `replaces` they may have the ids of objects that there are.
    pub(super) fn new(
        model: &'a Model,
        place: &Destination,
        drafts: &'a [Box<dyn AnyDraft>],
        replaces: bool,
    ) -> Self {
        // What there is with the id of a draft is what the draft is about.
        let taken = (!replaces).then(|| model.inner.tree.children_by_name(place.parent(model)));
        Graph {
            model,
            taken: taken.filter(|taken| !taken.is_empty()),
            ids: Ids::of(drafts),
            has_links: false,
            updates: replaces,
            suggestions: SUGGESTIONS,
        }
    }

    /// Takes the next draft, the one at `index`, and checks that nobody else has its id. Whether that is well formed,
    /// `is_named`, was judged when the draft was checked by itself.
    pub(super) fn add(
        &mut self,
        index: usize,
        drafts: &'a [Box<dyn AnyDraft>],
        is_named: bool,
        report: &mut Diagnostics,
    ) {
        let Some(draft) = drafts.get(index) else { return };
        self.has_links |= draft.class().has_links();
        let problem = match draft.id() {
            None if draft.damaged().is_some() => return,
            None => Diagnostic::new(ModelErrorKind::MissingId),
            Some(_) if !is_named => {
                // Links that name it are right.
                let _ = self.ids.insert(index);
                return;
            }
            Some(id) => match self.ids.insert(index) {
                None if self.taken.as_ref().is_none_or(|taken| taken.get(id).is_none()) => return,
                None => Diagnostic::new(self.duplicate(id)).with_property("id"),
                Some(first) => {
                    // The first one keeps the id, for links that name it.
                    let mut about = drafts.get(first).map(|first| first.about()).unwrap_or_default();
                    about.property = Some("id".into());
                    Diagnostic::new(self.duplicate(id)).with_property("id").with_related(Related {
                        label: "first used here".to_owned(),
                        about,
                        place: None,
                    })
                }
            },
        };
        let _ = report.report(problem.with_about(draft.about()));
    }

    /// What to say of an id that is taken.
    fn duplicate(&mut self, id: &str) -> ModelErrorKind {
        let is_taken = |id: &str| self.taken.as_ref().is_some_and(|taken| taken.get(id).is_some());
        let free = if self.suggestions > 0 { self.ids.free(id, is_taken) } else { None };
        self.suggestions = self.suggestions.saturating_sub(1);
        ModelErrorKind::DuplicateId { id: id.to_owned(), free }
    }

    /// Checks the links, once every draft was added. Returns the order in which the drafts can be made where they have
    /// links, which is complete only if nothing was reported; without links any order will do. `reserved` are the ids
    /// of objects that could not even become drafts; `outside` are users that are no drafts.
    pub(super) fn check(
        self,
        drafts: &'a [Box<dyn AnyDraft>],
        reserved: &[About],
        outside: &[Use],
        report: &mut Diagnostics,
    ) -> Option<Vec<usize>> {
        check_reserved(drafts, reserved, &self.ids, report);
        if !self.has_links && outside.is_empty() {
            return None;
        }
        let mut links = Links::new(&self, drafts, reserved);
        let order = self.has_links.then(|| links.check(report));
        links.check_outside(outside, report);
        // An object that could not even become a draft may have been the user.
        if reserved.is_empty() {
            links.uses.check(self.model, drafts, &self.ids, self.updates, report);
        }
        order
    }
}

/// What it takes to check links.
struct Links<'g, 'a> {
    model: &'a Model,
    drafts: &'a [Box<dyn AnyDraft>],
    ids: &'g Ids<'a>,
    reserved: HashSet<&'g str>,
    suggestions: Suggestions<'g, 'a>,
    uses: Uses,
}

/// A link, or what names an object as one does.
struct Named<'n> {
    path: &'n str,
    target_type: &'n str,
    is_id: bool,
    needs: &'static [Need],
    /// The number of the draft that has the link.
    own: Option<usize>,
}

/// What a link leads to.
enum Leads {
    /// To a draft.
    To(usize, Vec<Unmet>),
    /// To an object that is there.
    Out(Vec<Unmet>),
    /// Elsewhere.
    Astray(Diagnostic),
    /// To something of which everything was said.
    Lost,
}

impl<'g, 'a> Links<'g, 'a> {
    fn new(graph: &'g Graph<'a>, drafts: &'a [Box<dyn AnyDraft>], reserved: &'g [About]) -> Self {
        Links {
            model: graph.model,
            drafts,
            ids: &graph.ids,
            reserved: reserved.iter().filter_map(|about| about.object.as_deref()).collect(),
            suggestions: Suggestions { ids: &graph.ids, drafts, names: Vec::new(), left: SUGGESTIONS },
            uses: Uses::of(drafts.len()),
        }
    }

    /// Checks every link, and returns an order in which each draft comes after those that it needs.
    fn check(&mut self, report: &mut Diagnostics) -> Vec<usize> {
        let drafts = self.drafts;
        let mut needs: Vec<Vec<usize>> = vec![Vec::new(); drafts.len()];
        for (own, (draft, needs)) in drafts.iter().zip(&mut needs).enumerate() {
            if !draft.class().has_links() {
                continue;
            }
            draft.links(&mut |slot, link| {
                let Some(path) = link.unresolved() else { return };
                let named = Named {
                    path,
                    target_type: link.target_type(),
                    is_id: link.is_id(),
                    needs: draft.class().property(slot).map_or(&[], |property| property.needs),
                    own: Some(own),
                };
                match self.follow(&named) {
                    Leads::To(other, unmet) => {
                        needs.push(other);
                        self.uses.add(other, || (about(&**draft, slot), None));
                        let unmet = unmet.into_iter().filter(|_| draft.is_sound(slot));
                        report.extend(unmet.map(|one| one.told(about(&**draft, slot))));
                    }
                    Leads::Out(unmet) => {
                        let unmet = unmet.into_iter().filter(|_| draft.is_sound(slot));
                        report.extend(unmet.map(|one| one.told(about(&**draft, slot))));
                    }
                    Leads::Astray(problem) => {
                        self.uses.lose(link.target_type());
                        let problem = problem.with_about(about(&**draft, slot));
                        if !draft.withholds(&problem) {
                            let _ = report.report(problem);
                        }
                    }
                    Leads::Lost => {}
                }
            });
            needs.sort_unstable();
            needs.dedup();
        }
        order(drafts, &needs, report)
    }

    /// Checks those who use the objects of the batch from outside.
    fn check_outside(&mut self, outside: &[Use], report: &mut Diagnostics) {
        let mut taken: HashMap<usize, &Use> = HashMap::new();
        for one in outside {
            let named = Named {
                path: &one.path,
                target_type: one.target_type,
                is_id: true,
                needs: one.needs,
                own: None,
            };
            let told = |problem: Diagnostic| match one.place {
                Some(place) => problem.with_about(one.about.clone()).at(place),
                None => problem.with_about(one.about.clone()),
            };
            if one.may_be_elsewhere {
                self.uses.lose(one.target_type);
            }
            match self.follow(&named) {
                Leads::To(other, unmet) => {
                    self.uses.add(other, || (one.about.clone(), one.place));
                    let unmet = unmet.into_iter().map(|unmet| {
                        let problem = told(unmet.told(About::default()));
                        one.related.iter().cloned().fold(problem, Diagnostic::with_related)
                    });
                    report.extend(unmet);
                    if !one.exclusive {
                        continue;
                    }
                    if let Some(first) = taken.get(&other) {
                        let label = "first used here".to_owned();
                        let related = Related { label, about: first.about.clone(), place: first.place };
                        let problem = ModelErrorKind::UsedTwice { id: one.path.clone() };
                        let _ = report.report(told(problem.into()).with_related(related));
                    } else {
                        taken.insert(other, one);
                    }
                }
                Leads::Out(unmet) => {
                    report.extend(unmet.into_iter().map(|unmet| told(unmet.told(About::default()))));
                }
                Leads::Astray(problem) => {
                    self.uses.lose(one.target_type);
                    if !one.may_be_elsewhere || problem.code() != "unknown-id" {
                        let _ = report.report(told(problem));
                    }
                }
                Leads::Lost => {}
            }
        }
    }

    fn follow(&mut self, named: &Named<'_>) -> Leads {
        let Named { path, target_type, needs, .. } = *named;
        if self.reserved.contains(id_of(path)) {
            return Leads::Lost;
        }
        let wrong = |class: &Class| {
            Diagnostic::new(ModelErrorKind::WrongLinkType {
                path: path.to_owned(),
                expected: target_type.to_owned(),
                found: class.name().to_owned(),
            })
        };
        if let Some((other, target)) =
            self.ids.get(id_of(path)).and_then(|other| Some((other, self.drafts.get(other)?)))
        {
            return match target.class().is_a(target_type) {
                true => Leads::To(other, of_draft(needs, path, &**target, None)),
                false => Leads::Astray(wrong(target.class()).with_related(Related {
                    label: "this object".to_owned(),
                    about: target.about(),
                    place: None,
                })),
            };
        }
        match self.model.inner.tree.resolve(path) {
            // The empty path names nobody, though as a path it is the root.
            Resolved::Found(_) | Resolved::Nothing if path.is_empty() => {
                Leads::Astray(self.suggestions.dangling(named).into())
            }
            Resolved::Found(target) if target.class().is_a(target_type) => {
                Leads::Out(of_object(needs, path, &target))
            }
            Resolved::Found(target) => Leads::Astray(wrong(target.class())),
            Resolved::Nothing => Leads::Astray(self.suggestions.dangling(named).into()),
            Resolved::Ambiguous(candidates) => Leads::Astray(crate::tree::ambiguous(path, &candidates)),
        }
    }
}

/// Judges what drafts need of each other and only the host can tell; the rest was judged with the links.
pub(super) fn check_needs<'a>(
    drafts: &[Box<dyn AnyDraft>],
    around: &dyn Fn(usize) -> Surroundings<'a>,
    report: &mut Diagnostics,
) {
    let needy = || drafts.iter().filter(|draft| draft.class().has_needs());
    if needy().next().is_none() {
        return;
    }
    let mut ids = Ids::of(drafts);
    for at in 0..drafts.len() {
        let _ = ids.insert(at);
    }
    for draft in needy() {
        draft.links(&mut |slot, link| {
            let needed = draft.class().property(slot).map_or(&[][..], |property| property.needs);
            let target = link.unresolved().and_then(|path| Some((path, ids.get(id_of(path))?)));
            if let Some((path, at)) = target.filter(|_| !needed.is_empty() && draft.is_sound(slot))
                && let Some(target) = drafts.get(at).filter(|one| one.class().is_a(link.target_type()))
            {
                let unmet = of_draft(needed, path, &**target, Some(&around(at)));
                report.extend(unmet.into_iter().map(|one| one.told(about(&**draft, slot))));
            }
        });
    }
}

/// So many suggestions are worth their time: each looks at every id.
const SUGGESTIONS: usize = 100;

/// The nearest ids, for links that lead nowhere.
struct Suggestions<'g, 'a> {
    ids: &'g Ids<'a>,
    drafts: &'a [Box<dyn AnyDraft>],
    names: Vec<(usize, &'a str)>,
    left: usize,
}

impl Suggestions<'_, '_> {
    /// What to say of a link that leads nowhere.
    fn dangling(&mut self, named: &Named<'_>) -> ModelErrorKind {
        let left = self.left;
        self.left = left.saturating_sub(1);
        if left == SUGGESTIONS {
            // In the order of the drafts, so that of two that are as near it is always the same.
            self.names = self.ids.names();
        }
        // Neither the object itself nor one of another type can be meant.
        let fits = |(index, _): &&(usize, &str)| {
            let class = self.drafts.get(*index).map(|draft| draft.class());
            Some(*index) != named.own && class.is_some_and(|class| class.is_a(named.target_type))
        };
        let names = self.names.iter().filter(fits).map(|(_, id)| *id);
        let nearest = if left > 0 { nearest(id_of(named.path), names) } else { None };
        let (path, nearest) = (named.path.to_owned(), nearest.map(str::to_owned));
        if named.is_id {
            ModelErrorKind::UnknownId { id: path, nearest }
        } else {
            ModelErrorKind::DanglingLink { path, nearest }
        }
    }
}

/// Checks the ids of objects that are no drafts: of two with one id, the later one is wrong.
fn check_reserved(drafts: &[Box<dyn AnyDraft>], reserved: &[About], ids: &Ids<'_>, report: &mut Diagnostics) {
    let mut seen: HashMap<&str, &About> = HashMap::new();
    for about in reserved {
        let Some(id) = about.object.as_deref() else { continue };
        let own = About { property: Some("id".into()), ..about.clone() };
        if let Err(problem) = crate::tree::check_id(id) {
            let _ = report.report(problem.with_about(own));
            continue;
        }
        let draft = ids.get(id).and_then(|index| drafts.get(index)).map(|draft| draft.about());
        let other = draft.or_else(|| seen.get(id).map(|about| (*about).clone()));
        let Some(other) = other else {
            seen.insert(id, about);
            continue;
        };
        let other = About { property: Some("id".into()), ..other };
        let (first, second) = if other.bag <= own.bag { (other, own) } else { (own, other) };
        let related = Related { label: "first used here".to_owned(), about: first, place: None };
        let problem = Diagnostic::new(ModelErrorKind::DuplicateId { id: id.to_owned(), free: None })
            .with_related(related);
        let _ = report.report(problem.with_about(second));
    }
}

/// The property of `from` that links to the draft `to`, and how the link is written.
fn link_between(from: &dyn AnyDraft, to: &dyn AnyDraft) -> (About, String) {
    let mut found = None;
    from.links(&mut |slot, link| {
        if let (None, Some(path)) = (&found, link.unresolved())
            && to.id() == Some(id_of(path))
        {
            found = Some((about(from, slot), path.to_owned()));
        }
    });
    found.unwrap_or_else(|| (from.about(), String::new()))
}

/// Sorts so that each draft comes after those it needs, else in the given order. Reports cycles, but none that
/// shares an object with one that was reported.
fn order(drafts: &[Box<dyn AnyDraft>], needs: &[Vec<usize>], report: &mut Diagnostics) -> Vec<usize> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut marks = vec![Mark::New; drafts.len()];
    // What stands in a cycle that was reported: others through it are seen when that one is broken.
    let mut told = vec![false; drafts.len()];
    let mut order = Vec::with_capacity(drafts.len());
    for start in 0..drafts.len() {
        // Depth first with a stack of our own, so that long chains do not exhaust the real one.
        let mut stack = vec![(start, 0usize)];
        while let Some((at, next)) = stack.last_mut() {
            let at = *at;
            let Some(mark) = marks.get_mut(at) else { break };
            if *next == 0 {
                if *mark != Mark::New {
                    stack.pop();
                    continue;
                }
                *mark = Mark::Open;
            }
            let need = needs.get(at).and_then(|needs| needs.get(*next)).copied();
            *next += 1;
            match need {
                None => {
                    *mark = Mark::Done;
                    order.push(at);
                    stack.pop();
                }
                Some(need) => match marks.get(need) {
                    Some(Mark::New) => stack.push((need, 0)),
                    Some(Mark::Open) if told.get(need) == Some(&false) && told.get(at) == Some(&false) => {
                        let from = stack.iter().position(|(index, _)| *index == need).unwrap_or(0);
                        let members: Vec<usize> = stack.iter().skip(from).map(|(index, _)| *index).collect();
                        for member in &members {
                            if let Some(told) = told.get_mut(*member) {
                                *told = true;
                            }
                        }
                        report_cycle(drafts, &members, report);
                    }
                    Some(Mark::Open) => {}
                    Some(Mark::Done) | None => {}
                },
            }
        }
    }
    order
}

/// Reports objects of which each needs the next one, and the last the first.
fn report_cycle(drafts: &[Box<dyn AnyDraft>], members: &[usize], report: &mut Diagnostics) {
    /// So many of its links are shown.
    const SHOWN: usize = 10;
    let members: Vec<&dyn AnyDraft> =
        members.iter().filter_map(|at| drafts.get(*at).map(|one| &**one)).collect();
    let next = members.iter().cycle().skip(1);
    let mut links = members.iter().zip(next).take(SHOWN).map(|(from, to)| link_between(*from, *to));
    let Some((first, path)) = links.next() else { return };
    let ids = members.iter().take(SHOWN + 1).map(|draft| draft.id().unwrap_or_default().to_owned()).collect();
    let mut problem = Diagnostic::new(ModelErrorKind::LinkCycle { ids, path }).with_about(first);
    for (about, _) in links {
        let label = "and this one".to_owned();
        problem = problem.with_related(Related { label, about, place: None });
    }
    let _ = report.report(problem);
}

/// Looks up every link of `draft` that is still a path.
///
/// # Errors
/// The proof that some could not be found or do not fit.
pub(super) fn resolve_links(
    draft: &mut dyn AnyDraft,
    find: &dyn Fn(&str) -> Option<ObjectRef>,
    report: &mut Diagnostics,
) -> Result<(), Failed> {
    if !draft.class().has_links() {
        return Ok(());
    }
    let mut done = Ok(());
    let class = draft.class().clone();
    let whom = draft.about();
    draft.links_mut(&mut |slot, link| {
        let Some(path) = link.unresolved().map(str::to_owned) else { return };
        let property = class.property(slot);
        let about = || About { property: property.map(|property| property.name.into()), ..whom.clone() };
        let resolved = match find(&path) {
            Some(target) => link.resolve(&target).map(|()| target),
            None => Err(ModelErrorKind::DanglingLink { path: path.clone(), nearest: None }),
        };
        match resolved {
            Ok(target) => {
                let needed = property.map_or(&[][..], |property| property.needs);
                for unmet in of_object(needed, &path, &target) {
                    done = Err(report.report(unmet.told(about())));
                }
            }
            Err(problem) => done = Err(report.report(Diagnostic::new(problem).with_about(about()))),
        }
    });
    done
}
