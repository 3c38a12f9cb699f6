use qomet::prelude::*;

#[derive(Object)]
#[object(name = "printer")]
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
