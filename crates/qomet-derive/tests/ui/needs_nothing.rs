use qomet::prelude::*;

/// Puts ink on paper.
#[derive(Object)]
#[object(name = "printer")]
struct Printer {
    /// Where the rest goes.
    #[property(needs())]
    next: Option<Link<Printer>>,
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
