use qomet::Value;

#[derive(Value)]
enum Limit {
    Hard,
    Soft,
}

fn main() {}
