use qomet::Value;

#[derive(Clone, Value)]
enum Limit {
    Off,
    Bytes(u64),
}

fn main() {}
