//! Derived types at work in a model.
use qomet::prelude::*;

/// Somewhere to print.
#[derive(Object)]
#[object(name = "printer", abstract)]
pub struct Printer {
    /// Pages per minute.
    #[property(default = 30, min = 1, max = 100)]
    speed: Live<u32>,
    /// Where it is plugged in.
    #[property(required)]
    port: String,
}

/// Prints with light.
#[derive(Object)]
#[object(name = "laser", user_creatable)]
pub struct Laser {
    #[object(parent)]
    base: Printer,
    /// Room for this much.
    #[property(default = Size::mib(16))]
    memory: Size,
}

impl Realize for Laser {
    fn realize(&self, _: &mut RealizeContext<'_>) -> qomet::Result<()> {
        Ok(())
    }
}

types! {
    /// All.
    pub fn types = [Printer, Laser];
}

#[test]
fn works() {
    let _ = types();
}
