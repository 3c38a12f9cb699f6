//! `#[derive(Object)]` and `#[derive(Value)]` of the crate `qomet`, which re-exports them: use them from there.
//!
//! This file is the entry; everything behind it is `TokenStream` to `TokenStream` and tested without a compiler.
//!
//! ```text
//! object      the derive for types of objects
//! value       the derive for enums, structs and alternates
//! attribute   reading #[object(…)], #[property(…)], #[value(…)]
//! describe    names and descriptions
//! kind        what the tokens of a field's type say
//! mistakes    collecting mistakes, so that all are reported together
//! ```

mod attribute;
mod describe;
#[cfg(test)]
mod golden;
mod kind;
mod mistakes;
mod object;
mod value;

use proc_macro::TokenStream;

/// Makes a struct an object type: its fields are the properties.
///
/// The struct also needs a place in a list of types ([`types!`](../qomet/macro.types.html)) and, unless it is
/// abstract, `impl Realize`.
///
/// ```
/// use qomet::prelude::*;
///
/// /// Puts ink on paper.
/// #[derive(Object)]
/// #[object(name = "printer", user_creatable)]
/// pub struct Printer {
///     /// Where it is plugged in.
///     #[property(required)]
///     port: String,
///     /// Pages a minute.
///     #[property(default = 30, min = 1, max = 200, unit = "pages/min")]
///     speed: Live<u32>,
///     /// What people call it.
///     label: Option<String>,
/// }
///
/// impl Realize for Printer {
///     fn realize(&self, _: &mut RealizeContext<'_>) -> qomet::Result<()> {
///         println!("{} at {} pages a minute", self.port(), self.speed());
///         Ok(())
///     }
/// }
///
/// types! {
///     /// The types of this program.
///     pub fn types = [Printer];
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let registry = TypeRegistry::builder().add(types()).build().expect("types that fit together");
/// let model = Model::new(registry);
/// let mut draft = model.draft("printer")?;
/// draft.set_id("p0");
/// draft.set("port", "lp0")?;
/// let printer = model.create(draft)?;
/// printer.set("speed", 60u32)?;
/// assert_eq!(printer.get::<u32>("speed")?, 60);
/// let refused = printer.set("port", "lp1").unwrap_err();
/// assert_eq!(refused.to_string(), "cannot change property 'port' of printer");
/// # Ok(())
/// # }
/// ```
///
/// # Attributes of the struct
///
/// The description is the first paragraph of the documentation; it must be there.
///
/// | `#[object(…)]` | meaning | default | example |
/// |---|---|---|---|
/// | `name` | the name on the wire | must be given | `name = "printer"` |
/// | `state` | what a realized object holds | `()` | `state = PrinterState` |
/// | `abstract` | there are no objects of the type itself; no `Realize` is needed | it has objects | `abstract` |
/// | `user_creatable` | users may create objects of it and of the types below it, as far as these are not abstract | programs only | `user_creatable` |
/// | `serves` | objects of it, and of the types below it, are there for others to link to: a batch in which some of them are linked to and this one is not has a warning | they may stand alone | `serves` |
/// | `check` | `impl Check` has rules across properties | no rules | `check` |
/// | `interfaces` | traits that `Instance<Self>` implements and objects can be asked for; a child names them again | none | `interfaces(RandomSource)` |
/// | `crate` | where the crate `qomet` is | `::qomet` | `crate = path::to::qomet` |
///
/// # Attributes of a field
///
/// | attribute | meaning | default | example |
/// |---|---|---|---|
/// | `#[object(parent)]` | the field holds the struct of the parent type, whose properties are inherited and which the struct dereferences to | no parent | `#[object(parent)] base: Device` |
///
/// Where both have a state and the parent's is not `()`, the child's implements [`Borrow`](std::borrow::Borrow)
/// of the parent's.
///
/// Every other field is a property. Its description is the first paragraph of its documentation, without the
/// final full stop; it must be there. Exactly one of `required`, `default` and a type `Option<…>` says what it is
/// before anybody sets it. Its type says when it may change:
///
/// | type | changes | getter |
/// |---|---|---|
/// | `T` | until the object is realized | `fn speed(&self) -> &T` |
/// | `Live<T>` | at any time, read without a lock | `fn speed(&self) -> T` |
/// | `Computed<T>` | never: it is worked out when read | none |
///
/// | `#[property(…)]` | meaning | default | example |
/// |---|---|---|---|
/// | `name` | the name on the wire | the field's, with `-` for `_` | `name = "mem-path"` |
/// | `required` | it must be given | see above | `required` |
/// | `default` | the value unless given, of the property's type | see above | `default = Size::mib(1)` |
/// | `min` | the least number; integers and sizes only | the type's | `min = 1` |
/// | `max` | the greatest number | the type's | `max = 200` |
/// | `multiple_of` | what the number must be a multiple of | any | `multiple_of = 4096` |
/// | `unit` | the unit of the number | none | `unit = "ns"` |
/// | `example` | a value as a document writes it: text, or JSON for what is no text | none | `example = "/dev/usb/lp0"` |
/// | `needs` | what objects that it links to must have: a property of theirs that is `=`, `>=` or `<=` a value; see below | nothing | `needs(duplex = true, tray >= 100u32)` |
/// | `sensitive` | write-only: no getter, no reader, no message shows it | readable | `sensitive` |
/// | `since` | the version that introduced it | not said | `since = "1.2"` |
/// | `deprecated` | the version since which it is deprecated | not deprecated | `deprecated = "2.0"` |
/// | `replaced_by` | the property to use instead of a deprecated one | none | `replaced_by = "speed"` |
/// | `unstable` | it may change or go without notice | stable | `unstable` |
/// | `computed` | for `Computed<T>`: `fn(&Self, &State) -> T` that works it out | must be given | `computed = Self::pages` |
/// | `effective` | what readers see of a realized object: `fn(&Self, &State) -> T`; the field keeps what was configured | the field | `effective = Self::duplex_now` |
///
/// # A parent, rules, computed and effective properties
///
/// ```
/// use qomet::prelude::*;
///
/// /// Something with a power switch.
/// #[derive(Object)]
/// #[object(name = "device", abstract)]
/// pub struct Device {
///     /// Whether it is on.
///     #[property(default = true)]
///     power: Live<bool>,
/// }
///
/// /// What a realized printer holds.
/// pub struct PrinterState {
///     drums: u32,
/// }
///
/// /// Puts ink on paper.
/// #[derive(Object)]
/// #[object(name = "printer", user_creatable, state = PrinterState, check)]
/// pub struct Printer {
///     #[object(parent)]
///     base: Device,
///     /// Pages a minute.
///     #[property(default = 30)]
///     speed: Live<u32>,
///     /// The most pages a minute.
///     #[property(default = 100)]
///     limit: u32,
///     /// How many drums it has.
///     #[property(computed = Self::drums)]
///     drums: Computed<u32>,
///     /// Whether to print on both sides.
///     #[property(default = OnOffAuto::Auto, effective = Self::duplex_now)]
///     duplex: OnOffAuto,
/// }
///
/// impl Printer {
///     fn drums(&self, state: &PrinterState) -> u32 {
///         state.drums
///     }
///     fn duplex_now(&self, state: &PrinterState) -> OnOffAuto {
///         self.duplex().or(state.drums > 1).into()
///     }
/// }
///
/// impl Check for Printer {
///     fn check(&self, report: &mut Diagnostics) {
///         if self.speed() > *self.limit() {
///             let _ = report.report(Diagnostic::custom("too-fast", "faster than its limit").with_property("speed"));
///         }
///     }
/// }
///
/// impl Realize for Printer {
///     fn realize(&self, _: &mut RealizeContext<'_>) -> qomet::Result<PrinterState> {
///         Ok(PrinterState { drums: 2 })
///     }
/// }
///
/// types! {
///     /// The types of this program.
///     pub fn types = [Device, Printer];
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let model = Model::new(TypeRegistry::builder().add(types()).build().expect("types that fit together"));
/// let mut draft = model.draft("printer")?;
/// draft.set_id("p0");
/// let printer = model.create(draft)?;
/// assert_eq!(printer.get::<String>("duplex")?, "on");
/// assert_eq!(printer.get::<u32>("drums")?, 2);
/// assert!(printer.get::<bool>("power")?);
/// assert_eq!(printer.set("speed", 101u32).unwrap_err().code(), "too-fast");
/// # Ok(())
/// # }
/// ```
///
/// # What a property needs of what it links to
///
/// A need is judged wherever the link gets its target: in a check, when a batch is created, when a live link is set. What a
/// target leaves out counts by what it comes to: where the type decides that, [`Realize::foresee`](../qomet/trait.Realize.html)
/// tells it, and `Realize::advise` what to do where setting the property is no way. The name is that of the target's property,
/// written as a field or in quotes; a target that has no such property will do. A registry refuses needs that nothing could
/// meet, and those about live properties, which could cease to be met.
///
/// ```
/// use qomet::prelude::*;
///
/// /// Sends pages.
/// #[derive(Object)]
/// #[object(name = "printer", user_creatable)]
/// pub struct Printer {
///     /// Whether it prints on both sides.
///     #[property(default = false)]
///     duplex: bool,
/// }
/// # impl Realize for Printer {
/// #     fn realize(&self, _: &mut RealizeContext<'_>) -> qomet::Result<()> { Ok(()) }
/// # }
///
/// /// Binds what is printed.
/// #[derive(Object)]
/// #[object(name = "binder", user_creatable)]
/// pub struct Binder {
///     /// Where pages come from.
///     #[property(required, needs(duplex = true))]
///     printer: Link<Printer>,
/// }
/// # impl Realize for Binder {
/// #     fn realize(&self, _: &mut RealizeContext<'_>) -> qomet::Result<()> { Ok(()) }
/// # }
/// # types! { pub fn types = [Printer, Binder]; }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let model = Model::new(TypeRegistry::builder().add(types()).build().expect("types that fit together"));
/// let (mut printer, mut binder) = (model.draft("printer")?, model.draft("binder")?);
/// printer.set_id("p0");
/// binder.set_id("b0");
/// binder.set("printer", "p0")?;
/// let mut report = Diagnostics::new();
/// assert!(model.batch(vec![binder, printer]).create(&mut report).is_err());
/// let refused = report.take().remove(0);
/// assert_eq!(refused.to_string(), "property 'printer' of binder needs duplex=on, but 'p0' has duplex=off");
/// assert_eq!(refused.problem().help().as_deref(), Some("set duplex=on on 'p0'"));
/// # Ok(())
/// # }
/// ```
///
/// # Limitations
///
/// A derive sees names, not types: write `Live<…>`, `Computed<…>` and `Option<…>` themselves, not aliases of
/// them. There are no generics: a type has one name.
#[proc_macro_derive(Object, attributes(object, property))]
pub fn object(input: TokenStream) -> TokenStream {
    object::expand(input.into()).into()
}

/// Makes an enum or struct a value that properties, members and lists can hold.
///
/// It must be [`Clone`]. There are three kinds:
///
/// ```
/// use qomet::prelude::*;
///
/// /// No variant has fields: a list of names.
/// #[derive(Clone, Copy, Value)]
/// pub enum Policy {
///     /// Whatever the system does.
///     Default,
///     /// Only on these nodes.
///     Bind,
/// }
/// assert_eq!(Policy::Bind.as_str(), "bind");
///
/// /// A struct: members with names, in any order.
/// #[derive(Clone, Value)]
/// pub struct Throttle {
///     /// Bytes a second.
///     bps_total: u64,
///     /// How long a burst may be.
///     #[value(default = 1)]
///     burst_length: u64,
///     /// The most at once.
///     burst: Option<Size>,
/// }
///
/// /// Every variant has one field: an alternate, told apart by the kind of what is given.
/// #[derive(Clone, Value)]
/// pub enum Limit {
///     Off(bool),
///     Bytes(Size),
///     Rules(Vec<Throttle>),
/// }
/// ```
///
/// | `#[value(…)]` | on | meaning | default | example |
/// |---|---|---|---|---|
/// | `name` | the type | the name in introspection | the type's | `name = "HostMemPolicy"` |
/// | `crate` | the type | where the crate `qomet` is | `::qomet` | `crate = path::to::qomet` |
/// | `rename` | a variant or member | the name on the wire | `RoundRobin` is `round-robin`, `bps_total` is `bps-total` | `rename = "interleave"` |
/// | `default` | a member | the value unless given | required, or absent for `Option<…>` | `default = 1` |
///
/// Descriptions are first paragraphs of documentation, which every member must have and variants should.
///
/// The branches of an alternate must be of different kinds: boolean, integer (sizes too), number, string (paths,
/// names and links too), struct, list. Where no branch takes an integer, one for numbers does; where none takes a
/// string, one for sizes does (`"1G"`).
#[proc_macro_derive(Value, attributes(value))]
pub fn value(input: TokenStream) -> TokenStream {
    value::expand(input.into()).into()
}
