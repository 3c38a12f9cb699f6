//! The object model from outside. One binary: each further one would link everything again.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by a panic"
)]

mod allocations;
mod batch;
mod concurrency;
mod deletion;
mod drafts;
mod extras;
mod links;
mod live;
mod needs;
mod plan;
mod registry;
mod tree;
mod tree_model;
mod watch;

/// Everything that threads share or hand over.
const _: () = {
    const fn shared<T: Send + Sync>() {}
    const fn sent<T: Send>() {}
    shared::<qomet::Model>();
    shared::<qomet::TypeRegistry>();
    shared::<qomet::Class>();
    shared::<qomet::ObjectRef>();
    shared::<qomet::WeakRef>();
    shared::<qomet::Hold>();
    shared::<qomet::Handle>();
    shared::<qomet::Lease>();
    shared::<qomet::Diagnostic>();
    shared::<qomet::Instance<qomet_testkit::types::Everything>>();
    shared::<qomet::Native<'static>>();
    shared::<qomet::Watch>();
    sent::<qomet::Batch>();
    sent::<qomet::Journal>();
    sent::<Box<dyn qomet::AnyDraft>>();
};
