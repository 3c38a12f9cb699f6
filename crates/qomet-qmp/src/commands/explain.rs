//! `x-explain`: what the code of a diagnostic means, with an example where the program has one.

use qomet::Value;

use crate::dispatch::{Call, Command, Done, Shape};
use crate::explain::explain;
use crate::wire::Refusal;

/// The arguments of `x-explain`.
#[derive(Clone, Debug, PartialEq, Value)]
struct Ask {
    /// The code
    code: String,
}

/// What `x-explain` answers.
#[derive(Clone, Debug, PartialEq, Value)]
struct Explained {
    /// The code
    code: String,
    /// What it means and what to do about it
    text: String,
    /// What provokes it, where somebody can show that
    example: Option<Example>,
    /// The same, mended
    mended: Option<Example>,
}

/// A text that shows what a code is about.
#[derive(Clone, Debug, PartialEq, Value)]
struct Example {
    /// What it is: json, ini, keyval, sh, xml, qmp, console or rust
    language: String,
    /// The text
    text: String,
}

impl Example {
    fn of((language, text): (&str, &str)) -> Self {
        Example { language: language.to_owned(), text: text.to_owned() }
    }
}

pub(super) fn all() -> Vec<Command> {
    vec![Command::raw("x-explain", Shape::Of(Ask::TYPE), Shape::Of(Explained::TYPE), run).read_only()]
}

fn run(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let Ask { code } = call.read()?;
    match explain(call.model().registry(), &code) {
        Ok(text) => {
            let shown = call.dispatcher.example(&code);
            let example = shown.map(|shown| Example::of(shown.wrong));
            let mended = shown.and_then(|shown| shown.right).map(Example::of);
            Explained { code, text: text.to_owned(), example, mended }.write(call.output);
        }
        Err(nearest) => {
            let hint = nearest.map_or_else(String::new, |nearest| format!("; did you mean '{nearest}'?"));
            let shown: String = code.chars().filter(|c| !c.is_control()).take(60).collect();
            return Err(Refusal::custom("unknown-code", format!("there is no code '{shown}'{hint}")));
        }
    }
    Ok(Done::Now)
}
