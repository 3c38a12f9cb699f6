use qomet::Value;

#[derive(Clone, Value)]
struct Limit {
    /// So many.
    #[value(default = "many")]
    bytes: u64,
}

fn main() {}
