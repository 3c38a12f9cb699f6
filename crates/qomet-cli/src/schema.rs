//! `schema`: JSON Schema on standard output, or as the files that are checked in.

use std::path::Path;

use qomet::{Class, Diagnostic, ModelErrorKind, Result as Checked, TypeRegistry};
use qomet_config::{document_schema, type_schema};
use serde_json::Value;

use crate::arguments::Schema;
use crate::console::Console;
use crate::describe::{complain, find_type};
use crate::host;
use crate::outcome::{Outcome, Trouble};
use crate::text::{count, shown};

/// Runs the command.
///
/// # Errors
/// A file cannot be written.
pub(crate) fn schema(
    registry: &TypeRegistry,
    arguments: &Schema,
    console: &mut Console,
) -> Result<Outcome, Trouble> {
    if let Some(folder) = &arguments.out {
        let written = write_all(registry, folder)?;
        console.print(&format!("wrote {} to {}\n", count(written, "file"), shown(&folder.to_string_lossy())));
        return Ok(Outcome::Fine);
    }
    let schema = match &arguments.type_name {
        None => document_schema(registry),
        Some(name) => match find_type(registry, name).and_then(creatable) {
            Ok(class) => type_schema(class),
            Err(diagnostic) => return Ok(complain(&diagnostic, console)),
        },
    };
    console.print(&text(&schema));
    Ok(Outcome::Fine)
}

/// Writes the schema of documents and of each type; returns how many files that are.
fn write_all(registry: &TypeRegistry, folder: &Path) -> Result<usize, Trouble> {
    host::write_file(&folder.join("document.schema.json"), &text(&document_schema(registry)))?;
    let mut written = 1;
    for class in registry.classes().filter(|class| class.is_user_creatable()) {
        let file = folder.join("types").join(format!("{}.schema.json", class.name()));
        host::write_file(&file, &text(&type_schema(class)))?;
        written += 1;
    }
    Ok(written)
}

fn text(schema: &Value) -> String {
    format!("{schema:#}\n")
}

/// The class, if there are bags of it.
fn creatable(class: &Class) -> Checked<&Class> {
    let name = class.name().to_owned();
    if class.is_abstract() {
        Err(Diagnostic::new(ModelErrorKind::AbstractType { name }))
    } else if class.is_user_creatable() {
        Ok(class)
    } else {
        Err(Diagnostic::new(ModelErrorKind::NotUserCreatable { name }))
    }
}
