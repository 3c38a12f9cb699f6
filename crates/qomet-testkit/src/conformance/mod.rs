//! What every [`Input`] and every [`Output`] must do: whoever adds a syntax runs this over it.
//!
//! A syntax says how it makes an `Input` from an abstract value ([`Source`]) or what its `Output` wrote, as an
//! abstract value ([`Sink`]); the abstract value is [`Native`]. [`check_input`] and [`check_output`] try every
//! method ([`check_words`] where a source has no kinds of values); [`values()`] are random values for property tests of [`rebuild`] and
//! [`write()`].
//!
//! Not here: places, and mistakes of a syntax as such; those differ and are tested where the syntax is.

mod input;
mod output;
mod value;
mod words;

use qomet::{Diagnostic, Input, Native, Output};

pub use input::{check_input, poke, rebuild};
pub use output::{Case, cases, check_output};
pub use value::{same, values, write};
pub use words::check_words;

/// Makes inputs.
pub trait Source {
    /// Whether `"1.5G"` is a size.
    fn sizes_as_text(&self) -> bool;

    /// Whether `"on"` and `"off"` are booleans.
    fn booleans_as_text(&self) -> bool;

    /// Whether every diagnostic has a place.
    fn has_places(&self) -> bool;

    /// Calls `with` with an input that stands in front of `value`; returns what was reported.
    fn read(&self, value: &Native<'_>, with: &mut dyn FnMut(&mut dyn Input)) -> Vec<Diagnostic>;
}

/// Makes outputs.
pub trait Sink {
    /// Calls `write` with an empty output; returns what it wrote.
    fn written(&self, write: &mut dyn FnMut(&mut dyn Output)) -> Native<'static>;
}
