use qomet::prelude::*;

/// Puts ink on paper.
#[derive(Object)]
#[object(name = "printer", abstract, user_creatable)]
struct Printer {}

types! {
    fn all = [Printer];
}

fn main() {}
