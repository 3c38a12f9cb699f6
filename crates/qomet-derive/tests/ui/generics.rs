use qomet::prelude::*;

/// Puts ink on paper.
#[derive(Object)]
#[object(name = "printer")]
struct Printer<T> {
    /// Anything.
    #[property(required)]
    any: T,
}

fn main() {}
