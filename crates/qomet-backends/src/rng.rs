//! Random numbers: `rng-backend` and `rng-builtin`.
//!
//! A consumer (a virtio-rng device) asks any object for [`RandomSource`]. Here is only where the bytes come from; how
//! fast a guest may take them is the device's business.

use qomet::prelude::*;
use qomet::{Instance, Interface, ModelErrorKind, Result};

/// What gives random bytes, whatever they come from.
pub trait RandomSource: Send + Sync {
    /// Fills the buffer.
    ///
    /// # Errors
    /// The source has failed; what is in the buffer is not random.
    fn fill(&self, buffer: &mut [u8]) -> Result<()>;
}

impl Interface for dyn RandomSource {
    const NAME: &'static str = "random-source";
}

/// A source of random numbers.
#[derive(Object)]
#[object(name = "rng-backend", abstract)]
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

/// Random numbers of the host's kernel, without a device or file.
#[derive(Object)]
#[object(name = "rng-builtin", user_creatable, interfaces(RandomSource))]
pub struct RngBuiltin {
    #[object(parent)]
    backend: RngBackend,
}

impl Realize for RngBuiltin {
    fn realize(&self, _: &mut RealizeContext<'_>) -> Result<()> {
        Ok(())
    }
}

impl RandomSource for Instance<RngBuiltin> {
    fn fill(&self, buffer: &mut [u8]) -> Result<()> {
        getrandom::fill(buffer).map_err(|error| ModelErrorKind::Host { message: error.to_string() }.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_builtin_source_fills_a_buffer_anew_each_time() {
        let model = Model::new(TypeRegistry::builder().add(crate::types()).build().unwrap());
        let mut draft = model.draft("rng-builtin").unwrap();
        draft.set_id("rng0");
        let object = model.create(draft).unwrap();
        let source = object.interface::<dyn RandomSource>().unwrap();
        let (mut first, mut second) = ([0; 600], [0; 600]);
        source.fill(&mut first).unwrap();
        source.fill(&mut second).unwrap();
        assert_ne!(first, second);
        assert!(object.get::<bool>("opened").unwrap());
    }
}
