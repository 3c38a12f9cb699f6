use qomet::Value;

#[derive(Clone, Value)]
struct Pair<T> {
    /// The first.
    first: T,
}

fn main() {}
