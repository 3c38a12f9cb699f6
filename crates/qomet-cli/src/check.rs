//! `check`: every mistake, nothing touched.

use qomet::{Level, Model, TypeRegistry};
use qomet_config::{render_human, render_json};

use crate::arguments::{Check, Format};
use crate::console::Console;
use crate::input;
use crate::outcome::{Outcome, Trouble};
use crate::text::{count, shown};

/// Runs the command.
///
/// # Errors
/// A file cannot be read.
pub(crate) fn check(
    registry: TypeRegistry,
    arguments: &Check,
    console: &mut Console,
) -> Result<Outcome, Trouble> {
    let mut documents = input::read(&arguments.files, console)?;
    input::add_lines(&mut documents, &arguments.lines);
    input::add_command_lines(&mut documents, &arguments.qemu);
    input::add_domains(&mut documents, &arguments.libvirt)?;
    if let Some(helped) = input::help(&documents, &registry, console)? {
        return Ok(helped);
    }
    let model = Model::new(registry);
    let plan = documents.plan(&model, Level::Host);
    let found = plan.diagnostics();
    match arguments.format {
        Format::Json => {
            let mut report = render_json(found, documents.sources());
            if let (Some(report), false) = (report.as_object_mut(), documents.left_alone().is_empty()) {
                report.insert("left_alone".to_owned(), documents.left_alone().into());
            }
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
            let others = documents.left_alone();
            if !others.is_empty() {
                let others: Vec<String> = others.iter().map(|other| shown(other)).collect();
                console.print(&format!("left alone: {}\n", others.join(" ")));
            }
            if plan.is_accepted() {
                let objects = count(plan.drafts().len(), "object");
                let of = |number: usize, what| (number > 0).then(|| count(number, what));
                let texts = [
                    of(arguments.files.len(), "file"),
                    of(arguments.lines.objects.len(), "line"),
                    of(arguments.qemu.len(), "command line"),
                    of(arguments.libvirt.len(), "domain"),
                ];
                let texts: Vec<String> = texts.into_iter().flatten().collect();
                console.print(&format!("{objects} in {}, {mistakes}\n", texts.join(" and ")));
            } else {
                console.print(&format!("{mistakes}\n"));
            }
        }
    }
    Ok(if plan.is_accepted() { Outcome::Fine } else { Outcome::Rejected })
}
