use qomet::prelude::*;

/// Puts ink on paper.
#[derive(Object)]
#[object(name = "printer")]
struct Printer {}

types! {
    fn all = [Printer];
}

fn main() {}
