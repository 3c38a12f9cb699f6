use qomet::Value;

#[derive(Clone, Value)]
struct Limit(u64);

fn main() {}
