//! `convert`: bags in another language.

use qomet::{Level, Model, TypeRegistry};
use qomet_config::render_human;

use crate::arguments::Convert;
use crate::console::Console;
use crate::input;
use crate::outcome::{Outcome, Trouble};

/// Runs the command.
///
/// # Errors
/// A file cannot be read.
pub(crate) fn convert(
    registry: TypeRegistry,
    arguments: &Convert,
    console: &mut Console,
) -> Result<Outcome, Trouble> {
    let documents = input::read_texts(&arguments.texts, arguments.dialect.into(), console)?;
    let model = Model::new(registry);
    let mut plan = documents.plan(&model, Level::Schema);
    let written = plan.write(arguments.to.into());
    let colour = console.colours_complaints();
    console.complain(&render_human(plan.diagnostics(), documents.sources(), colour));
    match written {
        Ok(text) => {
            console.print(&text);
            Ok(Outcome::Fine)
        }
        Err(_) => Ok(Outcome::Rejected),
    }
}
