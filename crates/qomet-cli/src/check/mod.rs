//! `check`: every mistake, nothing touched but what `--fix` is allowed to mend.
//!
//! Here the texts are put together and the report is given; `fix` repairs files.

mod fix;

use qomet::{Applicability, Diagnostic, Model, TypeRegistry};
use qomet_config::{Documents, Reporter, render_github, render_human, render_json, render_sarif};

use crate::arguments::{Check, Format};
use crate::console::Console;
use crate::input::{self, Text};
use crate::outcome::{Outcome, Trouble};
use crate::text::{count, shown};

/// Runs the command.
///
/// # Errors
/// A file cannot be read, or written.
pub(crate) fn check(
    registry: TypeRegistry,
    arguments: &Check,
    console: &mut Console,
) -> Result<Outcome, Trouble> {
    if arguments.fix && arguments.yes && arguments.files.iter().any(|path| input::is_standard(path)) {
        // Standard output is for the repaired text.
        console.divert();
    }
    let mut texts = input::read_texts_of(&arguments.files, console)?;
    let mut documents = documents(arguments, &texts)?;
    if let Some(helped) = input::help(&documents, &registry, console)? {
        return Ok(helped);
    }
    let model = Model::new(registry);
    if arguments.fix && fix::fix(&model, arguments, &mut texts, console)? {
        documents = self::documents(arguments, &texts)?;
    }
    report(&model, arguments, &texts, &documents, console)
}

/// Everything that is to be checked together; the first sources are the files, in their order.
fn documents(arguments: &Check, texts: &[Text]) -> Result<Documents, Trouble> {
    let mut documents = Documents::new();
    for text in texts {
        documents.add(&text.name, text.bytes.clone());
    }
    input::add_lines(&mut documents, &arguments.lines);
    input::add_command_lines(&mut documents, &arguments.qemu);
    input::add_domains(&mut documents, &arguments.libvirt)?;
    Ok(documents)
}

fn report(
    model: &Model,
    arguments: &Check,
    texts: &[Text],
    documents: &Documents,
    console: &mut Console,
) -> Result<Outcome, Trouble> {
    let level = arguments.level.into();
    let plan = documents.plan(model, level);
    let objects = (level > qomet::Level::Syntax).then(|| plan.drafts().len());
    let mut found = plan.into_diagnostics();
    if arguments.strict {
        found = found.into_iter().map(Diagnostic::into_error).collect();
    }
    let errors = found.iter().filter(|one| one.is_error()).count();
    match arguments.format {
        Format::Json => {
            let mut report = render_json(&found, documents.sources());
            if let (Some(report), false) = (report.as_object_mut(), documents.left_alone().is_empty()) {
                report.insert("left_alone".to_owned(), documents.left_alone().into());
            }
            console.print(&format!("{report:#}\n"));
        }
        Format::Sarif => {
            let explain = |code: &str| qomet_qmp::explain(model.registry(), code).ok().map(str::to_owned);
            let reporter = Reporter { name: "qomet", version: env!("CARGO_PKG_VERSION"), explain: &explain };
            console.print(&format!("{:#}\n", render_sarif(&found, documents.sources(), reporter)));
        }
        Format::Github => console.print(&render_github(&found, documents.sources())),
        Format::Human => {
            let colour = console.colours_complaints();
            let drawn = render_human(&found, documents.sources(), colour);
            // The line that sums up is not part of the last one.
            console.complain(&if drawn.is_empty() { drawn } else { drawn + "\n" });
            let others = documents.left_alone();
            if !others.is_empty() {
                let others: Vec<String> = others.iter().map(|other| shown(other)).collect();
                console.print(&format!("left alone: {}\n", others.join(" ")));
            }
            console.print(&summary(arguments, texts, objects.filter(|_| errors == 0), &found));
        }
    }
    Ok(if errors == 0 { Outcome::Fine } else { Outcome::Rejected })
}

/// One line: of how many objects in how many texts, how many mistakes, and whether `--fix` helps.
fn summary(arguments: &Check, texts: &[Text], objects: Option<usize>, found: &[Diagnostic]) -> String {
    let errors = found.iter().filter(|one| one.is_error()).count();
    let mistakes = match (errors, found.len() - errors) {
        (0, 0) => "no mistakes".to_owned(),
        (errors, 0) => count(errors, "error"),
        (0, warnings) => count(warnings, "warning"),
        (errors, warnings) => format!("{}, {}", count(errors, "error"), count(warnings, "warning")),
    };
    let is_file = |source: u32| {
        let text = usize::try_from(source).ok().and_then(|source| texts.get(source));
        text.is_some_and(Text::is_mendable)
    };
    let certain = |one: &&Diagnostic| {
        one.repair().is_some_and(|repair| {
            repair.applicability == Applicability::Certain
                && repair.edits.iter().all(|edit| is_file(edit.place.source))
        })
    };
    let fixable = match found.iter().filter(certain).count() {
        0 => String::new(),
        1 if found.len() == 1 => "; --fix repairs it".to_owned(),
        all if all == found.len() => "; --fix repairs all of them".to_owned(),
        some => format!("; --fix repairs {some} of them"),
    };
    let Some(objects) = objects else { return format!("{mistakes}{fixable}\n") };
    let of = |number: usize, what| (number > 0).then(|| count(number, what));
    let texts = [
        of(arguments.files.len(), "file"),
        of(arguments.lines.objects.len(), "line"),
        of(arguments.qemu.len(), "command line"),
        of(arguments.libvirt.len(), "domain"),
    ];
    let texts: Vec<String> = texts.into_iter().flatten().collect();
    format!("{} in {}, {mistakes}{fixable}\n", count(objects, "object"), texts.join(" and "))
}
