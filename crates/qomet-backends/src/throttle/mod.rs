//! Rates: `throttle-group`.
//!
//! A server of disks asks any object for [`Throttle`] before each request. All users of a group share its rates.
//!
//! `bucket` decides what may go when, `limits` are the numbers and the rules between them, `group` is the object,
//! `clock` the time.

mod bucket;
mod clock;
mod group;
mod limits;
#[cfg(test)]
mod tests;

pub use bucket::Direction;
pub use clock::{Clock, Hand};
pub use group::{Throttle, ThrottleGroup, Throttling};
pub use limits::ThrottleLimits;
