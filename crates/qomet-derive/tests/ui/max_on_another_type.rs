use qomet::prelude::*;

#[derive(Clone, Value)]
enum Order {
    First,
    Last,
}

/// Puts ink on paper.
#[derive(Object)]
#[object(name = "printer")]
struct Printer {
    /// Pages a minute.
    #[property(required, max = 1)]
    speed: Order,
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
