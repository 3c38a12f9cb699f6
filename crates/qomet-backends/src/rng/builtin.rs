//! `rng-builtin`: the kernel's random numbers.

use std::sync::Arc;

use qomet::prelude::*;
use qomet::{Instance, Result};

use super::{RandomSource, RngBackend};
use crate::host::Host;
use crate::problem::{BackendErrorKind, reason};

/// Random numbers of the host's kernel, without a device or file.
///
/// ```
/// use qomet::prelude::*;
/// use qomet_backends::rng::RandomSource;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let model = Model::new(TypeRegistry::builder().add(qomet_backends::types()).build().expect("types that fit"));
/// let mut draft = model.draft("rng-builtin")?;
/// draft.set_id("rng0");
/// let object = model.create(draft)?;
///
/// let source = object.interface::<dyn RandomSource>().expect("every rng is a source");
/// let (mut first, mut second) = ([0; 32], [0; 32]);
/// source.fill(&mut first)?;
/// source.fill(&mut second)?;
/// assert_ne!(first, second);
/// # Ok(())
/// # }
/// ```
#[derive(Object)]
#[object(name = "rng-builtin", user_creatable, state = Arc<Host>, interfaces(RandomSource))]
pub struct RngBuiltin {
    #[object(parent)]
    backend: RngBackend,
}

impl Realize for RngBuiltin {
    fn realize(&self, cx: &mut RealizeContext<'_>) -> Result<Arc<Host>> {
        Ok(cx.service())
    }
}

impl RandomSource for Instance<RngBuiltin> {
    fn fill(&self, buffer: &mut [u8]) -> Result<()> {
        let refused = |error| BackendErrorKind::NoRandomness { reason: reason(&error) };
        self.state().random(buffer).map_err(|error| refused(error).of(self.name()))
    }

    fn fill_some(&self, buffer: &mut [u8]) -> Result<usize> {
        self.fill(buffer)?;
        Ok(buffer.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::HostCall;
    use crate::testing::{create, model};

    #[test]
    fn a_buffer_is_filled_anew_each_time() {
        let object = create(&model(), "rng-builtin", &[]).unwrap();
        let source = object.interface::<dyn RandomSource>().unwrap();
        let (mut first, mut second) = ([0; 600], [0; 600]);
        source.fill(&mut first).unwrap();
        assert_eq!(source.fill_some(&mut second).unwrap(), 600);
        assert_ne!(first, second);
        assert!(object.get::<bool>("opened").unwrap());
    }

    #[test]
    fn a_kernel_without_random_numbers_is_told_as_such() {
        let model = model();
        model.services().put(Host::refusing(HostCall::Random, nix::libc::ENOSYS));
        let object = create(&model, "rng-builtin", &[]).unwrap();
        let source = object.interface::<dyn RandomSource>().unwrap();
        assert_eq!(source.fill(&mut [0; 8]).unwrap_err().code(), "no-randomness");
    }
}
