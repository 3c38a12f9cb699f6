//! Random numbers: `rng-backend` and the types below it.
//!
//! A consumer (a virtio-rng device) asks any object for [`RandomSource`], or links to an [`RngBackend`]. Here is only
//! where the bytes come from; how fast a guest may take them is the device's business.
//!
//! `builtin` asks the kernel, `random` reads a device or file.

mod builtin;
mod random;

use qomet::prelude::*;
use qomet::{Interface, Result};

pub use builtin::RngBuiltin;
pub use random::{RandomFile, RngRandom};

/// What gives random bytes, whatever they come from.
pub trait RandomSource: Send + Sync {
    /// Fills the buffer, and waits for as long as that takes.
    ///
    /// # Errors
    /// The source has failed or ended; what is in the buffer is not random.
    fn fill(&self, buffer: &mut [u8]) -> Result<()>;

    /// Puts into the buffer what there is without waiting, and returns how many bytes that were; 0 if there are none
    /// now.
    ///
    /// # Errors
    /// The source has failed or ended.
    fn fill_some(&self, buffer: &mut [u8]) -> Result<usize>;
}

impl Interface for dyn RandomSource {
    const NAME: &'static str = "random-source";
}

/// A source of random numbers.
#[derive(Object)]
#[object(name = "rng-backend", abstract, user_creatable)]
pub struct RngBackend {
    /// Whether the source is open
    #[property(computed = RngBackend::is_open)]
    opened: Computed<bool>,
}

impl RngBackend {
    /// An object that is realized is open; QEMU keeps the property for old clients.
    fn is_open(&self, (): &()) -> bool {
        true
    }
}
