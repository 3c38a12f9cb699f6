//! What objects need of those that they link to: between drafts, against objects that there are, when a link is set.

use std::borrow::Cow;

use qomet::prelude::*;
use qomet::{About, Advice, AnyDraft, Foreseen, Level, Native, Need, ObjectRef, Result, Surroundings, Use};

/// Something that gives light, or a socket for it.
#[derive(Object)]
#[object(name = "lamp", user_creatable, serves)]
struct Lamp {
    /// Whether it can be dimmed; unset: as its kind is
    #[property(effective = Lamp::is_dimmable)]
    dimmable: Option<bool>,
    /// How much it takes
    #[property(default = 60)]
    watts: u32,
    /// Whether it is on
    #[property(default = true)]
    on: Live<bool>,
}

impl Lamp {
    fn is_dimmable(&self, (): &()) -> Option<bool> {
        Some(self.dimmable.unwrap_or(false))
    }
}

impl Realize for Lamp {
    fn realize(&self, _: &mut RealizeContext<'_>) -> Result<()> {
        Ok(())
    }

    fn foresee(&self, property: &'static str, _: Option<&Surroundings<'_>>) -> Foreseen {
        match property {
            "dimmable" => Foreseen::Value(Native::Bool(self.dimmable.unwrap_or(false)), &[]),
            _ => Foreseen::AsConfigured,
        }
    }

    fn advise(&self, need: &Need, id: &str) -> Advice {
        match need.property {
            "watts" => Advice::Instead(Cow::Owned(format!("screw another lamp into {id}"))),
            _ => Advice::Set,
        }
    }
}

/// What turns a lamp down.
#[derive(Object)]
#[object(name = "dimmer", user_creatable)]
struct Dimmer {
    /// The lamp
    #[property(needs(dimmable = true, watts <= 100u32))]
    lamp: Option<Link<Lamp>>,
    /// The one beside it
    #[property(needs(dimmable = true))]
    beside: Live<Option<WeakLink<Lamp>>>,
}

impl Realize for Dimmer {
    fn realize(&self, _: &mut RealizeContext<'_>) -> Result<()> {
        Ok(())
    }
}

types! { fn types = [Lamp, Dimmer]; }

fn model() -> Model {
    Model::new(TypeRegistry::builder().add(types()).build().expect("types that fit"))
}

fn draft(model: &Model, kind: &str, id: &str) -> Box<dyn AnyDraft> {
    let mut draft = model.draft(kind).unwrap();
    draft.set_id(id);
    draft
}

/// What is said of a batch.
fn told(model: &Model, drafts: Vec<Box<dyn AnyDraft>>) -> Vec<String> {
    let mut report = Diagnostics::new();
    model.batch(drafts).check(Level::Host, &mut report);
    report.take().iter().map(|one| format!("{}: {one}", one.code())).collect()
}

fn lamp(model: &Model, id: &str, dimmable: bool) -> ObjectRef {
    let mut lamp = draft(model, "lamp", id);
    lamp.set("dimmable", dimmable).unwrap();
    model.create(lamp).unwrap()
}

#[test]
fn what_is_left_out_counts_by_what_it_comes_to() {
    let model = model();
    let mut dimmer = draft(&model, "dimmer", "d0");
    dimmer.set("lamp", "l0").unwrap();

    let told = told(&model, vec![draft(&model, "lamp", "l0"), dimmer]);

    assert_eq!(told, ["unmet-need: property 'lamp' of dimmer needs dimmable=on, but 'l0' has dimmable=off"]);
}

#[test]
fn a_number_may_be_too_high_and_its_type_says_what_to_do() {
    let model = model();
    let (mut lamp, mut dimmer) = (draft(&model, "lamp", "l0"), draft(&model, "dimmer", "d0"));
    lamp.set("dimmable", true).unwrap();
    lamp.set("watts", 150_u32).unwrap();
    dimmer.set("lamp", "/objects/l0").unwrap();
    let mut report = Diagnostics::new();

    model.batch(vec![dimmer, lamp]).check(Level::Graph, &mut report);

    let told = report.take();
    assert_eq!(
        told[0].to_string(),
        "property 'lamp' of dimmer needs watts of at most 100, but '/objects/l0' has watts=150"
    );
    assert_eq!(told[0].problem().help().as_deref(), Some("screw another lamp into l0"));
    let about = &told[0].related()[0].about;
    assert_eq!((about.object.as_deref(), about.property.as_deref()), (Some("l0"), Some("watts")));
}

#[test]
fn an_object_that_is_there_is_judged_as_it_is() {
    let model = model();
    lamp(&model, "plain", false);
    lamp(&model, "fine", true);
    let (mut wrong, mut right) = (draft(&model, "dimmer", "d0"), draft(&model, "dimmer", "d1"));
    wrong.set("lamp", "plain").unwrap();
    right.set("lamp", "fine").unwrap();

    let told = told(&model, vec![wrong, right]);

    assert_eq!(
        told,
        ["unmet-need: property 'lamp' of dimmer needs dimmable=on, but 'plain' has dimmable=off"]
    );
}

#[test]
fn a_live_link_is_not_set_to_what_does_not_do() {
    let model = model();
    let (plain, fine) = (lamp(&model, "plain", false), lamp(&model, "fine", true));
    let dimmer = model.create(draft(&model, "dimmer", "d0")).unwrap();

    let refused = model.set(&dimmer, "beside", "plain").unwrap_err();

    assert_eq!(
        refused.to_string(),
        "property 'beside' of dimmer needs dimmable=on, but 'plain' has dimmable=off"
    );
    assert_eq!(dimmer.get::<String>("beside").unwrap(), "");
    assert_eq!(dimmer.set("beside", &plain).unwrap_err().code(), "unmet-need");
    model.set(&dimmer, "beside", "fine").unwrap();
    assert_eq!(dimmer.get::<String>("beside").unwrap(), fine.path());
}

#[test]
fn a_batch_that_was_not_checked_is_refused_all_the_same() {
    let model = model();
    let mut dimmer = draft(&model, "dimmer", "d0");
    dimmer.set("lamp", "l0").unwrap();
    let mut report = Diagnostics::new();

    let made = model.batch(vec![dimmer, draft(&model, "lamp", "l0")]).create(&mut report);

    assert!(made.is_err());
    assert_eq!(report.take()[0].code(), "unmet-need");
    assert!(model.children(model.objects()).is_empty());
}

#[test]
fn what_is_wrong_already_is_not_judged_again() {
    let model = model();
    let (mut lamp, mut dimmer) = (draft(&model, "lamp", "l0"), draft(&model, "dimmer", "d0"));
    assert!(lamp.set("dimmable", "perhaps").is_err());
    dimmer.set("lamp", "l0").unwrap();

    assert_eq!(told(&model, vec![lamp, dimmer]), [""; 0]);
}

#[test]
fn an_object_that_nobody_uses_is_told_where_others_are_used() {
    let model = model();
    let make = |dimmer: bool| {
        let (mut one, mut user) = (draft(&model, "lamp", "l0"), draft(&model, "dimmer", "d0"));
        one.set("dimmable", true).unwrap();
        user.set("lamp", "l0").unwrap();
        let mut drafts = vec![one, draft(&model, "lamp", "l1")];
        drafts.extend(dimmer.then_some(user));
        drafts
    };

    assert_eq!(told(&model, make(false)), [""; 0]);
    assert_eq!(
        told(&model, make(true)),
        ["unused-object: object 'l1' is not used: others of the kind lamp are, and it by nobody"]
    );
}

#[test]
fn users_outside_of_the_model_are_judged_like_links() {
    let model = model();
    let outside = |path: &str, exclusive: bool| Use {
        path: path.to_owned(),
        target_type: "lamp",
        about: About { property: Some("bulb".into()), type_name: Some("ceiling".into()), ..About::default() },
        exclusive,
        ..Use::default()
    };
    let mut batch = model.batch(vec![draft(&model, "lamp", "l0"), draft(&model, "lamp", "l1")]);
    batch.expect_use(outside("l0", true));
    batch.expect_use(outside("l0", true));
    batch.expect_use(outside("l0", false));
    batch.expect_use(outside("l2", true));
    let mut report = Diagnostics::new();

    batch.check(Level::Graph, &mut report);

    let told: Vec<String> = report.take().iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "property 'bulb' of ceiling takes 'l0', which another one has already",
            "property 'bulb' of ceiling names 'l2', which no object has for its id",
        ]
    );
}

/// Needs what nothing has, and what may change.
#[derive(Object)]
#[object(name = "dreamer", user_creatable)]
struct Dreamer {
    /// A lamp
    #[property(needs(colour = true))]
    colourful: Option<Link<Lamp>>,
    /// A lamp
    #[property(needs(on = true))]
    burning: Option<Link<Lamp>>,
    /// A lamp
    #[property(needs(watts = true))]
    strong: Option<Link<Lamp>>,
    /// No lamp
    #[property(default = 1, needs(watts = 1u32))]
    count: u32,
}

impl Realize for Dreamer {
    fn realize(&self, _: &mut RealizeContext<'_>) -> Result<()> {
        Ok(())
    }
}

types! { fn dreamers = [Dreamer]; }

#[test]
fn a_need_that_nothing_could_meet_or_anything_could_break_is_no_type() {
    let wrong = TypeRegistry::builder().add(types()).add(dreamers()).build().unwrap_err();

    let told: Vec<String> = wrong.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "property 'colourful' of dreamer cannot need colour=on: no type that it links to has such a property",
            "property 'burning' of dreamer cannot need on=on: that may change while the link stands",
            "property 'strong' of dreamer cannot need watts=on: that is no value of it",
            "property 'count' of dreamer cannot need watts=1: it links to nothing",
        ]
    );
}
