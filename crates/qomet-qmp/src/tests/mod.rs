//! Tests of sessions and servers over types of their own.

mod server;
mod session;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use qomet::Result;
use qomet::prelude::*;

use crate::dispatch::Dispatcher;

/// Something with a live property.
#[derive(Object)]
#[object(name = "lamp", user_creatable)]
pub(crate) struct Lamp {
    /// How bright it is
    #[property(default = 1, max = 10)]
    level: Live<u32>,
    /// What stands on it
    #[property(default = String::new())]
    label: String,
}

impl Realize for Lamp {
    fn realize(&self, _: &mut RealizeContext<'_>) -> Result<()> {
        Ok(())
    }
}

/// Something whose making takes until it is cancelled or the gate is opened.
#[derive(Object)]
#[object(name = "cathedral", user_creatable)]
pub(crate) struct Cathedral {
    /// Whether it is built at once
    #[property(default = false)]
    ready: bool,
    /// Whether it falls down
    #[property(default = false)]
    falls: bool,
}

/// Whether cathedrals may be finished.
pub(crate) static GATE: AtomicBool = AtomicBool::new(false);

impl Realize for Cathedral {
    fn takes_long(&self) -> bool {
        true
    }

    fn realize(&self, cx: &mut RealizeContext<'_>) -> Result<()> {
        assert!(!self.falls, "it fell down, as it was asked to");
        while !self.ready && !GATE.load(Ordering::Relaxed) {
            cx.check_cancelled()?;
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }
}

qomet::types! {
    fn types = [Lamp, Cathedral];
}

pub(crate) fn dispatcher() -> Dispatcher {
    let registry = TypeRegistry::builder().add(types()).build().unwrap();
    Dispatcher::new(Model::new(registry), "test 1")
}
