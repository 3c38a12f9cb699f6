//! `run`: create everything or nothing, show it, hold it.
//!
//! Signals are taken over before the first object is made: one that comes while memory is being populated cancels
//! the creation, and what was done is undone; one that comes later ends the holding, and SIGHUP has the documents
//! applied again (`reload`).

mod monitor;
mod reload;
mod serve;
mod tree;

use std::sync::Arc;

use qomet::{Level, Model, Progress, TypeRegistry};
use qomet_config::render_human;

use crate::arguments::Run;
use crate::console::Console;
use crate::host::Stop;
use crate::inherit;
use crate::input;
use crate::log;
use crate::map;
use crate::outcome::{Outcome, Trouble};
use crate::progress::{Look, Shown};
use crate::text::count;
use reload::Reload;

/// Runs the command.
///
/// # Errors
/// A file cannot be read, or signals cannot be waited for.
pub(crate) fn run(
    registry: TypeRegistry,
    arguments: &Run,
    console: &mut Console,
) -> Result<Outcome, Trouble> {
    log::start(arguments.log_level.as_ref())?;
    if serve::takes_stdio(arguments)? {
        console.divert();
    }
    let documents = input::read(&arguments.files, &arguments.lines, console)?;
    if let Some(helped) = input::help(&documents, &registry, console)? {
        return Ok(helped);
    }
    let mut stop = Stop::install()?;
    // A socket that cannot be had is told before anything is created; nobody is served yet.
    let listeners = serve::bind(arguments)?;
    let model = Model::new(registry);
    inherit::take(&arguments.add_fd, &model)?;
    let mut plan = documents.plan(&model, Level::Graph);
    let progress = Arc::new(Progress::new());
    plan.report_to(Arc::clone(&progress));
    stop.raises(&plan.cancel_flag())?;
    let shown = Shown::of(Look::of(console, arguments.json), &progress);
    let (created, diagnostics) = plan.carry_out();
    drop(shown);
    let colour = console.colours_complaints();
    console.complain(&render_human(&diagnostics, documents.sources(), colour));
    let Ok(objects) = created else {
        return Ok(Outcome::of_failed_creation(&diagnostics));
    };
    let (width, paint) = (console.width(), console.paint());
    console.print(&tree::render(&model, model.objects(), width, paint));
    console.print(&map::render_tables(&map::of_objects(&objects), paint));
    let (held, process) = (count(objects.len(), "object"), std::process::id());
    if !listeners.is_empty() {
        console.print(&format!(
            "\nprocess {process} holds {held} and serves clients at {} until SIGINT, SIGTERM or quit\n",
            serve::places(&listeners)
        ));
        drop(objects);
        let reload = Reload::new(arguments, &model);
        serve::serve(listeners, arguments, model, stop, reload)?;
        return Ok(Outcome::Fine);
    }
    if !arguments.once {
        console.print(&format!("\nprocess {process} holds {held} until SIGINT or SIGTERM\n"));
        serve::ready();
        // Those that SIGHUP replaces must not live on here.
        drop(objects);
        let reload = Reload::new(arguments, &model);
        stop.wait(|| reload.again());
        serve::stopping();
    }
    // Everything is released here and not wherever a clone lives on.
    drop(model);
    Ok(Outcome::Fine)
}
