//! `explain`: what a code means, as `x-explain` of the protocol tells it.

use qomet::TypeRegistry;

use crate::arguments::Explain;
use crate::console::Console;
use crate::outcome::{Outcome, Trouble};
use crate::text::{shown, wrap};

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
