//! A QEMU-compatible object model.
//!
//! A program registers typed objects once; it then checks, creates, introspects and changes them from property bags.
//! This crate is what an author of types depends on: no unsafe code, no operating system, no file formats.
//!
//! ```text
//! types    what a type is: #[derive(Object)], Realize, TypeRegistry, Class
//! value    what a property holds: Value, Size, Live, Link
//! visit    how values come in and go out: Input, Output
//! object   one object: Draft, Instance, ObjectRef, Handle
//! tree     who is whose child, paths
//! model    how objects come and go: Model, Batch, Journal, Progress
//! watch    who is told of changes: Watch, Event
//! error    what can be wrong: Problem, Diagnostic
//! ```
//!
//! # Plan and apply
//!
//! [`Model::plan`] compares what objects should be with those that there are, and touches nothing; [`ModelPlan::apply`] does
//! what the plan says, all of it or nothing. What can change while an object lives is changed in place, anything else
//! forces a replacement.
//!
//! ```
//! use qomet::prelude::*;
//! use qomet::{Action, Batch, PlanOptions};
//!
//! /// Gives light
//! #[derive(Object)]
//! #[object(name = "lamp", user_creatable)]
//! struct Lamp {
//!     /// How bright it is
//!     #[property(default = 50)]
//!     level: Live<u64>,
//!     /// What it is screwed into
//!     #[property(required)]
//!     socket: String,
//! }
//!
//! impl Realize for Lamp {
//!     fn realize(&self, _: &mut RealizeContext<'_>) -> qomet::Result<()> {
//!         Ok(())
//!     }
//! }
//!
//! types! { fn types = [Lamp]; }
//!
//! fn wanted(model: &Model, level: u64, socket: &str) -> qomet::Result<Batch> {
//!     let mut lamp = model.draft("lamp")?;
//!     lamp.set_id("hall");
//!     lamp.set("level", level)?;
//!     lamp.set("socket", socket)?;
//!     Ok(model.batch(vec![lamp]))
//! }
//!
//! # fn main() -> qomet::Result<()> {
//! let model = Model::new(TypeRegistry::builder().add(types()).build().expect("the types fit together"));
//! let mut report = Diagnostics::new();
//! let options = PlanOptions::default();
//! let lamp = model.apply(wanted(&model, 50, "E27")?, options, &mut report).expect("nothing is refused").remove(0);
//!
//! let plan = model.plan(wanted(&model, 80, "E27")?, options, &mut report);
//! assert_eq!(plan.steps()[0].action, Action::Change);
//! plan.apply(&mut report).expect("nothing has changed since");
//! assert_eq!(lamp.get::<u64>("level")?, 80);
//!
//! let plan = model.plan(wanted(&model, 80, "E14")?, options, &mut report);
//! let step = &plan.steps()[0];
//! assert_eq!(step.action, Action::Replace);
//! assert_eq!((step.differences[0].property, step.differences[0].forces), ("socket", true));
//! plan.apply(&mut report).expect("nothing has changed since");
//! assert!(lamp.is_deleted());
//!
//! assert!(model.plan(wanted(&model, 80, "E14")?, options, &mut report).is_empty());
//! assert!(report.take().is_empty());
//! # Ok(()) }
//! ```
#![forbid(unsafe_code)]

mod error;
mod expand;
mod model;
mod object;
mod tree;
mod types;
mod value;
mod visit;
mod watch;

pub use compact_str::CompactString;
pub use error::{
    About, Applicability, Diagnostic, Diagnostics, Edit, ErrorClass, Explanations, Failed, ModelErrorKind,
    Place, Problem, Related, Remedy, Repair, Result, Severity, Spelling, UnmetNeed, WayOut, is_nearest_alone,
    nearest,
};
#[cfg(unix)]
pub use model::{Access, Borrowed, DescriptorInfo, Descriptors, Missing};
pub use model::{
    Action, Batch, Difference, Journal, Lease, Level, Model, ModelPlan, PlanOptions, ProbeContext, Progress,
    RealizeContext, Service, Services, Snapshot, Step, Surroundings, Use,
};
pub use object::{
    AnyDraft, AnyObject, Draft, Extra, FromValue, Handle, Header, Hold, Instance, ObjectLock, ObjectRef,
    SlotSet, WeakRef,
};
pub use tree::{NO_ID, check_id, is_id};
pub use types::{
    Advice, Bounds, Check, Class, Container, Content, Foreseen, Interface, InterfaceEntry, Listed, Need,
    NoParent, ObjectType, Presence, Property, Realize, RegistryBuilder, Relation, TypeEntry, TypeInfo,
    TypeRegistry,
};
pub use value::{
    Alternative, Computed, EnumType, Field, IdOf, Link, LinkRef, Live, LiveValue, Member, Mutability,
    OnOffAuto, Size, StructType, Value, ValueType, WeakLink,
};
pub use visit::{
    Input, InputKind, LinkTarget, Native, NativeInput, NativeOutput, Output, TextOutput, ToNative, ValueRef,
};

pub use watch::{Event, Glob, Warned, Watch, WatchOptions};

#[cfg(feature = "derive")]
pub use qomet_derive::{Object, Value};

/// What expanded code needs and nobody else.
#[doc(hidden)]
pub mod __private {
    pub use crate::expand::{
        Project, ProjectByBorrow, Snapshot, any_of, are_distinct, branch, is_integer, is_range,
    };
}

/// What nearly every author needs.
pub mod prelude {
    pub use crate::{
        Check, Computed, Diagnostic, Diagnostics, Link, Live, Model, OnOffAuto, Realize, RealizeContext,
        Size, TypeRegistry, WeakLink, types,
    };
    #[cfg(feature = "derive")]
    pub use qomet_derive::{Object, Value};
}
