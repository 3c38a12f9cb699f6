//! Plans for a server that cannot compare by itself: QEMU and its tools, which have no `x-apply`.
//!
//! The program knows the same types, so it checks the documents as `check` does, reads the live objects, compares, and
//! then sends one `object-add`, `object-del` or `qom-set` after the other. The server does not do that as a whole, so what is
//! refused half-way is put back as far as its commands allow, and what could not be put back is said (`carry_out`).
//!
//! QEMU tells what a property came to, not what was given. So a property that a document leaves out is only compared where its
//! default is a value, and one that says `auto` is taken for what it came to (`values`).
//!
//! Not here: which objects an earlier apply created (QEMU does not keep it, so there is no `--prune`), and revisions.

mod carry_out;
mod values;

use std::collections::{HashMap, HashSet};

use qomet::{AnyDraft, Class, Level, Mutability, Property, ValueType};
use qomet_config::{Documents, Language, render_human};
use qomet_qmp::{ClientError, ObjectView, Refused};
use serde_json::{Map, Value, json};

use super::arguments;
use super::report::Failure;
use super::session::Session;
use crate::console::Console;
use crate::outcome::Outcome;

pub(super) use values::bag_of;

pub(super) type Bag = Map<String, Value>;

/// What happens to one object.
struct Step {
    action: &'static str,
    id: String,
    class: std::sync::Arc<Class>,
    bag: Bag,
    old: Option<ObjectView>,
    /// `none`, `kept` or `lost`.
    content: &'static str,
    differences: Vec<Difference>,
}

/// A property that is not what it should be.
struct Difference {
    property: &'static Property,
    from: Value,
    to: Value,
    forces: bool,
    follows: Option<String>,
}

/// What it takes, the objects that others link to first; and why it cannot be done.
pub(super) struct Plan {
    steps: Vec<Step>,
    refused: Vec<Value>,
}

/// The id that a link says.
fn id_of(path: &str) -> &str {
    path.strip_prefix("/objects/").unwrap_or(path)
}

fn problem(code: &str, message: String, step: &Step, help: &str) -> Value {
    json!({ "code": code, "severity": "error", "message": message, "object": step.id,
            "type": step.class.name(), "help": help })
}

/// Compares documents, each with its name, with the server's objects.
///
/// # Errors
/// A document is wrong, which is shown; or the connection fails.
pub(super) fn plan(
    session: &mut Session,
    what: &arguments::Documents,
    texts: &[(String, String)],
    console: &mut Console,
) -> Result<Plan, Failure> {
    if what.prune || what.if_revision.is_some() {
        let option = if what.prune { "--prune" } else { "--if-revision" };
        let why = "the server keeps neither what an earlier apply created nor revisions";
        return Err(Failure::rejected(
            "not-kept",
            format!("{option} cannot be had here: {why}"),
            "leave it out; 'del' deletes objects",
        ));
    }
    let model = session.local.clone();
    let mut documents = Documents::new();
    texts.iter().for_each(|(name, text)| documents.add(name, text.as_bytes()));
    let mut checked = documents.plan(&model, Level::Schema);
    let colour = console.colours_complaints();
    let written = match checked.is_accepted() {
        true => checked.write(Language::Json).ok(),
        false => None,
    };
    console.complain(&render_human(checked.diagnostics(), documents.sources(), colour));
    let Some(written) = written else { return Err(Failure::told(Outcome::Rejected)) };
    let bags: Vec<Bag> = match serde_json::from_str(&written) {
        Ok(Value::Object(bag)) => vec![bag],
        Ok(Value::Array(bags)) => bags.into_iter().filter_map(|bag| bag.as_object().cloned()).collect(),
        _ => Vec::new(),
    };
    let live = session.client.read_tree("/objects", Some(1))?;
    let mut planner = Planner {
        live: live.into_iter().skip(1).map(|object| (object.name().to_owned(), object)).collect(),
        drafts: checked.drafts(),
        bags: &bags,
        done: HashSet::new(),
        plan: Plan { steps: Vec::new(), refused: Vec::new() },
    };
    for at in 0..planner.drafts.len() {
        planner.judge_with_needs(at);
    }
    let mut plan = planner.plan;
    refuse(session, &mut plan, what.allow_loss)?;
    Ok(plan)
}

struct Planner<'p> {
    live: HashMap<String, ObjectView>,
    drafts: &'p [Box<dyn AnyDraft>],
    bags: &'p [Bag],
    done: HashSet<usize>,
    plan: Plan,
}

impl Planner<'_> {
    /// Judges a draft after those that it links to. Cycles and depth are bounded: each draft is entered once.
    fn judge_with_needs(&mut self, first: usize) {
        let mut stack = vec![(first, false)];
        while let Some((at, is_ready)) = stack.pop() {
            if is_ready {
                self.judge(at);
            } else if self.done.insert(at) {
                stack.push((at, true));
                let Some(draft) = self.drafts.get(at) else { continue };
                draft.links(&mut |_, link| {
                    let id = link.unresolved().map(id_of);
                    let need = self.drafts.iter().position(|other| other.id().is_some() && other.id() == id);
                    stack.extend(need.map(|need| (need, false)));
                });
            }
        }
    }

    fn judge(&mut self, at: usize) {
        let (Some(draft), Some(bag)) = (self.drafts.get(at), self.bags.get(at)) else { return };
        let id = draft.id().unwrap_or_default().to_owned();
        let old = self.live.get(&id).cloned();
        let mut step = Step {
            action: "create",
            class: draft.class().clone(),
            bag: bag.clone(),
            content: "none",
            differences: Vec::new(),
            old,
            id,
        };
        if self.plan.steps.iter().any(|other| other.id == step.id) {
            let message = format!("there are two objects '{}'", step.id);
            self.plan.refused.push(problem("duplicate-id", message, &step, "give each its own id"));
            return;
        }
        draft.links(&mut |_, link| {
            let Some(target) = link.unresolved().filter(|path| !path.is_empty()) else { return };
            let is_there = self.live.contains_key(id_of(target))
                || self.drafts.iter().any(|other| other.id() == Some(id_of(target)))
                || (target.starts_with('/') && !target.starts_with("/objects/"));
            if !is_there {
                let message = format!("there is no object '{target}'");
                self.plan.refused.push(problem(
                    "dangling-link",
                    message,
                    &step,
                    "name an object that there is",
                ));
            }
        });
        if let Some(old) = step.old.clone() {
            if old.type_name == step.class.name() {
                step.differences = self.compare(&**draft, bag, &old);
            }
            let is_forced =
                old.type_name != step.class.name() || step.differences.iter().any(|one| one.forces);
            step.action = match (is_forced, step.differences.is_empty()) {
                (true, _) => "replace",
                (false, true) => "unchanged",
                (false, false) => "change",
            };
            if step.action == "replace" {
                step.content = values::content(&old);
            }
        }
        self.plan.steps.push(step);
    }

    fn compare(&self, draft: &dyn AnyDraft, bag: &Bag, old: &ObjectView) -> Vec<Difference> {
        let mut differences = Vec::new();
        for (slot, property) in draft.class().properties().iter().enumerate() {
            if property.mutability == Mutability::Computed {
                continue;
            }
            let follows = if draft.is_given(slot) { self.follows(draft, slot) } else { None };
            let Some((from, to)) = values::compare(draft, slot, bag, old, follows.is_some()) else {
                continue;
            };
            let forces = property.mutability != Mutability::Live || property.sensitive;
            differences.push(Difference { property, from, to, forces, follows });
        }
        differences
    }

    /// The object that the property links to and that is replaced.
    fn follows(&self, draft: &dyn AnyDraft, slot: usize) -> Option<String> {
        let mut found = None;
        draft.links(&mut |at, link| {
            let id = link.unresolved().map(id_of).filter(|_| at == slot);
            let replaced =
                self.plan.steps.iter().find(|step| step.action == "replace" && Some(&*step.id) == id);
            found = found.take().or(replaced.map(|step| step.id.clone()));
        });
        found
    }
}

/// Adds what stands in the way: users of what goes, contents that would be lost.
fn refuse(session: &mut Session, plan: &mut Plan, allow_loss: bool) -> Result<(), ClientError> {
    let leaving: Vec<&Step> = plan.steps.iter().filter(|step| step.action == "replace").collect();
    if leaving.is_empty() {
        return Ok(());
    }
    // Devices and the machine use objects too.
    let all = session.client.read_tree("/", None)?;
    let local = session.local.clone();
    let mut found = Vec::new();
    for step in &leaving {
        let path = format!("/objects/{}", step.id);
        let is_user = |user: &&ObjectView| {
            let goes_too = leaving.iter().any(|other| user.path == format!("/objects/{}", other.id));
            let class = local.registry().get(&user.type_name);
            !goes_too
                && user.properties.iter().any(|property| {
                    let declared = class.and_then(|class| class.find(&property.name)).zip(class);
                    let declared = declared.and_then(|(slot, class)| class.property(slot));
                    let is_weak = declared.is_some_and(|one| {
                        matches!(one.value_type.inner(), ValueType::Link { holds: false, .. })
                    });
                    property.type_name.starts_with("link<")
                        && !is_weak
                        && values::is_text(&property.reading, &path)
                })
        };
        let users: Vec<String> = all.iter().filter(is_user).map(|user| format!("'{}'", user.path)).collect();
        if !users.is_empty() {
            let message = format!("object '{}' is in use by {}", step.id, users.join(", "));
            let help = format!(
                "delete {} first; or declare its users too: then they are replaced with it",
                users.join(", ")
            );
            found.push(problem("in-use", message, step, &help));
        }
        if step.content == "lost" && !allow_loss {
            let forcing = step.differences.iter().find(|one| one.forces);
            let because = forcing
                .map(|one| format!(": '{}' is fixed once realized", one.property.name))
                .unwrap_or_default();
            let message = format!("to replace object '{}' loses its content{because}", step.id);
            found.push(problem(
                "content-lost",
                message,
                step,
                "keep it as it is, or allow the loss (--allow-loss)",
            ));
        }
    }
    plan.refused.extend(found);
    Ok(())
}

impl Plan {
    /// Does it.
    ///
    /// # Errors
    /// It is refused, or the server refuses something: then what had been done is taken back as far as that goes.
    pub(super) fn carry_out(self, session: &mut Session) -> Result<Value, Failure> {
        if !self.refused.is_empty() {
            let data = Value::Array(self.refused);
            let class = "GenericError".to_owned();
            return Err(Refused { command: "object-add".to_owned(), class, desc: String::new(), data }.into());
        }
        carry_out::carry_out(session, &self.steps)?;
        Ok(self.answer())
    }

    /// The plan as a server that plans by itself tells it.
    pub(super) fn answer(&self) -> Value {
        let created = self.steps.iter().filter(|step| matches!(step.action, "create" | "replace"));
        let created: Vec<String> = created.map(|step| format!("/objects/{}", step.id)).collect();
        let steps: Vec<Value> = self.steps.iter().map(Step::answer).collect();
        let mut answer = json!({ "created": created, "steps": steps });
        if let (false, Some(members)) = (self.refused.is_empty(), answer.as_object_mut()) {
            members.insert("created".to_owned(), json!([]));
            members.insert("refused".to_owned(), Value::Array(self.refused.clone()));
        }
        answer
    }
}

impl Step {
    fn answer(&self) -> Value {
        let tell = |one: &Difference| {
            let mut told = json!({ "property": one.property.name, "from": one.from, "to": one.to, "forces": one.forces });
            if let Some(members) = told.as_object_mut() {
                if one.property.sensitive {
                    members.retain(|name, _| name != "from" && name != "to");
                }
                members.extend(one.follows.iter().map(|id| ("follows".to_owned(), Value::from(id.clone()))));
            }
            told
        };
        let differences: Vec<Value> = self.differences.iter().map(tell).collect();
        let mut step = json!({ "action": self.action, "id": self.id, "type": self.class.name() });
        let old = self.old.as_ref().map(|old| &old.type_name).filter(|old| *old != self.class.name());
        if let Some(members) = step.as_object_mut() {
            members.extend(old.map(|old| ("old-type".to_owned(), Value::from(old.clone()))));
            members.insert("content".to_owned(), self.content.into());
            members.insert("differences".to_owned(), differences.into());
        }
        step
    }
}
