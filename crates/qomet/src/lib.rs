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
    Place, Problem, Related, Remedy, Repair, Result, Severity, Spelling, is_nearest_alone, nearest,
};
#[cfg(unix)]
pub use model::{Access, Borrowed, DescriptorInfo, Descriptors, Missing};
pub use model::{
    Action, Batch, Difference, Journal, Lease, Level, Model, ModelPlan, PlanOptions, ProbeContext, Progress,
    RealizeContext, Service, Services, Snapshot, Step, Surroundings,
};
pub use object::{
    AnyDraft, AnyObject, Draft, Extra, FromValue, Handle, Header, Hold, Instance, ObjectLock, ObjectRef,
    SlotSet, WeakRef,
};
pub use tree::{NO_ID, check_id, is_id};
pub use types::{
    Bounds, Check, Class, Container, Content, Interface, InterfaceEntry, Listed, NoParent, ObjectType,
    Presence, Property, Realize, RegistryBuilder, TypeEntry, TypeInfo, TypeRegistry,
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
