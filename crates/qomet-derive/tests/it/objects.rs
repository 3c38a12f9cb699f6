//! Derived object types at work in a model: three levels, every attribute.
#![deny(warnings, clippy::all, clippy::pedantic, missing_docs)]
#![allow(clippy::unwrap_used, clippy::panic, unreachable_pub, reason = "tests")]

use std::borrow::Borrow;

use qomet::prelude::*;
use qomet::{Instance, Interface, ObjectRef, Presence, TextOutput};

/// Something that can be asked how many pages it has printed.
pub trait Counter: Send + Sync {
    /// So many pages.
    fn pages(&self) -> u64;
}

impl Interface for dyn Counter {
    const NAME: &'static str = "counter";
}

/// Where paper comes from.
#[derive(Clone, Copy, Debug, PartialEq, Value)]
pub enum Tray {
    /// The upper one.
    Upper,
    /// Whatever is put in by hand.
    ByHand,
}

/// Something with a power switch.
///
/// This paragraph is not part of the description.
#[derive(Object)]
#[object(name = "device", abstract)]
pub struct Device {
    /// Whether it is on.
    #[property(default = true)]
    power: Live<bool>,
    /// What people call it.
    label: Option<String>,
}

/// What a printer holds.
#[derive(Debug)]
pub struct PrinterState {
    pages: u64,
}

/// Puts ink on paper.
#[derive(Object)]
#[object(name = "printer", user_creatable, state = PrinterState, check, interfaces(Counter))]
pub struct Printer {
    #[object(parent)]
    base: Device,
    /// Pages a minute.
    #[property(default = 30, min = 1, max = 200, unit = "pages/min")]
    speed: Live<u32>,
    /// The most pages a minute.
    #[property(default = 100)]
    limit: u32,
    /// Room for documents.
    #[property(default = Size::mib(16), multiple_of = 4096, since = "1.0")]
    buffer_size: Size,
    /// Where it is plugged in.
    #[property(required)]
    port: String,
    /// Pages printed so far.
    #[property(computed = Self::count)]
    pages: Computed<u64>,
    /// Whether to print on both sides.
    #[property(default = OnOffAuto::Auto, effective = Self::effective_duplex)]
    duplex: OnOffAuto,
    /// Who may print.
    #[property(default = String::new(), sensitive)]
    password: String,
    /// Where paper comes from.
    #[property(default = Tray::ByHand)]
    tray: Live<Tray>,
    /// Where to send what cannot be printed here.
    fallback: Option<Link<Printer>>,
    /// An old name of the speed.
    #[property(name = "x-ppm", default = 0, deprecated = "1.1", unstable)]
    ppm: u16,
}

impl Printer {
    fn count(&self, state: &PrinterState) -> u64 {
        state.pages + u64::from(self.speed())
    }

    fn effective_duplex(&self, _: &PrinterState) -> OnOffAuto {
        self.duplex.or(self.limit > 50).into()
    }
}

impl Check for Printer {
    fn check(&self, report: &mut Diagnostics) {
        if self.speed() > self.limit {
            let _ =
                report.report(Diagnostic::custom("too-fast", "faster than the limit").with_property("speed"));
        }
    }
}

impl Realize for Printer {
    fn realize(&self, _: &mut RealizeContext<'_>) -> qomet::Result<PrinterState> {
        Ok(PrinterState { pages: 7 })
    }
}

impl Counter for Instance<Printer> {
    fn pages(&self) -> u64 {
        self.state().pages
    }
}

/// What a laser printer holds.
#[derive(Debug)]
pub struct LaserState {
    printer: PrinterState,
    heat: u64,
}

impl Borrow<PrinterState> for LaserState {
    fn borrow(&self) -> &PrinterState {
        &self.printer
    }
}

/// Prints with light
#[derive(Object)]
#[object(name = "laser-printer", user_creatable, state = LaserState)]
pub struct LaserPrinter {
    #[object(parent)]
    base: Printer,
    /// How hot it is.
    #[property(computed = heat, unit = "degrees")]
    heat: Computed<u64>,
    /// How dark it prints.
    #[property(default = -3, min = -10, max = 10)]
    r#type: Live<i8>,
}

fn heat(_: &LaserPrinter, state: &LaserState) -> u64 {
    state.heat
}

impl Realize for LaserPrinter {
    fn realize(&self, _: &mut RealizeContext<'_>) -> qomet::Result<LaserState> {
        Ok(LaserState { printer: PrinterState { pages: 1 }, heat: 180 })
    }
}

types! {
    /// The types of this test.
    pub fn types = [Device, Printer, LaserPrinter];
}

fn model() -> Model {
    Model::new(TypeRegistry::builder().add(types()).build().unwrap())
}

fn create(model: &Model, kind: &str, id: &str) -> ObjectRef {
    let mut draft = model.draft(kind).unwrap();
    draft.set_id(id);
    draft.set("port", "lp0").unwrap();
    model.create(draft).unwrap()
}

fn laser() -> ObjectRef {
    create(&model(), "laser-printer", "p0")
}

fn shown(object: &ObjectRef, property: &str) -> String {
    TextOutput::of(|out| object.write(property, out).unwrap())
}

#[test]
fn own_and_inherited_properties_are_read_by_name() {
    let laser = laser();
    assert_eq!(laser.get::<String>("port").unwrap(), "lp0");
    assert_eq!(laser.get::<u32>("speed").unwrap(), 30);
    assert!(laser.get::<bool>("power").unwrap());
    assert_eq!(laser.get::<i64>("type").unwrap(), -3);
    assert_eq!(laser.get::<Size>("buffer-size").unwrap(), Size::mib(16));
    assert_eq!(laser.get::<String>("tray").unwrap(), "by-hand");
}

#[test]
fn the_properties_of_parents_come_first() {
    let laser = laser();
    let names: Vec<_> = laser.class().properties().iter().map(|property| property.name).collect();
    assert_eq!(
        names,
        [
            "power",
            "label",
            "speed",
            "limit",
            "buffer-size",
            "port",
            "pages",
            "duplex",
            "password",
            "tray",
            "fallback",
            "x-ppm",
            "heat",
            "type"
        ]
    );
}

#[test]
fn getters_reach_through_the_parents() {
    let laser = laser();
    let laser = laser.cast::<LaserPrinter>().unwrap();
    assert_eq!(laser.r#type(), -3);
    assert_eq!(laser.speed(), 30);
    assert_eq!(*laser.buffer_size(), Size::mib(16));
    assert!(laser.power());
    assert_eq!(laser.label(), &None);
}

#[test]
fn a_live_property_is_set() {
    let laser = laser();
    laser.set("type", 4i8).unwrap();
    laser.set("power", false).unwrap();
    laser.set("tray", "upper").unwrap();
    assert_eq!(laser.get::<i64>("type").unwrap(), 4);
    assert!(!laser.get::<bool>("power").unwrap());
    assert_eq!(laser.cast::<Printer>().unwrap().tray(), Tray::Upper);
    assert_eq!(laser.revision(), 3);
}

#[test]
fn a_fixed_property_is_refused() {
    let error = laser().set("buffer-size", 4096u64).unwrap_err();
    assert_eq!(error.to_string(), "cannot change property 'buffer-size' of laser-printer");
}

#[test]
fn a_computed_property_is_refused() {
    let error = laser().set("heat", 20u64).unwrap_err();
    assert_eq!(error.code(), "read-only");
}

#[test]
fn bounds_are_checked_before_and_after_realize() {
    let model = model();
    assert_eq!(model.draft("printer").unwrap().set("speed", 201u32).unwrap_err().code(), "out-of-range");
    assert_eq!(
        model.draft("printer").unwrap().set("buffer-size", 5000u32).unwrap_err().code(),
        "not-a-multiple"
    );
    assert_eq!(laser().set("type", -11i8).unwrap_err().code(), "out-of-range");
}

#[test]
fn a_rule_across_properties_refuses_a_live_set_and_stores_nothing() {
    let laser = laser();
    let error = laser.set("speed", 150u32).unwrap_err();
    assert_eq!((error.code(), error.to_string().as_str()), ("too-fast", "faster than the limit"));
    assert_eq!(laser.get::<u32>("speed").unwrap(), 30);
    assert_eq!(laser.revision(), 0);
}

#[test]
fn a_rule_across_properties_refuses_a_draft() {
    let model = model();
    let mut draft = model.draft("laser-printer").unwrap();
    draft.set_id("p0");
    draft.set("port", "lp0").unwrap();
    draft.set("limit", 10u32).unwrap();
    assert_eq!(model.create(draft).unwrap_err().code(), "too-fast");
}

#[test]
fn a_missing_required_property_is_refused() {
    let model = model();
    let mut draft = model.draft("printer").unwrap();
    draft.set_id("p0");
    assert_eq!(model.create(draft).unwrap_err().code(), "missing-property");
}

#[test]
fn computed_properties_see_properties_and_state_of_their_level() {
    let laser = laser();
    assert_eq!(laser.get::<u64>("pages").unwrap(), 31);
    assert_eq!(laser.get::<u64>("heat").unwrap(), 180);
    assert_eq!(shown(&laser, "heat"), "180");
}

#[test]
fn readers_see_the_effective_value_and_the_struct_keeps_the_configured_one() {
    let laser = laser();
    assert_eq!(laser.get::<String>("duplex").unwrap(), "on");
    assert_eq!(shown(&laser, "duplex"), "on");
    assert_eq!(laser.cast::<Printer>().unwrap().duplex(), &OnOffAuto::Auto);
}

#[test]
fn a_draft_shows_what_is_configured() {
    let draft = model().draft("laser-printer").unwrap();
    let slot = |name| draft.class().find(name).unwrap();
    assert_eq!(TextOutput::of(|out| draft.write(slot("duplex"), out)), "auto");
    assert_eq!(TextOutput::of(|out| draft.write(slot("heat"), out)), "(none)");
}

#[test]
fn nobody_reads_a_sensitive_property() {
    let laser = laser();
    assert_eq!(laser.get::<String>("password").unwrap_err().code(), "write-only");
    let draft = model().draft("printer").unwrap();
    let slot = draft.class().find("password").unwrap();
    assert_eq!(TextOutput::of(|out| draft.write(slot, out)), "(none)");
}

#[test]
fn an_interface_is_asked_for() {
    let printer = create(&model(), "printer", "p0");
    assert_eq!(printer.interface::<dyn Counter>().unwrap().pages(), 7);
    assert!(printer.class().is_a("counter"));
}

#[test]
fn casts_go_to_every_parent_and_to_nothing_else() {
    let printer = create(&model(), "printer", "p0");
    assert!(printer.cast::<Device>().is_some());
    assert!(printer.cast::<Printer>().is_some());
    assert!(printer.cast::<LaserPrinter>().is_none());
    assert_eq!(printer.instance::<Printer>().unwrap().state().pages, 7);
}

#[test]
fn a_link_is_resolved_and_keeps_its_target() {
    let model = model();
    let first = create(&model, "laser-printer", "p0");
    let mut draft = model.draft("printer").unwrap();
    draft.set_id("p1");
    draft.set("port", "lp1").unwrap();
    draft.set("fallback", "p0").unwrap();
    let second = model.create(draft).unwrap();
    let link = second.cast::<Printer>().unwrap().fallback().as_ref().unwrap();
    assert!(link.get().unwrap().is(&first));
    assert_eq!(second.get::<String>("fallback").unwrap(), "/objects/p0");
    let mut seen = Vec::new();
    second.links(&mut |property, link| seen.push((property.to_owned(), link.target_type(), link.holds())));
    assert_eq!(seen, [("fallback".to_owned(), "printer", true)]);
}

#[test]
fn an_empty_bag_gives_exactly_the_declared_defaults() {
    let draft = model().draft("laser-printer").unwrap();
    let (mut configured, mut declared) = (Vec::new(), Vec::new());
    for (slot, property) in draft.class().properties().iter().enumerate() {
        if let (Presence::Default(write), false) = (property.presence, property.sensitive) {
            configured.push((property.name, TextOutput::of(|out| draft.write(slot, out))));
            declared.push((property.name, TextOutput::of(|out| write(out))));
        }
    }
    assert_eq!(configured, declared);
    assert_eq!(declared.len(), 8);
}

#[test]
fn everything_declared_is_introspected() {
    let model = model();
    let class = model.registry().get("printer").unwrap();
    assert_eq!(class.description(), "Puts ink on paper");
    let [speed, .., ppm] = class.own_properties() else { panic!("too few properties") };
    assert_eq!((speed.description, speed.unit), ("Pages a minute", Some("pages/min")));
    assert_eq!((speed.bounds.minimum, speed.bounds.maximum), (Some(1), Some(200)));
    assert_eq!((ppm.name, ppm.deprecated, ppm.unstable), ("x-ppm", Some("1.1"), true));
    let device = model.registry().get("device").unwrap();
    assert_eq!(device.description(), "Something with a power switch");
    assert!(device.is_abstract());
}
