use qomet::Value;

#[derive(Clone, Value)]
enum Limit {
    Hard,
    #[value(rename = "hard")]
    Soft,
}

fn main() {}
