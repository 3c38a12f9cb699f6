use qomet::prelude::*;

/// Puts ink on paper.
#[derive(Object)]
#[object(name)]
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
