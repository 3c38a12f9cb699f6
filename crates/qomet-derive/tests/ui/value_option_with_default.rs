use qomet::Value;

#[derive(Clone, Value)]
struct Limit {
    /// So many.
    #[value(default = None)]
    bytes: Option<u64>,
}

fn main() {}
