//! From arguments to documents.

use std::path::{Path, PathBuf};

use qomet::TypeRegistry;
use qomet_config::{Dialect, Documents};

use crate::arguments::{Describe, Lines, Types};
use crate::client::arguments::Connection;
use crate::console::Console;
use crate::outcome::{Outcome, Trouble};
use crate::text::shown;
use crate::{describe, host, types};

/// What stands for standard input, or output.
const INPUT: &str = "-";

/// A text of a user.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    /// What diagnostics call it.
    pub(crate) name: String,
    /// Where it came from, if that was a regular file: only those can be read again, and written.
    pub(crate) path: Option<PathBuf>,
    /// Whether it was standard input: what becomes of it goes to standard output.
    pub(crate) is_input: bool,
    /// What stands in it.
    pub(crate) bytes: Vec<u8>,
}

impl Text {
    /// Whether repairs of it can go anywhere.
    pub(crate) fn is_mendable(&self) -> bool {
        (self.path.is_some() || self.is_input) && std::str::from_utf8(&self.bytes).is_ok()
    }
}

/// Whether it stands for standard input, or output.
pub(crate) fn is_standard(path: &Path) -> bool {
    path == Path::new(INPUT)
}

/// Reads every file; `-` is standard input.
///
/// # Errors
/// As [`read`].
pub(crate) fn read_texts_of(files: &[PathBuf], console: &mut Console) -> Result<Vec<Text>, Trouble> {
    input_once(files.iter().map(PathBuf::as_path))?;
    let (mut texts, mut troubles) = (Vec::new(), Vec::new());
    for path in files {
        let is_input = is_standard(path);
        let bytes =
            if is_input { host::read_all(console.input(), "standard input") } else { host::read_file(path) };
        let name = if is_input { "<stdin>".to_owned() } else { shown(&path.to_string_lossy()) };
        let path = (!is_input && host::length_of(path).is_some()).then(|| path.clone());
        match bytes {
            Ok(bytes) => texts.push(Text { name, path, is_input, bytes }),
            Err(Trouble(trouble)) => troubles.push(trouble),
        }
    }
    if troubles.is_empty() { Ok(texts) } else { Err(Trouble(troubles.join("\nerror: "))) }
}

/// Reads every file, and the objects of the command line, into one set of documents; `-` is standard input.
///
/// # Errors
/// Files that cannot be read, all of them; or standard input is named twice.
pub(crate) fn read(files: &[PathBuf], lines: &Lines, console: &mut Console) -> Result<Documents, Trouble> {
    let mut documents = Documents::new();
    read_files(&mut documents, files, console)?;
    add_lines(&mut documents, lines);
    Ok(documents)
}

/// Refuses to read standard input twice.
fn input_once<'p>(files: impl Iterator<Item = &'p Path>) -> Result<(), Trouble> {
    match files.filter(|path| is_standard(path)).count() {
        0 | 1 => Ok(()),
        _ => Err(Trouble("standard input ('-') can be read only once".to_owned())),
    }
}

/// Reads files and lines into one set of documents. What is no file and has the look of a line is one.
///
/// # Errors
/// As [`read`].
pub(crate) fn read_texts(
    texts: &[String],
    dialect: Dialect,
    console: &mut Console,
) -> Result<Documents, Trouble> {
    let is_line = |text: &&String| text.contains(['=', ',', '{']) && !host::is_there(Path::new(text));
    let lines: Vec<&String> = texts.iter().filter(is_line).collect();
    input_once(texts.iter().map(Path::new))?;
    let mut documents = Documents::new();
    let mut number = 0;
    for text in texts {
        if lines.contains(&text) {
            documents.add_line(&numbered("LINE", number, lines.len()), text.as_bytes(), dialect);
            number += 1;
        } else {
            read_files(&mut documents, &[PathBuf::from(text)], console)?;
        }
    }
    Ok(documents)
}

fn read_files(documents: &mut Documents, files: &[PathBuf], console: &mut Console) -> Result<(), Trouble> {
    for text in read_texts_of(files, console)? {
        documents.add(&text.name, text.bytes);
    }
    Ok(())
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

/// Adds the objects of libvirt domains.
///
/// # Errors
/// A file cannot be read.
pub(crate) fn add_domains(documents: &mut Documents, files: &[PathBuf]) -> Result<(), Trouble> {
    for path in files {
        documents.add_libvirt(&shown(&path.to_string_lossy()), host::read_file(path)?);
    }
    Ok(())
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
            let arguments = Describe::of(name);
            describe::describe(registry, &arguments, console)
        }
        None => {
            let arguments = Types { json: false, connection: Connection::default() };
            types::types(registry, &arguments, console)
        }
    };
    told.map(Some)
}
