use qomet::prelude::*;

trait Counter {}
impl qomet::Interface for dyn Counter {
    const NAME: &'static str = "counter";
}

/// Puts ink on paper.
#[derive(Object)]
#[object(name = "printer", interfaces(Counter))]
struct Printer {}

impl Realize for Printer {
    fn realize(&self, _: &mut RealizeContext<'_>) -> qomet::Result<()> {
        Ok(())
    }
}

types! {
    fn all = [Printer];
}

fn main() {}
