use qomet::prelude::*;

use qomet::Container;

/// Puts ink on paper.
#[derive(Object)]
#[object(name = "printer")]
struct Printer {
    #[object(parent)]
    #[property(required)]
    base: Container,
}

impl Realize for Printer {
    fn realize(&self, _: &mut RealizeContext<'_>) -> qomet::Result<()> {
        Ok(())
    }
}

types! {
    fn all = [Printer];
}

fn main() {}
