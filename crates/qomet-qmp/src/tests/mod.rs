//! Tests of sessions and servers over types of their own.

mod address;
mod bounds;
mod client;
mod descriptors;
mod faults;
mod handed;
mod handle;
mod hmp;
mod jobs;
mod log;
mod objects;
mod peer;
mod places;
mod server;
mod session;

use std::path::Path;
use std::time::Duration;

use qomet::Result;
use qomet::prelude::*;

use crate::dispatch::{CodeExample, Dispatcher};

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

/// Something whose making takes until it is cancelled or its gate is there.
#[derive(Object)]
#[object(name = "cathedral", user_creatable)]
pub(crate) struct Cathedral {
    /// Whether it is built at once
    #[property(default = false)]
    ready: bool,
    /// A file that lets it be finished
    #[property(default = String::new())]
    gate: String,
    /// What opens its door
    #[property(default = String::new(), sensitive)]
    key: String,
    /// Whether it falls down
    #[property(default = false)]
    falls: bool,
}

impl Realize for Cathedral {
    fn takes_long(&self) -> bool {
        true
    }

    fn realize(&self, cx: &mut RealizeContext<'_>) -> Result<()> {
        assert!(!self.falls, "it fell down, as it was asked to");
        while !self.ready && !Path::new(&self.gate).exists() {
            cx.check_cancelled()?;
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }
}

/// Something with what is never shown, what comes to something else, and what is on its way out.
#[derive(Object)]
#[object(name = "safe", user_creatable)]
pub(crate) struct Safe {
    /// Whether it is locked
    #[property(default = OnOffAuto::Auto, effective = Safe::is_locked)]
    lock: OnOffAuto,
    /// What opens it
    #[property(default = String::new(), sensitive)]
    pin: Live<String>,
    /// Nothing any more
    #[property(default = false, deprecated = "0.1")]
    old: bool,
}

impl Safe {
    fn is_locked(&self, (): &()) -> OnOffAuto {
        if self.lock == OnOffAuto::Off { OnOffAuto::Off } else { OnOffAuto::On }
    }
}

impl Realize for Safe {
    fn realize(&self, _: &mut RealizeContext<'_>) -> Result<()> {
        Ok(())
    }
}

qomet::types! {
    fn types = [Lamp, Cathedral, Safe];
}

pub(crate) fn dispatcher() -> Dispatcher {
    let registry = TypeRegistry::builder().add(types()).build().unwrap();
    let mut dispatcher = Dispatcher::new(Model::new(registry), "test 1");
    dispatcher.set_examples(|code| {
        const SHOWN: CodeExample = CodeExample { wrong: ("json", "[1]"), right: Some(("json", "[]")) };
        (code == "wrong-type").then_some(SHOWN)
    });
    dispatcher
}
