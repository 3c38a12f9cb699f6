use qomet::prelude::*;

#[derive(Object)]
#[object(nam = "printer", user_creatable, user_creatable)]
struct Printer {
    #[property(required, default = 30, mni = 1)]
    speed: u32,
    /// Where it is plugged in.
    #[property(min = 1, live)]
    port: String,
    /// Whether it is on.
    power: bool,
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
