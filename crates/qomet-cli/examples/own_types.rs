//! A program of your own: one type, and every command of `qomet` for it.
//!
//! ```text
//! cargo run --example own_types -- types
//! cargo run --example own_types -- describe greeter
//! cargo run --example own_types -- run --once --object '{"qom-type": "greeter", "id": "hello", "name": "Ada"}'
//! ```

use std::process::ExitCode;

use qomet::prelude::*;
use qomet::{Diagnostic, Result};

/// Says hello when it is created.
#[derive(Object)]
#[object(name = "greeter", user_creatable)]
struct Greeter {
    /// Whom to greet
    #[property(required)]
    name: String,
    /// How often
    #[property(default = 1, min = 1, max = 10)]
    times: u8,
    /// Whether to raise the voice; may change at any time
    #[property(default = false)]
    loud: Live<bool>,
}

impl Realize for Greeter {
    fn realize(&self, _: &mut RealizeContext<'_>) -> Result<()> {
        for _ in 0..*self.times() {
            println!("hello {}{}", self.name(), if self.loud.get() { "!" } else { "" });
        }
        Ok(())
    }
}

types! {
    fn types = [Greeter];
}

fn main() -> Result<ExitCode, Vec<Diagnostic>> {
    Ok(qomet_cli::main(TypeRegistry::builder().add(types()).build()?))
}
