//! `check`: every mistake, nothing touched.

use qomet::{Level, Model, TypeRegistry};
use qomet_config::{render_human, render_json};

use crate::arguments::{Check, Format};
use crate::console::Console;
use crate::input;
use crate::outcome::{Outcome, Trouble};
use crate::text::count;

/// Runs the command.
///
/// # Errors
/// A file cannot be read.
pub(crate) fn check(
    registry: TypeRegistry,
    arguments: &Check,
    console: &mut Console,
) -> Result<Outcome, Trouble> {
    let documents = input::read(&arguments.files, console)?;
    let model = Model::new(registry);
    let plan = documents.plan(&model, Level::Host);
    let found = plan.diagnostics();
    match arguments.format {
        Format::Json => {
            let report = render_json(found, documents.sources());
            console.print(&format!("{report:#}\n"));
        }
        Format::Human => {
            let colour = console.colours_complaints();
            console.complain(&render_human(found, documents.sources(), colour));
            let errors = found.iter().filter(|one| one.is_error()).count();
            let warnings = found.len() - errors;
            let mistakes = match (errors, warnings) {
                (0, 0) => "no mistakes".to_owned(),
                (errors, 0) => count(errors, "error"),
                (0, warnings) => count(warnings, "warning"),
                (errors, warnings) => format!("{}, {}", count(errors, "error"), count(warnings, "warning")),
            };
            if plan.is_accepted() {
                let objects = count(plan.batch().drafts().len(), "object");
                let files = count(arguments.files.len(), "file");
                console.print(&format!("{objects} in {files}, {mistakes}\n"));
            } else {
                console.print(&format!("{mistakes}\n"));
            }
        }
    }
    Ok(if plan.is_accepted() { Outcome::Fine } else { Outcome::Rejected })
}
