//! SIGHUP: the documents are read and applied again.
//!
//! What the documents say now is made so, all of it or nothing, and what they no longer have goes. What it comes to is
//! told on standard error; whatever is refused, the objects stay as they were. Contents are never lost by a signal:
//! what would lose them is refused, and `qomet apply --allow-loss` is there for it.

use std::path::{Path, PathBuf};

use qomet::{Action, Model, PlanOptions};
use qomet_config::render_human;

use crate::arguments::{Lines, Run};
use crate::console::Console;
use crate::input;
use crate::outcome::Trouble;
use crate::text::count;

/// What is applied again.
pub(super) struct Reload {
    files: Vec<PathBuf>,
    lines: Lines,
    model: Model,
}

impl Reload {
    pub(super) fn new(arguments: &Run, model: &Model) -> Self {
        Reload { files: arguments.files.clone(), lines: arguments.lines.clone(), model: model.clone() }
    }

    /// Applies the documents again, and tells what it came to.
    pub(super) fn again(&self) {
        let mut console = Console::standard();
        match self.apply(&mut console) {
            Ok(done) => console.complain(&format!("applied again: {done}\n")),
            Err(Trouble(trouble)) => console.complain(&format!("error: not applied again: {trouble}\n")),
        }
    }

    fn apply(&self, console: &mut Console) -> Result<String, Trouble> {
        if self.files.iter().any(|file| file == Path::new("-")) {
            return Err(Trouble("standard input cannot be read again".to_owned()));
        }
        let documents = input::read(&self.files, &self.lines, console)?;
        let plan = documents.update(&self.model, PlanOptions { prune: true, allow_loss: false });
        let actions: Vec<Action> = plan.steps().iter().map(|step| step.action).collect();
        let (done, diagnostics) = plan.carry_out();
        let colour = console.colours_complaints();
        console.complain(&render_human(&diagnostics, documents.sources(), colour));
        done.map_err(|_| Trouble("everything stays as it is".to_owned()))?;
        let changed = actions.iter().filter(|action| **action != Action::Unchanged).count();
        Ok(format!("{} of {} changed", changed, count(actions.len(), "object")))
    }
}
