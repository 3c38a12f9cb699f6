use qomet::Value;

#[derive(Clone, Value)]
enum Limit {}

fn main() {}
