//! What it takes to make a model what a batch says, and doing it.

use proptest::prelude::*;
use qomet::{
    Action, AnyDraft, Diagnostic, Diagnostics, Model, ModelPlan, Native, NativeOutput, ObjectRef, PlanOptions,
};
use qomet_testkit::build;

type Draft = Box<dyn AnyDraft>;

const PRUNE: PlanOptions = PlanOptions { prune: true, allow_loss: false };
const YES: Native<'static> = Native::Bool(true);

fn draft(model: &Model, kind: &str, id: &str, properties: &[(&str, Native<'_>)]) -> Draft {
    build::draft(model, kind, id, properties)
}

fn gauge(model: &Model, id: &str, properties: &[(&str, u64)]) -> Draft {
    let properties: Vec<_> = properties.iter().map(|(name, value)| (*name, Native::Uint(*value))).collect();
    draft(model, "gauge", id, &properties)
}

fn step(model: &Model, id: &str, needs: &[&str], more: &[(&str, Native<'static>)]) -> Draft {
    let needs = Native::List(needs.iter().map(|id| Native::Str((*id).to_owned().into())).collect());
    draft(model, "step", id, &[&[("needs", needs)], more].concat())
}

fn plan(model: &Model, drafts: Vec<Draft>, options: PlanOptions) -> (ModelPlan, Vec<Diagnostic>) {
    let mut report = Diagnostics::new();
    let plan = model.plan(model.batch(drafts), options, &mut report);
    (plan, report.take())
}

fn apply(model: &Model, drafts: Vec<Draft>) -> Result<Vec<ObjectRef>, Vec<Diagnostic>> {
    let mut report = Diagnostics::new();
    let done = model.apply(model.batch(drafts), PlanOptions::default(), &mut report);
    let found = report.take();
    done.map_err(|_| found)
}

/// Applies a plan; or the codes of what refused it.
fn carry_out(plan: ModelPlan) -> Result<Vec<ObjectRef>, String> {
    let mut report = Diagnostics::new();
    let done = plan.apply(&mut report);
    let refused: Vec<Diagnostic> = report.take().into_iter().filter(Diagnostic::is_error).collect();
    done.map_err(|_| codes(&refused).join(" "))
}

/// `ACTION ID` of each step, and the properties that differ.
fn told(plan: &ModelPlan) -> Vec<String> {
    let tell = |step: &qomet::Step| {
        let names: Vec<_> = step.differences.iter().map(|one| one.property).collect();
        format!("{} {} {}", step.action.as_str(), step.id, names.join(",")).trim_end().to_owned()
    };
    plan.steps().iter().map(tell).collect()
}

fn codes(found: &[Diagnostic]) -> Vec<&str> {
    found.iter().map(Diagnostic::code).collect()
}

/// Everything that can be seen of a model: each object, its identity, its values.
fn seen(model: &Model) -> Vec<(String, ObjectRef, Vec<String>)> {
    let objects = model.children(model.objects());
    let values = |object: &ObjectRef| {
        let write = |name: &str| {
            let mut output = NativeOutput::default();
            object.write(name, &mut output).unwrap();
            format!("{name}={:?}", output.finish())
        };
        object.class().properties().iter().map(|property| write(property.name)).collect()
    };
    objects.into_iter().map(|object| (object.path(), object.clone(), values(&object))).collect()
}

fn assert_same(one: &[(String, ObjectRef, Vec<String>)], other: &[(String, ObjectRef, Vec<String>)]) {
    assert_eq!(one.len(), other.len());
    for ((path, object, values), (as_well, another, others)) in one.iter().zip(other) {
        assert_eq!((path, values), (as_well, others));
        assert!(object.is(another), "{path} is another object");
    }
}

#[test]
fn what_is_not_there_is_created_and_what_is_right_stays() {
    let (model, _) = build::traced();
    let before = apply(&model, vec![gauge(&model, "a", &[("low", 5)])]).unwrap();
    let drafts = || vec![gauge(&model, "a", &[("low", 5)]), gauge(&model, "b", &[])];

    let (planned, found) = plan(&model, drafts(), PRUNE);
    let after = carry_out(planned).unwrap();

    assert!(found.is_empty());
    assert!(after[0].is(&before[0]));
    assert_eq!(after[1].path(), "/objects/b");
    assert!(plan(&model, drafts(), PRUNE).0.is_empty());
}

#[test]
fn live_properties_are_changed_in_place() {
    let (model, _) = build::traced();
    let before = apply(&model, vec![gauge(&model, "a", &[("low", 5)])]).unwrap();

    let (planned, _) = plan(&model, vec![gauge(&model, "a", &[("level", 7)])], PRUNE);

    assert_eq!(told(&planned), ["change a low,level"]);
    let after = carry_out(planned).unwrap();
    assert!(after[0].is(&before[0]));
    assert_eq!((after[0].get::<u64>("low").unwrap(), after[0].get::<u64>("level").unwrap()), (0, 7));
}

#[test]
fn what_is_fixed_forces_a_replacement() {
    let (model, _) = build::traced();
    let before = apply(&model, vec![gauge(&model, "a", &[])]).unwrap();

    let (planned, _) = plan(&model, vec![gauge(&model, "a", &[("step", 2), ("level", 7)])], PRUNE);

    assert_eq!(told(&planned), ["replace a level,step"]);
    let forcing: Vec<_> = planned.steps()[0].differences.iter().map(|one| one.forces).collect();
    assert_eq!(forcing, [false, true]);
    let after = carry_out(planned).unwrap();
    assert!(!after[0].is(&before[0]) && before[0].is_deleted());
    assert!(model.object("a").unwrap().is(&after[0]));
}

#[test]
fn another_type_forces_a_replacement() {
    let (model, _) = build::traced();
    apply(&model, vec![gauge(&model, "a", &[])]).unwrap();

    let (planned, _) = plan(&model, vec![step(&model, "a", &[], &[])], PRUNE);

    assert_eq!(planned.steps()[0].old_type.as_deref(), Some("gauge"));
    let after = carry_out(planned).unwrap();
    assert_eq!(after[0].class().name(), "step");
}

#[test]
fn live_properties_that_need_each_other_are_set_in_an_order_that_works() {
    let (model, _) = build::traced();
    apply(&model, vec![gauge(&model, "a", &[("low", 0), ("high", 10)])]).unwrap();

    let after = apply(&model, vec![gauge(&model, "a", &[("low", 20), ("high", 30)])]).unwrap();

    assert_eq!((after[0].get::<u64>("low").unwrap(), after[0].get::<u64>("high").unwrap()), (20, 30));
}

#[test]
fn who_holds_what_is_replaced_is_replaced_with_it() {
    let (model, trace) = build::traced();
    let drafts = |more: &[(&str, Native<'static>)]| {
        vec![
            step(&model, "user", &["base"], &[]),
            step(&model, "base", &[], more),
            step(&model, "other", &[], &[]),
        ]
    };
    apply(&model, drafts(&[])).unwrap();
    let _ = trace.take();

    let (planned, _) = plan(&model, drafts(&[("warn", YES)]), PRUNE);

    assert_eq!(told(&planned), ["replace user needs", "replace base warn", "unchanged other"]);
    assert_eq!(planned.steps()[0].differences[0].follows.as_deref(), Some("base"));
    carry_out(planned).unwrap();
    let done: Vec<_> =
        trace.take().into_iter().filter(|one| !one.contains("announce") && !one.contains("probe")).collect();
    assert_eq!(
        done,
        ["realize base", "realize user", "commit base", "commit user", "drop user", "drop base"]
    );
    assert!(plan(&model, drafts(&[("warn", YES)]), PRUNE).0.is_empty());
}

#[test]
fn who_holds_what_is_replaced_and_is_no_draft_forbids_it() {
    let (model, _) = build::traced();
    apply(&model, vec![step(&model, "user", &["base"], &[]), step(&model, "base", &[], &[])]).unwrap();

    let (planned, found) =
        plan(&model, vec![step(&model, "base", &[], &[("warn", YES)])], PlanOptions::default());

    assert_eq!(codes(&found), ["in-use"]);
    assert!(found[0].to_string().contains("/objects/user"), "{}", found[0]);
    assert!(!planned.is_accepted());
    assert!(carry_out(planned).is_err());
}

#[test]
fn only_what_was_applied_is_pruned() {
    let (model, _) = build::traced();
    apply(&model, vec![gauge(&model, "applied", &[])]).unwrap();
    model.create(gauge(&model, "made", &[])).unwrap();

    let (planned, _) = plan(&model, vec![gauge(&model, "new", &[])], PRUNE);

    assert_eq!(told(&planned), ["create new", "delete applied"]);
    carry_out(planned).unwrap();
    let names: Vec<_> = model.children(model.objects()).iter().map(|one| one.name().to_owned()).collect();
    assert_eq!(names, ["made", "new"]);
}

#[test]
fn what_a_draft_links_to_is_not_pruned() {
    let (model, _) = build::traced();
    apply(&model, vec![step(&model, "base", &[], &[])]).unwrap();

    let (_, found) = plan(&model, vec![step(&model, "user", &["base"], &[])], PRUNE);

    assert_eq!(codes(&found), ["in-use"]);
}

#[test]
fn a_lease_forbids_a_replacement() {
    let (model, _) = build::traced();
    let objects = apply(&model, vec![gauge(&model, "a", &[])]).unwrap();
    let lease = model.lease(&objects[0], "the guest").unwrap();

    let (_, found) = plan(&model, vec![gauge(&model, "a", &[("step", 2)])], PRUNE);

    assert_eq!(codes(&found), ["in-use"]);
    drop(lease);
}

#[test]
fn content_is_lost_only_with_leave() {
    let (model, _) = build::traced();
    apply(&model, vec![step(&model, "a", &[], &[("loses", YES)])]).unwrap();
    let drafts = || vec![step(&model, "a", &[], &[("loses", YES), ("warn", YES)])];

    let (_, found) = plan(&model, drafts(), PRUNE);
    let (allowed, none) = plan(&model, drafts(), PlanOptions { allow_loss: true, ..PRUNE });

    assert_eq!(codes(&found), ["content-lost"]);
    assert_eq!(
        found[0].to_string(),
        "to replace object 'a' loses its content: 'warn' is fixed once realized"
    );
    assert!(none.is_empty());
    assert_eq!(allowed.steps()[0].content, qomet::Content::Lost);
}

#[test]
fn a_change_since_the_plan_was_made_refuses_it() {
    let (model, _) = build::traced();
    let objects = apply(&model, vec![gauge(&model, "a", &[])]).unwrap();
    let (structure, _) = plan(&model, vec![gauge(&model, "b", &[])], PlanOptions::default());
    let (value, _) = plan(&model, vec![gauge(&model, "a", &[("level", 7)])], PlanOptions::default());
    let (unchanged, _) =
        plan(&model, vec![gauge(&model, "a", &[]), gauge(&model, "c", &[])], PlanOptions::default());

    objects[0].set("low", 1u64).unwrap();
    let refused = |plan: ModelPlan| carry_out(plan).unwrap_err();

    assert_eq!(refused(value), "revision-changed");
    assert_eq!(refused(unchanged), "revision-changed");
    model.create(gauge(&model, "z", &[])).unwrap();
    assert_eq!(refused(structure), "revision-changed");
    assert_eq!(objects[0].get::<u64>("level").unwrap(), 50);
}

#[test]
fn a_live_set_that_fails_is_taken_back_with_everything_before_it() {
    let (model, trace) = build::traced();
    apply(&model, vec![gauge(&model, "a", &[]), gauge(&model, "b", &[])]).unwrap();
    let before = seen(&model);
    let _ = trace.take();

    let drafts = vec![
        gauge(&model, "a", &[("level", 7)]),
        gauge(&model, "b", &[("level", 13)]),
        step(&model, "new", &[], &[]),
    ];
    let found = apply(&model, drafts).unwrap_err();

    assert_eq!(codes(&found), ["jammed"]);
    assert_same(&before, &seen(&model));
    assert!(trace.take().contains(&"undo new".to_owned()));
}

#[test]
fn a_sensitive_value_is_compared_and_not_told() {
    let (model, _) = build::traced();
    let secret =
        |text: &str| draft(&model, "everything", "e", &[("secret", Native::Str(text.to_owned().into()))]);
    apply(&model, vec![secret("old")]).unwrap();

    let (planned, _) = plan(&model, vec![secret("new")], PlanOptions::default());

    let differences = &planned.steps()[0].differences;
    assert_eq!(differences.len(), 1);
    assert!(differences[0].from.is_none() && differences[0].to.is_none());
}

#[test]
fn mistakes_in_the_drafts_are_reported_before_anything_is_compared() {
    let (model, _) = build::traced();

    let (planned, found) = plan(&model, vec![step(&model, "a", &["nobody"], &[])], PRUNE);

    assert_eq!(codes(&found), ["dangling-link"]);
    assert!(planned.steps().is_empty() && !planned.is_accepted());
}

/// An object of a random document: its kind, what it needs of those before it, a fixed and a live value.
#[derive(Clone, Debug)]
struct Wanted {
    id: usize,
    is_step: bool,
    needs: Vec<usize>,
    fixed: u64,
    live: u64,
}

fn wanted() -> impl Strategy<Value = Vec<Wanted>> {
    let one = (any::<bool>(), proptest::collection::vec(0usize..6, 0..3), 1u64..3, 0u64..3);
    let document = proptest::collection::vec(proptest::option::weighted(0.7, one), 6);
    document.prop_map(|all| {
        let steps: Vec<bool> = all.iter().map(|one| one.as_ref().is_some_and(|one| one.0)).collect();
        let keep = |(id, one): (usize, Option<_>)| {
            let (is_step, needs, fixed, live): (bool, Vec<usize>, u64, u64) = one?;
            let needs = needs.into_iter().filter(|other| *other < id && steps[*other]).collect();
            Some(Wanted { id, is_step, needs, fixed, live })
        };
        all.into_iter().enumerate().filter_map(keep).collect()
    })
}

fn drafts(model: &Model, wanted: &[Wanted]) -> Vec<Draft> {
    let id = |number: usize| format!("o{number}");
    let make = |one: &Wanted| {
        if !one.is_step {
            return gauge(model, &id(one.id), &[("step", one.fixed), ("level", one.live)]);
        }
        let needs: Vec<String> = one.needs.iter().map(|other| id(*other)).collect();
        let needs: Vec<&str> = needs.iter().map(String::as_str).collect();
        let more = [("warn", Native::Bool(one.fixed == 2)), ("stays", Native::Bool(false))];
        step(model, &id(one.id), &needs, &more)
    };
    wanted.iter().map(make).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_says_what_then_happens_and_a_second_one_is_empty(old in wanted(), new in wanted()) {
        let (model, _) = build::traced();
        apply(&model, drafts(&model, &old)).unwrap();
        let before = seen(&model);

        let (planned, found) = plan(&model, drafts(&model, &new), PRUNE);
        prop_assert!(found.is_empty(), "{found:?}");
        let steps: Vec<_> = planned.steps().to_vec();
        let objects = carry_out(planned).unwrap();

        prop_assert_eq!(objects.len(), new.len());
        for step in &steps {
            let was = before.iter().find(|(path, ..)| path.ends_with(&*format!("/{}", step.id)));
            let is = model.object(&step.id).ok();
            let same = was.zip(is.as_ref()).map(|((_, was, _), is)| was.is(is));
            let expected = match step.action {
                Action::Create => was.is_none() && is.is_some(),
                Action::Unchanged | Action::Change => same == Some(true),
                Action::Replace => same == Some(false),
                Action::Delete => was.is_some() && is.is_none(),
            };
            prop_assert!(expected, "{step:?}");
        }
        let (again, found) = plan(&model, drafts(&model, &new), PRUNE);
        prop_assert!(found.is_empty() && again.is_empty(), "{:?}", told(&again));
    }

    #[test]
    fn a_plan_that_fails_on_the_way_changes_nothing(old in wanted(), new in wanted(), at in 0usize..6) {
        let (model, _) = build::traced();
        apply(&model, drafts(&model, &old)).unwrap();
        let (before, revision) = (seen(&model), model.revision());
        let mut document = drafts(&model, &new);
        let at = at.min(document.len());
        document.insert(at, draft(&model, "step", "zz", &[("refuse", YES)]));
        let (planned, _) = plan(&model, document, PRUNE);
        let failed = carry_out(planned).unwrap_err();

        prop_assert_eq!(failed, "host-refused");
        assert_same(&before, &seen(&model));
        prop_assert_eq!(model.revision(), revision);
    }
}

#[test]
fn what_stays_is_not_probed_again() {
    let (model, trace) = build::traced();
    apply(&model, vec![step(&model, "a", &[], &[])]).unwrap();
    let _ = trace.take();

    apply(&model, vec![step(&model, "a", &[], &[]), step(&model, "b", &["a"], &[])]).unwrap();

    assert_eq!(trace.take(), ["announce b", "probe b", "realize b", "commit b"]);
}
