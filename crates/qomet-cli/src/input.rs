//! From file arguments to documents.

use std::path::{Path, PathBuf};

use qomet_config::Documents;

use crate::console::Console;
use crate::host;
use crate::outcome::Trouble;
use crate::text::shown;

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
