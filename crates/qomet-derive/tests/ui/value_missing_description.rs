use qomet::Value;

#[derive(Clone, Value)]
struct Limit {
    bytes: u64,
}

fn main() {}
