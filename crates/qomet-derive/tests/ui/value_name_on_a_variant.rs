use qomet::Value;

#[derive(Clone, Value)]
enum Limit {
    #[value(name = "hard")]
    Hard,
}

fn main() {}
