//! Diagnostics as commands of a GitHub workflow, which shows them beside the lines of a change.
//!
//! `::error file=F,line=L,col=C,endLine=L,endColumn=C,title=CODE::MESSAGE`, one line each. A line break of the message is
//! `%0A`. GitHub counts the end column as the last one that is marked, and takes columns only where a mark is on one line.

use std::fmt::Write as _;

use qomet::{Diagnostic, Severity};

use crate::source::Sources;

/// One line for each diagnostic.
pub fn render_github<'a>(diagnostics: impl IntoIterator<Item = &'a Diagnostic>, sources: &Sources) -> String {
    let mut out = String::new();
    for one in diagnostics {
        let command = match one.severity() {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let _ = write!(out, "::{command} ");
        if let Some(at) = one.place().and_then(|place| sources.locate(place)) {
            let _ = write!(out, "file={},line={},endLine={}", property(at.file), at.start.line, at.end.line);
            if at.start.line == at.end.line {
                let last = at.end.column.saturating_sub(1).max(at.start.column);
                let _ = write!(out, ",col={},endColumn={last}", at.start.column);
            }
            out.push(',');
        }
        let mut message = one.to_string();
        if let Some(help) = one.problem().help() {
            let _ = write!(message, "\nhelp: {help}");
        }
        let _ = writeln!(out, "title={}::{}", property(one.code()), text(&message));
    }
    out
}

/// What may stand behind the colons.
fn text(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// What may stand behind `=`.
fn property(value: &str) -> String {
    text(value).replace(':', "%3A").replace(',', "%2C")
}
