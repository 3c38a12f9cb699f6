use qomet::prelude::*;

type Speed = Live<u32>;

/// Puts ink on paper.
#[derive(Object)]
#[object(name = "printer")]
struct Printer {
    /// Pages a minute.
    #[property(default = 30)]
    speed: Speed,
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
