use qomet::Value;

#[derive(Clone, Value)]
struct Limit {
    bytes: u64,
    /// So many.
    #[value(defalt = 3)]
    pages: u64,
    #[value(required)]
    lines: u64,
}

fn main() {}
