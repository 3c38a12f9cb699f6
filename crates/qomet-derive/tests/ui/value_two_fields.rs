use qomet::Value;

#[derive(Clone, Value)]
enum Limit {
    Range(u64, u64),
}

fn main() {}
