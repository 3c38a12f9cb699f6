//! `check --fix`: the certain repairs, in the files.
//!
//! What a repair is and whether it is certain comes with the diagnostics (`qomet-config`). Only the bytes that a repair
//! names change. Repairs can uncover others: a document whose syntax is mended is read further. So repairs are made on the
//! texts in memory until none is left, then everything is shown as one difference, and written once.
//!
//! Regular files are repaired where they are. Standard input, once it is allowed (`--yes`: nobody can be asked, because it is
//! the document), is repaired on its way to standard output, also if nothing is wrong with it. Pipes, lines and domains are
//! not repaired, nor is what is not UTF-8 or has changed since it was read.

use qomet::{Applicability, Edit, Model};
use similar::{ChangeTag, TextDiff};

use super::documents;
use crate::arguments::Check;
use crate::console::{Console, Paint};
use crate::host;
use crate::input::Text;
use crate::outcome::Trouble;
use crate::text::count;

/// After so many rounds repairs are taken to uncover each other without end.
const ROUNDS: usize = 16;

/// Unchanged lines that are shown around changed ones.
const CONTEXT: usize = 2;

/// Repairs what can be repaired, if somebody agrees; `texts` are then as they should be. Returns whether something was
/// written.
///
/// # Errors
/// A file has changed meanwhile, or cannot be written.
pub(super) fn fix(
    model: &Model,
    arguments: &Check,
    texts: &mut [Text],
    console: &mut Console,
) -> Result<bool, Trouble> {
    let before = texts.to_vec();
    let shown_before = shown(model, arguments, texts)?;
    let mut repaired = texts.to_vec();
    let mut made = 0;
    for _ in 0..ROUNDS {
        let edits = edits(model, arguments, &repaired)?;
        if edits.is_empty() {
            break;
        }
        made += edits.len();
        apply(&mut repaired, edits);
    }
    let shown_after = shown(model, arguments, &repaired)?;
    let changed: Vec<usize> = (0..texts.len())
        .filter(|index| {
            before.get(*index).map(|text| &text.bytes) != repaired.get(*index).map(|text| &text.bytes)
        })
        .collect();
    if changed.is_empty() {
        console.complain("nothing to repair\n");
        write_input(arguments, texts, console);
        return Ok(false);
    }
    let paint = console.paint_complaints();
    for index in &changed {
        if let (Some(text), Some(old), Some(new)) =
            (before.get(*index), shown_before.get(*index), shown_after.get(*index))
        {
            console.complain(&difference(&text.name, old, new, paint));
        }
    }
    if !arguments.yes && texts.iter().any(|text| text.is_input) {
        console.complain("nothing was written: with --yes the repaired text goes to standard output\n");
        return Ok(false);
    }
    if !arguments.yes && !console.confirm(&format!("make {}?", count(made, "repair"))) {
        console.complain("nothing was written\n");
        return Ok(false);
    }
    for index in changed {
        if let (Some(old), Some(new)) = (before.get(index), repaired.get(index))
            && let Some(path) = &old.path
        {
            host::replace_file(path, &old.bytes, &new.bytes)?;
        }
    }
    texts.clone_from_slice(&repaired);
    write_input(arguments, texts, console);
    Ok(true)
}

/// Passes on what came from standard input.
fn write_input(arguments: &Check, texts: &[Text], console: &mut Console) {
    if let Some(text) = texts.iter().find(|text| text.is_input && arguments.yes) {
        console.pass_on(&text.bytes);
    }
}

/// The texts as they may be shown.
fn shown(model: &Model, arguments: &Check, texts: &[Text]) -> Result<Vec<String>, Trouble> {
    let documents = documents(arguments, texts)?;
    documents.plan(model, qomet::Level::Schema).hide_sensitive();
    Ok(documents.sources().iter().take(texts.len()).map(|source| source.shown_text().into_owned()).collect())
}

/// The certain repairs of files that none of the others overlaps, in the order of their places.
fn edits(model: &Model, arguments: &Check, texts: &[Text]) -> Result<Vec<Edit>, Trouble> {
    let documents = documents(arguments, texts)?;
    let found = documents.plan(model, arguments.level.into()).into_diagnostics();
    let is_ours = |edit: &Edit| {
        let text = usize::try_from(edit.place.source).ok().and_then(|source| texts.get(source));
        text.is_some_and(Text::is_mendable)
    };
    let certain = found
        .iter()
        .filter_map(|one| one.repair())
        .filter(|repair| repair.applicability == Applicability::Certain && repair.edits.iter().all(is_ours));
    let mut edits: Vec<Edit> = Vec::new();
    for repair in certain {
        let overlaps = |edit: &Edit| {
            edits.iter().any(|other| {
                let (one, other) = (edit.place, other.place);
                one == other || (one.source == other.source && one.start < other.end && other.start < one.end)
            })
        };
        if !repair.edits.iter().any(overlaps) {
            edits.extend(repair.edits.iter().cloned());
        }
    }
    edits.sort_by_key(|edit| edit.place);
    Ok(edits)
}

/// Makes changes, the last one first, so that the places of the others stay.
fn apply(texts: &mut [Text], edits: Vec<Edit>) {
    for edit in edits.into_iter().rev() {
        let index = |at: u32| usize::try_from(at).unwrap_or(usize::MAX);
        let Some(text) = texts.get_mut(index(edit.place.source)) else { continue };
        let place = index(edit.place.start)..index(edit.place.end);
        if text.bytes.get(place.clone()).is_some() {
            text.bytes.splice(place, edit.text.into_bytes());
        }
    }
}

/// What changes, as `diff -u` writes it.
fn difference(name: &str, old: &str, new: &str, paint: Paint) -> String {
    let mut out =
        format!("{}\n{}\n", paint.heading(&format!("--- {name}")), paint.heading(&format!("+++ {name}")));
    let diff = TextDiff::from_lines(old, new);
    for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
        out.push_str(&paint.faint(&hunk.header().to_string()));
        out.push('\n');
        for change in hunk.iter_changes() {
            let line = crate::text::shown(change.value().trim_end_matches(['\n', '\r']));
            out.push_str(&match change.tag() {
                ChangeTag::Equal => format!(" {line}"),
                ChangeTag::Delete => paint.removed(&format!("-{line}")),
                ChangeTag::Insert => paint.added(&format!("+{line}")),
            });
            out.push('\n');
        }
    }
    out
}
