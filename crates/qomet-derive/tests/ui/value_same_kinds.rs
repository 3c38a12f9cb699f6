use qomet::Value;

#[derive(Clone, Value)]
enum Limit {
    Bytes(qomet::Size),
    Pages(Option<u32>),
}

fn main() {}
