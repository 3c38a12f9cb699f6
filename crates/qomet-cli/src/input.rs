//! From arguments to documents.

use std::path::{Path, PathBuf};

use qomet::TypeRegistry;
use qomet_config::Documents;

use crate::arguments::{Describe, Lines, Types};
use crate::client::arguments::Connection;
use crate::console::Console;
use crate::outcome::{Outcome, Trouble};
use crate::text::shown;
use crate::{describe, host, types};

/// Reads every file into one set of documents; `-` is standard input.
///
/// # Errors
/// Files that cannot be read, all of them; or standard input is named twice.
pub(crate) fn read(files: &[PathBuf], console: &mut Console) -> Result<Documents, Trouble> {
    let is_input = |path: &PathBuf| path == Path::new("-");
    if files.iter().filter(|path| is_input(path)).count() > 1 {
        return Err(Trouble("standard input ('-') can be read only once".to_owned()));
    }
    let mut documents = Documents::new();
    let mut troubles = Vec::new();
    for path in files {
        let (name, bytes) = if is_input(path) {
            let name = "<stdin>".to_owned();
            (name, host::read_all(console.input(), "standard input"))
        } else {
            (shown(&path.to_string_lossy()), host::read_file(path))
        };
        match bytes {
            Ok(bytes) => documents.add(&name, bytes),
            Err(Trouble(trouble)) => troubles.push(trouble),
        }
    }
    if troubles.is_empty() { Ok(documents) } else { Err(Trouble(troubles.join("\nerror: "))) }
}

/// Adds the objects of the command line.
pub(crate) fn add_lines(documents: &mut Documents, lines: &Lines) {
    for (index, object) in lines.objects.iter().enumerate() {
        let name = numbered("--object", index, lines.objects.len());
        documents.add_line(&name, object.as_bytes(), lines.dialect.into());
    }
}

/// Adds the objects of pasted command lines.
pub(crate) fn add_command_lines(documents: &mut Documents, texts: &[String]) {
    for (index, text) in texts.iter().enumerate() {
        documents.add_command_line(&numbered("--qemu", index, texts.len()), text.as_bytes());
    }
}

/// What diagnostics call one of several arguments.
fn numbered(option: &str, index: usize, count: usize) -> String {
    match count {
        1 => option.to_owned(),
        _ => format!("{option} #{}", index + 1),
    }
}

/// Gives the help that a line asks for, if one does.
///
/// # Errors
/// As the commands `types` and `describe`.
pub(crate) fn help(
    documents: &Documents,
    registry: &TypeRegistry,
    console: &mut Console,
) -> Result<Option<Outcome>, Trouble> {
    let Some(help) = documents.help(registry) else { return Ok(None) };
    let told = match help.type_name {
        Some(name) => {
            let arguments = Describe { name, json: false, connection: Connection::default() };
            describe::describe(registry, &arguments, console)
        }
        None => {
            let arguments = Types { json: false, connection: Connection::default() };
            types::types(registry, &arguments, console)
        }
    };
    told.map(Some)
}
