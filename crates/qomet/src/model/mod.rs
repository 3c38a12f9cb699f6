//! A model: a registry's types, a tree of objects, and how objects come and go.
//!
//! Objects are created in batches ([`Batch`]): the graph is checked, the host is probed, then each object is
//! realized with a [`Journal`] that undoes everything if one of them fails. Only then do they enter the tree. A
//! [`ModelPlan`] tells what it takes to make the objects that there are those of a batch, and does it the same way.

mod batch;
mod claims;
mod context;
mod delete;
#[cfg(unix)]
mod descriptors;
mod graph;
mod ids;
mod journal;
#[allow(clippy::module_inception, reason = "the module's main type")]
mod model;
pub(crate) mod needs;
mod plan;
mod progress;
mod service;
mod update;
mod uses;

pub use batch::{Batch, Level};
pub use context::{ProbeContext, RealizeContext, Surroundings};
pub use delete::Lease;
#[cfg(unix)]
pub use descriptors::{Access, Borrowed, DescriptorInfo, Descriptors, Missing};
pub use journal::Journal;
pub use model::{Model, Snapshot};
pub use plan::{Action, Difference, ModelPlan, PlanOptions, Step};
pub use progress::Progress;
pub use service::{Service, Services};
pub use uses::Use;
