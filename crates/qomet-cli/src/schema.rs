//! `schema`: JSON Schema on standard output, or as the files that are checked in; and what changed between two.

use std::path::Path;

use qomet::{Class, Diagnostic, ModelErrorKind, Result as Checked, TypeRegistry};
use qomet_config::{Impact, document_schema, qapi_schema, schema_diff, type_schema};
use serde_json::{Value, json};

use crate::arguments::{Schema, SchemaAction, SchemaDiff};
use crate::console::Console;
use crate::describe::{complain, find_type};
use crate::host;
use crate::outcome::{Outcome, Trouble};
use crate::text::{count, shown};

/// The file of the schema of documents in the folder of all.
const DOCUMENT: &str = "document.schema.json";
/// That of the same for tools of QAPI.
const QAPI: &str = "qapi.json";

/// Runs the command.
///
/// # Errors
/// A file cannot be read or written.
pub(crate) fn schema(
    registry: &TypeRegistry,
    arguments: &Schema,
    console: &mut Console,
) -> Result<Outcome, Trouble> {
    if let Some(SchemaAction::Diff(arguments)) = &arguments.action {
        return diff(arguments, console);
    }
    if let Some(folder) = &arguments.out {
        let written = write_all(registry, folder)?;
        console.print(&format!("wrote {} to {}\n", count(written, "file"), shown(&folder.to_string_lossy())));
        return Ok(Outcome::Fine);
    }
    if arguments.qapi {
        console.print(&qapi_schema(registry));
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

/// Tells what changed between two schemas.
fn diff(arguments: &SchemaDiff, console: &mut Console) -> Result<Outcome, Trouble> {
    let changes = schema_diff(&read(&arguments.old)?, &read(&arguments.new)?);
    let breaking = changes.iter().filter(|change| change.impact == Impact::Breaking).count();
    if arguments.json {
        let all: Value = changes
            .iter()
            .map(|one| json!({ "impact": one.impact.as_str(), "path": one.path, "what": one.what, "why": one.why }))
            .collect();
        console.print(&text(&all));
    } else {
        for change in &changes {
            console.print(&format!("{change}\n"));
        }
        let compatible = count(changes.len() - breaking, "compatible change");
        console.print(&format!("{}, {compatible}\n", count(breaking, "breaking change")));
    }
    Ok(if breaking > 0 { Outcome::Rejected } else { Outcome::Fine })
}

/// A schema from its file or from the folder of all.
fn read(path: &Path) -> Result<Value, Trouble> {
    let file = if path.is_dir() { path.join(DOCUMENT) } else { path.to_owned() };
    let bytes = host::read_file(&file)?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Trouble(format!("'{}' is no schema: {error}", shown(&file.to_string_lossy()))))
}

/// Writes the schema of documents, of each type, and the one for QAPI's tools; returns how many files that are.
fn write_all(registry: &TypeRegistry, folder: &Path) -> Result<usize, Trouble> {
    host::write_file(&folder.join(DOCUMENT), &text(&document_schema(registry)))?;
    host::write_file(&folder.join(QAPI), &qapi_schema(registry))?;
    let mut written = 2;
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
        Err(Diagnostic::new(ModelErrorKind::AbstractType { name, below: Vec::new() }))
    } else if class.is_user_creatable() {
        Ok(class)
    } else {
        Err(Diagnostic::new(ModelErrorKind::NotUserCreatable { name }))
    }
}
