//! `explain`: what a code means, as `x-explain` of the protocol tells it, with an example, which a server of this program is
//! given too.

mod examples;

/// The examples that are programs, which are run as those of this documentation are.
#[cfg(doctest)]
#[doc = include_str!("examples.md")]
struct Programs;

use qomet::TypeRegistry;
use qomet_qmp::CodeExample;

use crate::arguments::Explain;
use crate::console::Console;
use crate::outcome::{Outcome, Trouble};
use crate::text::{shown, wrap};
use examples::Text;

/// Runs the command.
///
/// # Errors
/// None.
pub(crate) fn explain(
    registry: &TypeRegistry,
    arguments: &Explain,
    console: &mut Console,
) -> Result<Outcome, Trouble> {
    match qomet_qmp::explain(registry, &arguments.code) {
        Ok(text) => {
            console.print(&format!("{}\n\n{}\n", arguments.code, wrap(text, console.width()).join("\n")));
            if let Some(example) = examples::of(&arguments.code) {
                let paint = console.paint();
                console.print(&format!("\n{}\n\n", paint.heading(&heading(example.wrong))));
                console.print(&indented(example.wrong.lines));
                if let Some(right) = example.right {
                    console.print(&format!("\n{}\n\n", paint.heading("Mended:")));
                    console.print(&indented(right.lines));
                }
            }
            Ok(Outcome::Fine)
        }
        Err(nearest) => {
            let help = nearest.map(|code| format!("; did you mean '{code}'?")).unwrap_or_default();
            console
                .complain(&format!("error: no diagnostic has the code '{}'{help}\n", shown(&arguments.code)));
            Ok(Outcome::Rejected)
        }
    }
}

/// The example of a code, for servers.
pub(crate) fn example(code: &str) -> Option<CodeExample> {
    let example = examples::of(code)?;
    let text = |text: Text| (text.language, text.lines);
    Some(CodeExample { wrong: text(example.wrong), right: example.right.map(text) })
}

/// What an example is.
fn heading(text: Text) -> String {
    let what = match text.language {
        "ini" => "sections of a file",
        "keyval" => "a line, as --object takes it",
        "sh" => "a command line of QEMU",
        "xml" => "a libvirt domain",
        "qmp" => "what a client sends, of which the last line is refused",
        "console" => "commands of a shell, in an empty folder",
        "rust" => "a program",
        _ => "a document",
    };
    format!("Example, {what}:")
}

fn indented(lines: &str) -> String {
    lines.lines().flat_map(|line| ["    ", line, "\n"]).collect()
}
