//! Plans over the types that come with Qomet and the dummies: what is planned is what then happens.
//!
//! ```text
//! samples   values for every property, from what its type declares, and bags that can be created
//! matrix    every property of every type, before and after its object is realized, same value and new value
//! pairs     random pairs of a model and a document
//! dump      what is dumped of every type and property leaves nothing to do
//! faults    every call to the operating system made to fail in turn
//! ```

mod dump;
mod faults;
mod matrix;
mod pairs;
mod samples;
