//! Watching a model: what is created, deleted, changed and warned of, in order, without asking again and again.
//!
//! [`Model::watch`](crate::Model::watch) gives a [`Watch`]: a bounded queue of [`Event`]s. Events about the structure
//! carry the model's revision and come in its order; those about a property carry its object's revision and come in
//! that order. An object's first event is that it was created, its last that it was deleted.
//!
//! **Subscribe, then take a snapshot** ([`Model::snapshot`](crate::Model::snapshot)). An event with a revision that the
//! snapshot has reached is part of it already; [`Watch::skip_known`] drops those. Replaying the rest over the snapshot
//! gives the state of now. If the queue was full, [`Event::Lost`] stands where events are missing: [`Watch::clear`] and
//! take another snapshot.
//!
//! What is not seen: computed properties (nobody knows when they change; read them when something they depend on
//! changed), and what an alias shows (the event is about the property behind it). A sensitive property is named, its
//! value never.
//!
//! Why a queue of values and not callbacks: events are made under the lock that orders them, where no foreign code may
//! run. Why not only marks that something changed, to be read later: a watcher would miss values in between without
//! knowing. Getters of `effective` properties run under the object's lock here, so they have to be as short as
//! [`Realize::apply`](crate::Realize::apply).

mod event;
mod glob;
mod hub;

pub use event::{Event, Warned};
pub use glob::Glob;
pub(crate) use hub::{Change, Hub, Wakes};
pub use hub::{Watch, WatchOptions};
