//! Random pairs of a model and a document, over every type: what is planned happens, and then nothing is left to do.
//!
//! A model is what a random document made of an empty one and what clients have set since. A document has objects of any
//! type, with one or two properties changed, and the objects that they link to, which change too.

use qomet::{Action, Level, Model, ObjectRef, PlanOptions};

use super::matrix::possible_changes;
use super::samples::{Bag, Sampler, change, document, furnish};
use crate::dummies;
use crate::folder::Folder;

/// So many pairs of which the plan is accepted.
const PAIRS: usize = 500;

/// Chance that is the same each time (xorshift64*).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33).unwrap() % limit
    }
    fn pick<'v, T>(&mut self, from: &'v [T]) -> &'v T {
        &from[self.below(from.len())]
    }
}

struct World<'w> {
    sampler: Sampler<'w>,
    helpers: Vec<Bag>,
    /// Types, and the changes that go with their bases.
    kinds: Vec<(&'w str, Vec<Bag>)>,
}

impl World<'_> {
    /// A bag with some changes.
    fn bag(&self, dice: &mut Dice, kind: &str, id: &str) -> Bag {
        let class = self.sampler.registry.get(kind).unwrap();
        let mut bag = self.sampler.base(class, id);
        let (_, changes) = self.kinds.iter().find(|(name, _)| *name == kind).unwrap();
        for _ in 0..dice.below(3) {
            if !changes.is_empty() {
                bag = change(&bag, dice.pick(changes));
            }
        }
        bag
    }

    fn document(&self, dice: &mut Dice) -> Vec<Bag> {
        let mut bags: Vec<Bag> = self.helpers.clone();
        for helper in &mut bags {
            if dice.below(4) == 0 {
                let (kind, id) = (helper["qom-type"].as_str().unwrap(), helper["id"].as_str().unwrap());
                *helper = self.bag(dice, kind, id);
            }
        }
        for number in 0..8 {
            if dice.below(3) > 0 {
                let kind = self.kinds[dice.below(self.kinds.len())].0;
                let bag = self.bag(dice, kind, &format!("o{number}"));
                let at = dice.below(bags.len() + 1);
                bags.insert(at, bag);
            }
        }
        bags
    }
}

fn is_creatable(bags: &[Bag]) -> bool {
    document(bags).plan(&Model::new(dummies::registry()), Level::Graph).is_accepted()
}

/// Every object with its revision.
fn seen(model: &Model) -> Vec<(ObjectRef, u64)> {
    model.children(model.objects()).into_iter().map(|object| (object.clone(), object.revision())).collect()
}

fn are_same(one: &[(ObjectRef, u64)], other: &[(ObjectRef, u64)]) -> bool {
    one.len() == other.len()
        && one.iter().zip(other).all(|(one, other)| one.0.is(&other.0) && one.1 == other.1)
}

/// Whether the plan was accepted, or what is wrong.
fn judge(old: &[Bag], new: &[Bag], dice: &mut Dice) -> Result<bool, String> {
    let model = Model::new(dummies::registry());
    let options = PlanOptions { prune: dice.below(2) == 0, allow_loss: true };
    let (made, found) = document(old).update(&model, options).carry_out();
    made.map_err(|_| format!("the model: {found:?}"))?;
    // What a client sets since.
    for object in model.children(model.objects()) {
        for property in object.class().properties() {
            if property.name == "dump" && dice.below(2) == 0 {
                object.set("dump", false).map_err(|problem| problem.to_string())?;
            }
        }
    }
    let (before, revision) = (seen(&model), model.revision());
    let documents = document(new);
    let plan = documents.update(&model, options);
    let (steps, accepted) = (plan.steps().to_vec(), plan.is_accepted());
    let (done, found) = plan.carry_out();
    if done.is_ok() != accepted {
        return Err(format!("accepted: {accepted}, and then: {found:?}"));
    }
    drop(done);
    if !accepted {
        let untouched = are_same(&before, &seen(&model)) && model.revision() == revision;
        return if untouched { Ok(false) } else { Err("refused, and yet something changed".to_owned()) };
    }
    for step in &steps {
        let was = before.iter().find(|(object, _)| object.name() == step.id);
        let is = model.object(&step.id).ok();
        let same = was.zip(is.as_ref()).map(|(was, is)| (was.0.is(is), was.1 == is.revision()));
        let happened = match step.action {
            Action::Create => was.is_none() && is.is_some(),
            Action::Unchanged => same == Some((true, true)),
            Action::Change => same == Some((true, false)),
            Action::Replace => same.is_some_and(|(same, _)| !same),
            Action::Delete => was.is_some() && is.is_none(),
        };
        if !happened {
            return Err(format!("did not happen: {step:?}"));
        }
    }
    let again = documents.update(&model, options);
    match again.is_accepted() && again.steps().iter().all(|step| step.action == Action::Unchanged) {
        true => Ok(true),
        false => Err(format!("a second plan: {:?} {:?}", again.steps(), again.diagnostics())),
    }
}

#[test]
fn after_each_of_500_random_plans_nothing_is_left_to_do() {
    let (registry, folder) = (dummies::registry(), Folder::new());
    furnish(&folder);
    let sampler = Sampler { registry: &registry, folder: &folder };
    let helpers = sampler.helpers();
    let kinds = possible_changes(&sampler, &helpers);
    let world = World { sampler, helpers, kinds };
    let mut dice = Dice(0x5EED_1234_5678_9ABC);
    let (mut accepted, mut refused, mut unusable) = (0, 0, 0);
    while accepted < PAIRS {
        let (old, new) = (world.document(&mut dice), world.document(&mut dice));
        if !is_creatable(&old) || !is_creatable(&new) {
            unusable += 1;
            assert!(unusable < 20 * PAIRS, "hardly any document can be created");
            continue;
        }
        match judge(&old, &new, &mut dice) {
            Ok(true) => accepted += 1,
            Ok(false) => refused += 1,
            Err(wrong) if wrong.starts_with("the model") => unusable += 1,
            Err(wrong) => panic!(
                "{wrong}\nmodel: {}\ndocument: {}",
                serde_json::to_string(&old).unwrap(),
                serde_json::to_string(&new).unwrap()
            ),
        }
    }
    println!("{accepted} plans carried out, {refused} refused, {unusable} pairs not used");
}
